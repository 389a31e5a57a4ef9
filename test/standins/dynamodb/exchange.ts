/** A call of DynamoDB. `{table}` in it is the test's table, `{row}` a partition of the row's own. */
export interface Ask {
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What the answer must be. */
export interface Expected {
  /** The error's name without its namespace; undefined for success. */
  readonly code?: string;
  /** Fields of the answer, each whole; undefined stands for one that must not be there. */
  readonly answer?: Readonly<Record<string, unknown>>;
}

/** A look at what a call left. */
export interface Look {
  readonly ask: Ask;
  readonly expect: Expected;
}

/** One row: what has to go well before, the call, its answer, and looks at what it left. */
export interface Exchange {
  readonly name: string;
  readonly given?: readonly Ask[];
  readonly ask: Ask;
  readonly expect: Expected;
  readonly after?: readonly Look[];
  /** Where servers that are known to answer otherwise do so, and in what. */
  readonly differs?: readonly Difference[];
}

/** How a server other than Amazon's answers a row; its looks are the row's where none are named. */
export interface Difference {
  readonly at: KnownServer;
  readonly expect: Expected;
  readonly after?: readonly Look[];
}

/** A server other than Amazon's that the table is run against. */
export type KnownServer = 'dynalite' | 'moto';

/** A table somewhere, and the server that it is on where that is known to differ from Amazon's. */
export interface TableAddress {
  readonly endpoint: string;
  readonly tableName: string;
  readonly kind: KnownServer | undefined;
}
