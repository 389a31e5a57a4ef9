/** Mistakes in a configuration file, each on a line of the message. */
export class ConfigurationMistakes extends Error {}

/** What is said to people of one client. */
export interface ClientText {
  readonly client: string;
  readonly file: string;
  readonly lines: readonly string[];
}

/** The part of the configuration that the program which runs the Worker uses. */
export interface ReadConfiguration {
  readonly upstreams: ReadonlyMap<
    string,
    { readonly credentials: { readonly password: { readonly env?: string } } | undefined }
  >;
}

/**
 * Checks a configuration file and writes it as the module that the Worker imports. Throws
 * ConfigurationMistakes, or the error of the file.
 */
export function edgeConfiguration(file: string): Promise<{
  /** The module. */
  readonly text: string;
  readonly config: ReadConfiguration;
  readonly version: string;
  clientLines(
    address: { readonly scheme: string; readonly authority: string; readonly loopback: boolean },
    config: ReadConfiguration,
  ): readonly ClientText[];
}>;
