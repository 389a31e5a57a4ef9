import {
  type Allowance,
  allowanceOf,
  type LimitsByNetwork,
  monthVerdict,
  pullVerdict,
  sizeVerdict,
  tierOf,
  type Verdict,
} from '../clients/client-limits.ts';
import type { Client, Clients } from '../clients/clients.ts';
import type { LimitReports } from '../clients/limit-reports.ts';
import type { MonthUsage } from '../clients/month-usage.ts';
import type { PullCount, PullCounts } from '../clients/pull-counts.ts';
import { parseDigest } from '../oci/digest.ts';
import { isIndexType } from '../oci/media-type.ts';
import type { Answer, RepositoryRequest } from './answer.ts';
import { addWarning } from './answer-headers.ts';
import { type BlobSizes, bytesOf, ManifestSizes, noBlobs } from './blob-sizes.ts';
import { answerBlob, blobAnswer } from './blobs.ts';
import { answerManifest } from './manifests.ts';
import {
  isLastEndpoint,
  PullRefusals,
  type Reason,
  refuse,
  tooLarge,
  tooManyBytes,
  tooManyPulls,
} from './pull-refusal.ts';
import { RateLimitHeaders } from './rate-limit-headers.ts';

/** The client of a platform that does not know its address. */
const unknownClient: Client = { key: 'unknown', networks: [] };

interface ClientConsumptionOptions {
  readonly clients: Clients;
  readonly limits: LimitsByNetwork;
  /** How long a URL of the bucket is valid, in ms. */
  readonly bucketUrlLife: number;
  readonly pulls: PullCounts;
  readonly usage: MonthUsage;
  readonly reports: LimitReports;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** A client and what it may have. */
interface Consumer {
  readonly client: Client;
  readonly allowance: Allowance;
}

/** A request for a manifest, and what its client may have. */
interface Asked extends Consumer {
  readonly request: RepositoryRequest;
  readonly text: string;
  readonly count: PullCount;
  readonly mustFollow: boolean;
  /** In ms since 1970. */
  readonly time: number;
  readonly pull: Verdict;
}

/** What clients may consume, applied to their requests: functions/README.md, section 5a. */
export class ClientConsumption {
  readonly #options: ClientConsumptionOptions;
  readonly #consumers = new WeakMap<Client, Consumer>();
  readonly #refusals: PullRefusals;
  readonly #sizes: ManifestSizes;
  readonly #rateLimit = new RateLimitHeaders();

  constructor(options: ClientConsumptionOptions) {
    this.#options = options;
    this.#refusals = new PullRefusals(options.now);
    this.#sizes = new ManifestSizes(options.now);
  }

  /**
   * GET and HEAD of a manifest, of which only GET counts as a pull. Waits for no promise that it does not
   * need: each takes a part of a warm answer's time that can be measured.
   */
  answerManifest(request: RepositoryRequest, text: string): Promise<Answer> | Answer {
    const asked = this.#ask(request, text);
    const { client, allowance, mustFollow, time, pull } = asked;
    if (request.method === 'HEAD') {
      return answerManifest(request, text, (answer) =>
        this.#describe(answer, asked, pull.remaining),
      );
    }
    if (pull.kind === 'refused') {
      return this.#refuse(asked, tooManyPulls(pull));
    }
    const month = this.#takeBytes(client, allowance, 0, mustFollow, time);
    return month instanceof Promise
      ? month.then((verdict) => this.#pull(asked, verdict))
      : this.#pull(asked, month);
  }

  #ask(request: RepositoryRequest, text: string): Asked {
    const { pulls, now } = this.#options;
    const time = now();
    const { client, allowance } = this.#consumerOf(request);
    const mustFollow = isLastEndpoint(request) && text.includes(':');
    const count = pulls.of(client.key, time);
    const pull = pullVerdict({ used: count.pulls, now: time }, allowance, mustFollow);
    return { request, text, client, allowance, count, mustFollow, time, pull };
  }

  #pull(asked: Asked, month: Verdict | undefined): Promise<Answer> | Answer {
    const { request, text, client, mustFollow } = asked;
    if (month?.kind === 'refused') {
      return this.#refuse(asked, tooManyBytes(month));
    }
    const left = mustFollow ? undefined : this.#refusals.reasonToLeave(client, request);
    if (left !== undefined) return this.#refuse(asked, left);
    asked.count.pulls += 1;
    return answerManifest(request, text, (answer) => this.#finish(asked, month, answer));
  }

  #finish(asked: Asked, month: Verdict | undefined, answer: Answer): Answer {
    const { request, client, allowance, pull } = asked;
    if (isLastEndpoint(request) && answer.status === 200) {
      const reason = this.#lacksFor(this.#sizesOf(client, request, answer), client, allowance);
      if (reason !== undefined) return this.#refuse(asked, reason);
    }
    if (month?.kind === 'warned') this.#warn(client, answer, tooManyBytes(month));
    this.#describe(answer, asked, Math.max(0, pull.remaining - 1));
    if (pull.kind === 'warned') this.#warn(client, answer, tooManyPulls(pull));
    return answer;
  }

