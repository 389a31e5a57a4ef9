import type { Method } from '../mirror/mirror.ts';
import type { Repository } from '../oci/repository.ts';
import type { UpstreamPolicy } from '../sources/policy.ts';
import type { AnswerNote, RegistryRequest } from './answer.ts';

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
  /** Counts the requests to upstreams that this one causes. */
  readonly calls: { upstreamCalls: number };
}

/** A request about a repository that may be pulled. */
export interface AskedRepository extends Asked {
  readonly repository: Repository;
  readonly policy: UpstreamPolicy;
  /** The repository's name as the client asked it. */
  readonly name: string;
}
