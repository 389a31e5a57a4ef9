import type { LimitName, Verdict } from '../clients/client-limits.ts';
import type { Client } from '../clients/clients.ts';
import { BoundedCache } from '../concurrency/bounded-cache.ts';
import { monthLimitText, pullLimitText, sizeLimitText } from '../observe/wording.ts';
import { repositoryKey } from '../oci/repository.ts';
import type { Answer, RepositoryRequest } from './answer.ts';
import { errorAnswer, subjectOf } from './error-answer.ts';
import { refusalOfLimit, type Wanted } from './status-policy.ts';

/** Why a request is refused because of a limit. */
export interface Reason {
  readonly limit: LimitName;
  readonly text: string;
  /** In seconds; undefined if waiting does not help. */
  readonly reset: number | undefined;
}

/** The limit of the minute is reached. */
export function tooManyPulls({ limit, reset }: Verdict): Reason {
  return { limit: 'pullsPerMinute', text: pullLimitText(limit), reset };
}

/** The limit of the month is reached. */
export function tooManyBytes({ limit, reset }: Verdict): Reason {
  return { limit: 'bytesPerMonth', text: monthLimitText(limit), reset };
}

/** A blob of `size` bytes is larger than `most`. */
export function tooLarge(size: number, most: number): Reason {
  return { limit: 'largestBlob', text: sizeLimitText(size, most), reset: undefined };
}

/** How long it is remembered what a client got in a pull, in ms. */
const pullLife = 60_000;

/** How many pulls are remembered. */
const mostRemembered = 10_000;

/** Refuses manifests, also to clients that cannot leave for the registry within a pull. */
export class PullRefusals {
  /** By client and repository: an index was served to a client that cannot leave after it. */
  readonly #indexes: BoundedCache<true>;
  /** By client and repository: a manifest of that index was refused, so the pull begins again. */
  readonly #leaving: BoundedCache<Reason>;

  /** `now` in ms since 1970. */
  constructor(now: () => number) {
    this.#indexes = new BoundedCache(mostRemembered, now);
    this.#leaving = new BoundedCache(mostRemembered, now);
  }

  /** An index was served, after which the client cannot leave. */
  servedIndex(client: Client, request: RepositoryRequest): void {
    this.#indexes.set(pullOf(client, request), true, pullLife);
  }

  /** Why a pull must not begin here: its repetition would end in the same refusal. */
  reasonToLeave(client: Client, request: RepositoryRequest): Reason | undefined {
    return this.#leaving.isEmpty ? undefined : this.#leaving.get(pullOf(client, request));
  }

  refuse(client: Client, request: RepositoryRequest, text: string, reason: Reason): Answer {
    const pull = pullOf(client, request);
    const hasIndex =
      isLastEndpoint(request) && text.includes(':') && this.#indexes.get(pull) !== undefined;
    if (hasIndex) this.#leaving.set(pull, reason, pullLife);
    return refuse(request, 'manifest', text, reason, hasIndex);
  }
}

/** True for a client that does not ask another endpoint after the first manifest. */
export function isLastEndpoint({ registryForm }: RepositoryRequest): boolean {
  return registryForm === 'after-v2';
}

function pullOf({ key }: Client, { repository }: RepositoryRequest): string {
  return `${key} ${repositoryKey(repository)}`;
}

/** The answer to a request that a limit refuses. `hasIndex`: the client has an index that names the manifest. */
export function refuse(
  request: RepositoryRequest,
  wanted: Wanted,
  text: string,
  { text: message, reset }: Reason,
  hasIndex = false,
): Answer {
  const circumstances = { wanted, form: request.registryForm };
  const refusal = refusalOfLimit(circumstances, message, reset, hasIndex);
  const headers = reset === undefined ? {} : { 'ratelimit-reset': String(reset) };
  return errorAnswer(request, refusal, subjectOf(request, wanted, text), headers);
}
