import type { Sender } from '../clients/client-address.ts';
import type { Method, MirroredRepository } from '../mirror/mirror.ts';
import type { AnswerNote } from '../observe/request-line.ts';
import type { Repository } from '../oci/repository.ts';
import type { UpstreamPolicy } from '../sources/upstream-policy.ts';
import type { RegistryForm } from './route.ts';

/** A request in the form that every platform can give. */
export interface RegistryRequest extends Sender {
  readonly method: string;
  /** Path and query as sent, still percent-encoded: `/v2/library/alpine/manifests/3?ns=docker.io`. */
  readonly target: string;
}

/** The registry's response, which the platform turns into its own kind of response. */
export interface Answer {
  readonly status: number;
  /** By lower-case name. Includes Content-Length whenever the length is known. */
  readonly headers: Record<string, string>;
  /**
   * For HEAD, the body that GET would have had if it is in memory: the platform drops it. A stream
   * must be read or cancelled.
   */
  readonly body: Uint8Array<ArrayBuffer> | string | ReadableStream<Uint8Array> | undefined;
  readonly note: AnswerNote;
}

const encoder = new TextEncoder();

/** A 200 with a JSON body; `headers` override the Content-Type. */
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

/** A GET or HEAD request with its target parsed. */
export interface ReadRequest {
  readonly raw: RegistryRequest;
  readonly method: Method;
  /** As sent, still percent-encoded. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** The `ns` of the query as the client wrote it; undefined when absent or empty. */
  readonly ns: string | undefined;
  readonly form: AnswerNote['form'];
}

/** A request for a repository that clients may pull from. */
export interface RepositoryRequest extends ReadRequest {
  readonly repository: Repository;
  readonly policy: UpstreamPolicy;
  readonly mirrored: MirroredRepository;
  readonly registryForm: RegistryForm;
  /** The repository's name as the client wrote it. */
  readonly name: string;
}
