import {
  type Allowance,
  allowanceOf,
  type LimitsByNetwork,
  monthVerdict,
  pullVerdict,
  sizeVerdict,
  type Verdict,
} from '../clients/client-limits.ts';
import type { Client, Clients } from '../clients/clients.ts';
import type { MonthUsage } from '../clients/month-usage.ts';
import type { PullCounts } from '../clients/pull-counts.ts';
import { BoundedCache } from '../concurrency/bounded-cache.ts';
import { monthLimitText, pullLimitText, sizeLimitText } from '../observe/wording.ts';
import { parseDigest } from '../oci/digest.ts';
import { isIndexType } from '../oci/media-type.ts';
import { repositoryKey } from '../oci/repository.ts';
import type { Answer, RepositoryRequest } from './answer.ts';
import { type AnswerHeaders, warning } from './answer-headers.ts';
import { type BlobSizes, ManifestSizes, noBlobs } from './blob-sizes.ts';
import { answerBlob, blobAnswer } from './blobs.ts';
import { errorAnswer, subjectOf } from './error-answer.ts';
import { answerManifest } from './manifests.ts';
import { refusalOfLimit, type Wanted } from './status-policy.ts';

/** The client of a platform that does not know its address. */
const unknownClient: Client = { key: 'unknown', networks: [] };

/** How long what a client was told in a pull is remembered, in ms. */
const pullLife = 60_000;

/** Why a request is refused. */
interface Reason {
  readonly text: string;
  /** In seconds; undefined if waiting does not help. */
  readonly reset: number | undefined;
}

/** How many pulls are remembered. */
const mostRemembered = 10_000;

interface ClientConsumptionOptions {
  readonly clients: Clients;
  readonly limits: LimitsByNetwork;
  /** How long a URL of the bucket is valid, in ms. */
  readonly bucketUrlLife: number;
  readonly pulls: PullCounts;
  readonly usage: MonthUsage;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** What clients may consume, applied to their requests: functions/README.md, section 5a. */
export class ClientConsumption {
  readonly #options: ClientConsumptionOptions;
  readonly #allowances = new WeakMap<Client, Allowance>();
  /** By client and repository: an index was served to a client that cannot leave after it. */
  readonly #indexes: BoundedCache<true>;
  /** By client and repository: a manifest of that index was refused, so the pull begins again. */
  readonly #leaving: BoundedCache<Reason>;
  readonly #sizes: ManifestSizes;

  constructor(options: ClientConsumptionOptions) {
    this.#options = options;
    this.#indexes = new BoundedCache(mostRemembered, options.now);
    this.#leaving = new BoundedCache(mostRemembered, options.now);
    this.#sizes = new ManifestSizes(options.now);
  }

  /** GET and HEAD of a manifest, of which only GET counts as a pull. */
  async answerManifest(request: RepositoryRequest, text: string): Promise<Answer> {
    const { pulls, now } = this.#options;
    const { client, allowance } = this.#clientOf(request);
    const mustFollow = isLastEndpoint(request) && text.includes(':');
    const time = now();
    const used = pulls.used(client.key, time);
    const pull = pullVerdict({ used, now: time }, allowance, mustFollow);
    const isPull = request.method === 'GET';
    if (!isPull) return this.#describe(await answerManifest(request, text), pull, allowance, false);
    const refusing = (reason: Reason) => this.#refuseManifest(request, text, client, reason);
    if (pull.kind === 'refused') {
      return refusing({ text: pullLimitText(pull.limit), reset: pull.reset });
    }
    const taking = this.#takeBytes(client, allowance, 0, mustFollow);
    const month = taking instanceof Promise ? await taking : taking;
    if (month?.kind === 'refused') {
      return refusing({ text: monthLimitText(month.limit), reset: month.reset });
    }
    const isStaying = mustFollow || this.#leaving.isEmpty;
    const left = isStaying ? undefined : this.#leaving.get(pullOf(client, request));
    if (left !== undefined) return refusing(left);
    pulls.add(client.key, time);
    const answer = await answerManifest(request, text);
    if (isLastEndpoint(request) && answer.status === 200) {
      const reason = this.#lacksFor(this.#sizesOf(client, request, answer), client, allowance);
      if (reason !== undefined) return refusing(reason);
    }
    if (month?.kind === 'warned') warn(answer, monthLimitText(month.limit));
    return this.#describe(answer, pull, allowance, true);
  }

