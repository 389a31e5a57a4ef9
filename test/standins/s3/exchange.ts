import type { SignedAs } from './signed-request.ts';

/** A request of the table. `{upload}` and `{etag1}` stand for what `given` brought. */
export interface Ask {
  readonly method: string;
  /** Under a prefix of the row's own; `''` is the bucket. Default `object`. */
  readonly key?: string;
  /** Default: the one of the test. */
  readonly bucket?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Default: rightly, in the headers. */
  readonly as?: SignedAs;
  /** What is changed after signing. */
  readonly altered?: {
    readonly query?: (query: string) => string;
    readonly path?: (path: string) => string;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

/** What the answer must be; what is not named may be anything. */
export interface Expected {
  readonly status: number;
  /** The code of the error's XML. */
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string | RegExp | undefined>>;
  readonly body?: string | Buffer | RegExp;
}

/** One row: what has to go well before, the request, its answer, and looks at what it left. */
export interface Exchange {
  readonly name: string;
  readonly given?: readonly Ask[];
  readonly ask: Ask;
  readonly expect: Expected;
  readonly after?: readonly { readonly ask: Ask; readonly expect: Expected }[];
  /** Where a server that is known to answer otherwise does so, and in what. */
  readonly differs?: {
    readonly at: KnownServer;
    readonly expect: Expected;
    readonly after?: Exchange['after'];
  };
}

/** A server other than Amazon's that the table is run against. */
export type KnownServer = 'versitygw';
