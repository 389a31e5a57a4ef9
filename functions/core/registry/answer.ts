import type { Method, MirroredRepository } from '../mirror/mirror.ts';
import type { AnswerNote } from '../observe/request-line.ts';
import type { Repository } from '../oci/repository.ts';
import type { UpstreamPolicy } from '../sources/source.ts';

/** A request as every platform can state it. */
export interface RegistryRequest {
  readonly method: string;
  /** Path and query as sent, percent-encoding kept: `/v2/library/alpine/manifests/3?ns=docker.io`. */
  readonly target: string;
  /** A header's value by its lower-case name; several lines joined by a comma. */
  header(name: string): string | undefined;
}

/** What leaves the registry; a platform turns it into its own kind of response. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. Content-Length is always here when the length is known. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * An answer to HEAD keeps the body it would have had for GET, where there is one in memory: the
   * platform drops it. A stream must be read or cancelled.
   */
  readonly body: Uint8Array<ArrayBuffer> | string | ReadableStream<Uint8Array> | undefined;
  readonly note: AnswerNote;
}

const encoder = new TextEncoder();

/** A 200 whose body is JSON text; the headers given here win over the usual Content-Type. */
export function jsonAnswer(
  json: string,
  headers: Readonly<Record<string, string>>,
  note: AnswerNote,
): Answer {
  const body = encoder.encode(json);
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'content-length': String(body.byteLength),
      ...headers,
    },
    body,
    note,
  };
}

/** A request as far as every answer to it needs to know it. */
export interface Asked {
  readonly request: RegistryRequest;
  readonly method: Method;
  /** As the client wrote it, percent-encoding kept. */
  readonly path: string;
  /** As the client wrote it, without the question mark. */
  readonly query: string;
  /** The `ns` of the query as the client wrote it; undefined when absent or empty. */
  readonly ns: string | undefined;
  readonly form: AnswerNote['form'];
}

/** A request about a repository that may be pulled. */
export interface AskedRepository extends Asked {
  readonly repository: Repository;
  readonly policy: UpstreamPolicy;
  /** The repository at the mirror, for this request. */
  readonly mirrored: MirroredRepository;
  /** The repository's name as the client asked it. */
  readonly name: string;
}
