import type { Digest } from '../oci/digest.ts';
import type { TagRun, TagState } from '../ports/tag-states.ts';
import { standing } from './history.ts';
import type { Cooldown } from './tag-rule.ts';

/** After this many times the cooldown, a tag that always moves sooner deserves a warning. */
const stuckAfter = 3;

/** What a cooldown lets a client have. Times are in ms since 1970. */
export interface Cooled {
  /** The digest to serve; undefined: none is old enough. */
  readonly digest: Digest | undefined;
  /** What the tag names now; undefined: it is served. */
  readonly held: HeldDigest | undefined;
  /** Set if a person let the digest pass. */
  readonly bypassedBy: string | undefined;
}

/** A digest that is too young. */
export interface HeldDigest {
  readonly digest: Digest;
  /** When it will be old enough if the tag still names it. */
  readonly release: number;
  /** Since when the tag moves before any digest is old enough, if that is for long. */
  readonly stuckSince: number | undefined;
}

/**
 * What a cooldown serves of a tag. A digest is mature when the tag named it for the cooldown without
 * interruption, by this mirror's sightings, or by the registry's own clock. One that was replaced sooner never
 * matures: it may have been withdrawn. Until the newest is mature, the last mature one is served.
 * `runs` newest first, `now` in ms since 1970.
 */
export function cooled(
  runs: readonly TagRun[],
  { bypassed }: Pick<TagState, 'bypassed'>,
  { age, fast, clock }: Cooldown,
  now: number,
): Cooled {
  const [newest] = runs;
  if (newest === undefined) return { digest: undefined, held: undefined, bypassedBy: undefined };
  const { digest } = newest;
  const bypass = bypassed.find((order) => order.digest === digest && isCurrent(order, now));
  if (bypass !== undefined || standing(newest, clock) >= age) {
    return { digest, held: undefined, bypassedBy: bypass?.by };
  }
  const mature = runs.find((run) => standing(run, clock) >= age);
  const older =
    fast === 'stay' ? mature : runs.find((run) => now - run.first >= age && run !== newest);
  const chosen = older ?? mature;
  if (chosen?.digest === digest) return { digest, held: undefined, bypassedBy: undefined };
  const moving = movingSince(runs, { age, clock });
  const stuckSince = moving !== undefined && now - moving > stuckAfter * age ? moving : undefined;
  const held = { digest, release: newest.last - standing(newest, clock) + age, stuckSince };
  return { digest: chosen?.digest, held, bypassedBy: undefined };
}

/**
 * Since when a tag moves before any digest is old enough, in ms since 1970: since the first digest after the
 * mature one. Undefined if that is still what the tag names. `runs` newest first.
 */
export function movingSince(
  runs: readonly TagRun[],
  { age, clock }: Pick<Cooldown, 'age' | 'clock'>,
): number | undefined {
  const mature = runs.findIndex((run) => standing(run, clock) >= age);
  const after = mature < 0 ? runs.at(-1) : runs[mature - 1];
  return after === runs[0] ? undefined : after?.first;
}

/** Whether a decision has not ended yet. */
export function isCurrent(
  { until }: { readonly until?: number | undefined },
  now: number,
): boolean {
  return until === undefined || now < until;
}
