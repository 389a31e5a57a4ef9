/** A form of the mirror that runs, whatever it runs on. */
export interface Mirror {
  readonly url: string;
  /** All that it printed. */
  readonly output: string;
  get(path: string, init?: RequestInit): Promise<Response>;
  /** Ends it and removes what it stored. */
  close(): Promise<void>;
}

/** A mirror that can be ended and started again over what it stored. */
export interface RestartableMirror extends Mirror {
  /** Starts it again, on another port. */
  start(): Promise<void>;
  /** The exit code, or undefined after a kill. */
  end(signal: NodeJS.Signals): Promise<number | undefined>;
}

/** Starts a form of the mirror with a configuration file, variables and secrets. */
export type StartMirror<Started extends Mirror = Mirror> = (
  configuration: object,
  variables?: Readonly<Record<string, string>>,
) => Promise<Started>;