  #refuse({ client, request, text }: Asked, reason: Reason): Answer {
    this.#report(client, reason, 'refused');
    return this.#refusals.refuse(client, request, text, reason);
  }

  /** GET and HEAD of a blob. HEAD is not limited. */
  async answerBlob(request: RepositoryRequest, text: string): Promise<Answer> {
    const { client, allowance } = this.#consumerOf(request);
    const { urlLife, largestBlob } = allowance;
    const digest = parseDigest(text);
    if (request.method === 'HEAD' || digest === undefined) return answerBlob(request, text);
    const mustFollow = isLastEndpoint(request);
    const before = this.#monthAfter(client, allowance, 0, mustFollow);
    if (before.kind === 'refused') {
      return this.#refuseBlob(client, request, text, tooManyBytes(before));
    }
    let size: number | undefined;
    if (largestBlob !== Number.POSITIVE_INFINITY) {
      const outcome = await request.mirrored.locateBlob(digest, 'HEAD', { kind: 'whole' });
      if (outcome.kind !== 'known') return blobAnswer(request, digest, outcome, 200);
      ({ size } = outcome);
    }
    const large = sizeVerdict(size, allowance);
    if (large === 'refused') {
      return this.#refuseBlob(client, request, text, tooLarge(size ?? 0, largestBlob));
    }
    const answer = await answerBlob(request, text, urlLife);
    const taking = this.#takeBytes(client, allowance, bytesOf(answer), mustFollow);
    const month = taking instanceof Promise ? await taking : taking;
    if (month?.kind === 'refused') {
      // If closing it fails, the client need not know.
      if (answer.body instanceof ReadableStream) answer.body.cancel().catch(() => undefined);
      return this.#refuseBlob(client, request, text, tooManyBytes(month));
    }
    if (large === 'warned') this.#warn(client, answer, tooLarge(size ?? 0, largestBlob));
    if (month?.kind === 'warned') this.#warn(client, answer, tooManyBytes(month));
    return answer;
  }

  #refuseBlob(client: Client, request: RepositoryRequest, text: string, reason: Reason): Answer {
    this.#report(client, reason, 'refused');
    return refuse(request, 'blob', text, reason);
  }

  #warn(client: Client, answer: Answer, reason: Reason): void {
    this.#report(client, reason, 'warned');
    addWarning(answer.headers, reason.text);
  }

  #report({ networks }: Client, { limit }: Reason, outcome: 'refused' | 'warned'): void {
    const { limits, reports } = this.#options;
    reports.limited(tierOf(networks, limits, limit), limit, outcome);
  }

  #consumerOf({ raw }: RepositoryRequest): Consumer {
    const { clients, limits, bucketUrlLife } = this.#options;
    const client = clients.of(raw) ?? unknownClient;
    const known = this.#consumers.get(client);
    if (known !== undefined) return known;
    const consumer = { client, allowance: allowanceOf(client.networks, limits, bucketUrlLife) };
    this.#consumers.set(client, consumer);
    return consumer;
  }

  /** undefined without a limit of the month. Only a client that may be refused waits for the ledger. */
  #takeBytes(
    { key }: Client,
    allowance: Allowance,
    bytes: number,
    mustFollow: boolean,
    time = this.#options.now(),
  ): Promise<Verdict> | Verdict | undefined {
    const { bytesPerMonth, isHard } = allowance;
    if (bytesPerMonth === Number.POSITIVE_INFINITY) return undefined;
    const { usage, now } = this.#options;
    if (isHard) {
      const decide = (used: number) => monthVerdict({ used, now: now() }, allowance, mustFollow);
      return usage.take(key, bytesPerMonth, bytes, decide, time);
    }
    const verdict = monthVerdict(
      { used: usage.known(key, time), now: time },
      allowance,
      mustFollow,
    );
    usage.add(key, bytes);
    return verdict;
  }

  /** Why a client that cannot leave after a manifest would not get all of its blobs; undefined if it would. */
  #lacksFor({ largest, sum }: BlobSizes, client: Client, allowance: Allowance): Reason | undefined {
    if (sizeVerdict(largest, allowance) === 'refused') {
      return tooLarge(largest, allowance.largestBlob);
    }
    if (allowance.bytesPerMonth === Number.POSITIVE_INFINITY) return undefined;
    const month = this.#monthAfter(client, allowance, sum, true);
    return month.kind === 'refused' ? tooManyBytes(month) : undefined;
  }

  #monthAfter({ key }: Client, allowance: Allowance, bytes: number, mustFollow: boolean): Verdict {
    const { usage, now } = this.#options;
    const used = usage.known(key) + bytes;
    return monthVerdict({ used, now: now() }, allowance, mustFollow);
  }

  #sizesOf(client: Client, request: RepositoryRequest, answer: Answer): BlobSizes {
    if (!isIndexType(answer.headers['content-type'] ?? '')) return this.#sizes.of(answer);
    this.#refusals.servedIndex(client, request);
    return noBlobs;
  }

  #describe(answer: Answer, { pull, allowance }: Asked, remaining: number): Answer {
    if (allowance.pullsPerMinute !== Number.POSITIVE_INFINITY) {
      this.#rateLimit.add(answer.headers, pull.limit, remaining, pull.reset);
    }
    return answer;
  }
}
