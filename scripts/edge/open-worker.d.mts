/** Runs the built bundle on workerd, with its bindings by miniflare. */
export function openWorker(options: {
  readonly configuration: string;
  readonly data: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly print: (text: string) => void;
}): Promise<{
  readonly url: string;
  /** The database, past the Worker. */
  readonly index: {
    prepare(sql: string): { first(): Promise<Readonly<Record<string, unknown>> | null> };
  };
  close(): Promise<void>;
}>;
