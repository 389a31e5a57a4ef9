import type { TagRecord } from '../ports/manifest-store.ts';
import { mostRuns, runLife, type SeenBy, type TagRun, type TagState } from '../ports/tag-states.ts';
import type { Cooldown } from './tag-rule.ts';

/**
 * What a tag named over time, newest first: from its state, and from its record, which an instance of an
 * older version may have written alone.
 */
export function historyOf(record: TagRecord | undefined, state: TagState): readonly TagRun[] {
  if (record === undefined) return state.runs;
  const runs = [...state.runs, ...unseenFormers(record, state.runs)].sort(byNewest);
  const [newest] = runs;
  const { digest, changed, checked } = record;
  // The run of the record begins no earlier than the record says.
  if (newest === undefined || newest.first < changed) {
    return [{ digest, first: changed, last: Math.max(changed, checked), seenBy: 'pull' }, ...runs];
  }
  // A state is written before the record, so it may be ahead of it.
  if (newest.digest !== digest) return runs;
  return [{ ...newest, last: Math.max(newest.last, checked) }, ...runs.slice(1)];
}

/** Former targets in a record that its state does not have. Nothing is known of how long they stood. */
function unseenFormers(record: TagRecord, runs: readonly TagRun[]): TagRun[] {
  return record.history.flatMap(({ digest, until }, at) => {
    const begin = record.history[at + 1]?.until ?? Math.min(record.firstSeen, until);
    const isOfGoneTag = at === 0 && digest === record.digest && until === record.checked;
    const isKnown = runs.some(
      (run) => run.digest === digest && run.first <= until && run.last >= begin,
    );
    if (isKnown || isOfGoneTag) return [];
    return [{ digest, first: begin, last: begin, seenBy: 'pull' as const }];
  });
}

function byNewest(a: TagRun, b: TagRun): number {
  return b.first - a.first;
}

/**
 * How long a digest stood, in ms: from the first sighting of its run, or from its push by the registry's clock, to
 * the last sighting.
 */
export function standing(
  { first, last, pushed = first }: TagRun,
  clock: Cooldown['clock'] = 'first-seen',
): number {
  return last - (clock === 'hub' ? Math.min(pushed, first) : first);
}

/** A digest that the upstream just named. */
export interface Sighting {
  readonly digest: TagRun['digest'];
  /** In ms since 1970. */
  readonly now: number;
  readonly seenBy: SeenBy;
  /** True if the upstream had refused the tag before: what it names begins anew. */
  readonly isReturn: boolean;
  /** The cooldown of the tag, if it has one. */
  readonly cooldown: Pick<Cooldown, 'age' | 'clock'> | undefined;
  /** What the registry's clock says, if it was asked: ms since 1970; undefined: it does not say. */
  readonly pushed?: { readonly at: number | undefined } | undefined;
}

/**
 * The state after a sighting; undefined if nothing is to be written. A tag that never moved needs no state:
 * its record says enough. With a cooldown, the moment at which a digest becomes mature is written, because
 * the record forgets it when the tag moves.
 */
export function withSighting(
  state: TagState,
  known: TagRecord | undefined,
  { digest, now, seenBy, isReturn, cooldown, pushed }: Sighting,
): TagState | undefined {
  const runs = historyOf(known, state);
  const [newest] = runs;
  if (newest === undefined && pushed === undefined) return undefined;
  if (newest?.digest !== digest || isReturn) {
    const first = Math.max(now, newest?.last ?? now);
    const run = { digest, first, last: now, seenBy, ...pushOf(pushed, first, newest) };
    return { ...state, runs: kept([run, ...runs], now, cooldown) };
  }
  if (cooldown === undefined) return undefined;
  const isAsked = pushed !== undefined && newest.pushed === undefined;
  const confirmed = {
    ...newest,
    last: Math.max(newest.last, now),
    ...(isAsked && pushOf(pushed, newest.first, runs[1])),
  };
  const [stored] = state.runs;
  const isNoted =
    stored !== undefined &&
    stored.first === newest.first &&
    standing(stored, cooldown.clock) >= cooldown.age;
  const isToNote = !isNoted && standing(confirmed, cooldown.clock) >= cooldown.age;
  if (!isToNote && !isAsked) return undefined;
  return { ...state, runs: kept([confirmed, ...runs.slice(1)], now, cooldown) };
}

/** The time of a push, which was after the tag last named another digest. */
function pushOf(
  pushed: Sighting['pushed'],
  first: number,
  before: TagRun | undefined,
): Pick<TagRun, 'pushed'> {
  if (pushed === undefined) return {};
  const earliest = before?.last ?? Number.NEGATIVE_INFINITY;
  return { pushed: Math.min(first, Math.max(pushed.at ?? first, earliest)) };
}

/** Drops old runs, but not the newest that stood for the cooldown: the tag may need it for years. */
function kept(runs: readonly TagRun[], now: number, cooldown: Sighting['cooldown']): TagRun[] {
  const mature = cooldown && runs.find((run) => standing(run, cooldown.clock) >= cooldown.age);
  return runs.filter(
    (run, at) => at === 0 || run === mature || (at < mostRuns && now - run.last <= runLife),
  );
}
