import type { Digest } from '../oci/digest.ts';
import type { PageRequest } from '../oci/page.ts';
import type { Repository } from '../oci/repository.ts';
import type { FillJob, FillOutcome } from '../ports/fill-queue.ts';
import type { TagOrder } from '../ports/tag-states.ts';
import type { Context } from './context.ts';
import { evict } from './eviction/evict.ts';
import { type PlannedEviction, planEviction } from './eviction/eviction-plan.ts';
import { type DeliveryOptions, handleFill, handleFills } from './fills/handle-fill.ts';
import { confirmPins } from './tags/pinned-tags.ts';
import { type Refresh, refresh } from './tags/refresh.ts';
import { type StuckTag, stuckTags } from './tags/stuck-tags.ts';
import {
  bypass,
  type Decider,
  freeze,
  type HistoryEntry,
  type NamedTag,
  pin,
  rollBack,
  tagHistory,
  thaw,
  unpin,
} from './tags/tag-orders.ts';

/** What a mirror does besides serving pulls. */
export interface Upkeep {
  /** Handles one job of the fill queue; does not reject. */
  handleFill(job: FillJob, options?: DeliveryOptions): Promise<FillOutcome>;
  /** Handles jobs that share a message, for blobs of one repository; does not reject. */
  handleFills(
    jobs: readonly [FillJob, ...FillJob[]],
    options?: DeliveryOptions,
  ): Promise<readonly FillOutcome[]>;
  /** Has the upstream confirm one tag or all known tags of a repository now: see `tags/refresh.ts`. */
  refresh(repository: Repository, tag?: string, page?: PageRequest): Promise<Refresh>;
  /** Evicts until the store is within its limit; does not reject. */
  evict(): Promise<void>;
  /** Has the upstreams confirm pinned tags that are out of date, at most once in their `tagTtl`. */
  confirmPins(until?: number): Promise<void>;
  /** What eviction would free now, at most `limit` images. */
  planEviction(limit: number): Promise<readonly PlannedEviction[]>;
  /** What people decide about tags. */
  readonly tags: TagControl;
}

/** What people can decide about tags: see `tags/tag-orders.ts`. */
export interface TagControl {
  freeze(named: NamedTag, decider: Decider, digest?: Digest): Promise<TagOrder>;
  thaw(named: NamedTag, decider: Decider): Promise<void>;
  rollBack(named: NamedTag, decider: Decider, digest?: Digest): Promise<TagOrder>;
  bypass(named: NamedTag, digest: Digest, decider: Decider): Promise<void>;
  pin(named: NamedTag, decider: Decider): Promise<void>;
  unpin(named: NamedTag, decider: Decider): Promise<void>;
  history(named: NamedTag): Promise<readonly HistoryEntry[]>;
  /** The tags that move too soon for their cooldown: see `tags/stuck-tags.ts`. */
  stuck(): Promise<readonly StuckTag[]>;
}

/** Makes the upkeep of a mirror. */
export type UpkeepOf = (context: Context) => Upkeep;

/** The upkeep of an instance that fills, evicts, or takes decisions of people. */
export const upkeep: UpkeepOf = (context) => ({
  handleFill: (job, delivery) => handleFill(context, job, delivery),
  handleFills: (jobs, delivery) => handleFills(context, jobs, delivery),
  refresh: (...parameters) => refresh(context, ...parameters),
  evict: () => evict(context),
  confirmPins: (until) => confirmPins(context, until),
  planEviction: (limit) => planEviction(context, limit),
  tags: {
    freeze: (...parameters) => freeze(context, ...parameters),
    thaw: (...parameters) => thaw(context, ...parameters),
    rollBack: (...parameters) => rollBack(context, ...parameters),
    bypass: (...parameters) => bypass(context, ...parameters),
    pin: (...parameters) => pin(context, ...parameters),
    unpin: (...parameters) => unpin(context, ...parameters),
    history: (named) => tagHistory(context, named),
    stuck: () => stuckTags(context),
  },
});