  /** GET and HEAD of a blob. HEAD is not limited. */
  async answerBlob(request: RepositoryRequest, text: string): Promise<Answer> {
    const { client, allowance } = this.#clientOf(request);
    const { urlLife, largestBlob } = allowance;
    const digest = parseDigest(text);
    if (request.method === 'HEAD' || digest === undefined) return answerBlob(request, text);
    const mustFollow = isLastEndpoint(request);
    const { usage, now } = this.#options;
    const known = { used: usage.known(client.key), now: now() };
    const before = monthVerdict(known, allowance, mustFollow);
    if (before.kind === 'refused') {
      return refuse(request, 'blob', text, {
        text: monthLimitText(before.limit),
        reset: before.reset,
      });
    }
    let size: number | undefined;
    if (largestBlob !== Number.POSITIVE_INFINITY) {
      const outcome = await request.mirrored.locateBlob(digest, 'HEAD', { kind: 'whole' });
      if (outcome.kind !== 'known') return blobAnswer(request, digest, outcome, 200);
      ({ size } = outcome);
    }
    const large = sizeVerdict(size, allowance);
    if (large === 'refused') {
      return refuse(request, 'blob', text, {
        text: sizeLimitText(size ?? 0, largestBlob),
        reset: undefined,
      });
    }
    const answer = await answerBlob(request, text, urlLife);
    const taking = this.#takeBytes(client, allowance, bytesOf(answer), mustFollow);
    const month = taking instanceof Promise ? await taking : taking;
    if (month?.kind === 'refused') {
      // If closing it fails, the client need not know.
      if (answer.body instanceof ReadableStream) answer.body.cancel().catch(() => undefined);
      return refuse(request, 'blob', text, {
        text: monthLimitText(month.limit),
        reset: month.reset,
      });
    }
    if (large === 'warned') warn(answer, sizeLimitText(size ?? 0, largestBlob));
    if (month?.kind === 'warned') warn(answer, monthLimitText(month.limit));
    return answer;
  }

  #clientOf({ raw }: RepositoryRequest): { client: Client; allowance: Allowance } {
    const { clients, limits, bucketUrlLife } = this.#options;
    const client = clients.of(raw) ?? unknownClient;
    const known = this.#allowances.get(client);
    if (known !== undefined) return { client, allowance: known };
    const allowance = allowanceOf(client.networks, limits, bucketUrlLife);
    this.#allowances.set(client, allowance);
    return { client, allowance };
  }

  /** undefined without a limit of the month. Only a client that may be refused waits for the ledger. */
  #takeBytes(
    { key }: Client,
    allowance: Allowance,
    bytes: number,
    mustFollow: boolean,
  ): Promise<Verdict> | Verdict | undefined {
    const { bytesPerMonth, isHard } = allowance;
    if (bytesPerMonth === Number.POSITIVE_INFINITY) return undefined;
    const { usage, now } = this.#options;
    const decide = (used: number) => monthVerdict({ used, now: now() }, allowance, mustFollow);
    if (isHard) return usage.take(key, bytesPerMonth, bytes, decide);
    const verdict = decide(usage.known(key));
    usage.add(key, bytes);
    return verdict;
  }

  /** Why a client that cannot leave after a manifest would not get all of its blobs; undefined if it would. */
  #lacksFor(
    { largest, sum }: BlobSizes,
    { key }: Client,
    allowance: Allowance,
  ): Reason | undefined {
    if (sizeVerdict(largest, allowance) === 'refused') {
      return { text: sizeLimitText(largest, allowance.largestBlob), reset: undefined };
    }
    if (allowance.bytesPerMonth === Number.POSITIVE_INFINITY) return undefined;
    const { usage, now } = this.#options;
    const afterwards = { used: usage.known(key) + sum, now: now() };
    const { kind, limit, reset } = monthVerdict(afterwards, allowance, true);
    return kind === 'refused' ? { text: monthLimitText(limit), reset } : undefined;
  }

  #sizesOf(client: Client, request: RepositoryRequest, answer: Answer): BlobSizes {
    if (!isIndexType(answer.headers['content-type'] ?? '')) return this.#sizes.of(answer);
    this.#indexes.set(pullOf(client, request), true, pullLife);
    return noBlobs;
  }

  #refuseManifest(
    request: RepositoryRequest,
    text: string,
    client: Client,
    reason: Reason,
  ): Answer {
    const pull = pullOf(client, request);
    const hasIndex =
      isLastEndpoint(request) && text.includes(':') && this.#indexes.get(pull) !== undefined;
    if (hasIndex) this.#leaving.set(pull, reason, pullLife);
    return refuse(request, 'manifest', text, reason, hasIndex);
  }

  /** Adds the headers that Docker Hub's clients know, and a Warning beyond the limit. */
  #describe(answer: Answer, pull: Verdict, allowance: Allowance, isCounted: boolean): Answer {
    if (allowance.pullsPerMinute === Number.POSITIVE_INFINITY) return answer;
    const headers: AnswerHeaders = answer.headers;
    const remaining = isCounted ? Math.max(0, pull.remaining - 1) : pull.remaining;
    headers['ratelimit-limit'] = `${pull.limit};w=60`;
    headers['ratelimit-remaining'] = `${remaining};w=60`;
    headers['ratelimit-reset'] = String(pull.reset);
    if (isCounted && pull.kind === 'warned') warn(answer, pullLimitText(pull.limit));
    return answer;
  }
}

/** True for a client that does not ask another endpoint after the first manifest. */
function isLastEndpoint({ registryForm }: RepositoryRequest): boolean {
  return registryForm === 'after-v2';
}

function pullOf({ key }: Client, { repository }: RepositoryRequest): string {
  return `${key} ${repositoryKey(repository)}`;
}

/** What an answer lets a client have: the blob behind a URL of the bucket, or the body. */
function bytesOf({ status, headers, note }: Answer): number {
  if (status === 307) return note.redirected ?? 0;
  return status === 200 || status === 206 ? Number(headers['content-length'] ?? 0) : 0;
}

function warn(answer: Answer, text: string): void {
  const headers: AnswerHeaders = answer.headers;
  const one = warning(text);
  headers.warning = headers.warning === undefined ? one : `${headers.warning}, ${one}`;
}

function refuse(
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
