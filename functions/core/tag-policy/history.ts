import type { TagRecord } from '../ports/manifest-store.ts';
import { mostRuns, runLife, type SeenBy, type TagRun, type TagState } from '../ports/tag-states.ts';

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

/** How long a digest stood, in ms, by sightings: from the first of its run to the last. */
export function standing({ first, last }: TagRun): number {
  return last - first;
}

/** A digest that the upstream just named. */
export interface Sighting {
  readonly digest: TagRun['digest'];
  /** In ms since 1970. */
  readonly now: number;
  readonly seenBy: SeenBy;
  /** True if the upstream had refused the tag before: what it names begins anew. */
  readonly isReturn: boolean;
  /** The cooldown of the tag in ms, if it has one. */
  readonly cooldown: number | undefined;
}

/**
 * The state after a sighting; undefined if nothing is to be written. A tag that never moved needs no state:
 * its record says enough. With a cooldown, the moment at which a digest becomes mature is written, because
 * the record forgets it when the tag moves.
 */
export function withSighting(
  state: TagState,
  known: TagRecord | undefined,
  { digest, now, seenBy, isReturn, cooldown }: Sighting,
): TagState | undefined {
  const runs = historyOf(known, state);
  const [newest] = runs;
  if (newest === undefined) return undefined;
  if (newest.digest !== digest || isReturn) {
    const run = { digest, first: Math.max(now, newest.last), last: now, seenBy };
    return { ...state, runs: kept([run, ...runs], now, cooldown) };
  }
  if (cooldown === undefined) return undefined;
  const confirmed = { ...newest, last: Math.max(newest.last, now) };
  const [stored] = state.runs;
  const isNoted =
    stored !== undefined && stored.first === newest.first && standing(stored) >= cooldown;
  if (isNoted || standing(confirmed) < cooldown) return undefined;
  return { ...state, runs: kept([confirmed, ...runs.slice(1)], now, cooldown) };
}

/** Drops old runs, but not the newest that stood for the cooldown: the tag may need it for years. */
function kept(runs: readonly TagRun[], now: number, cooldown: number | undefined): TagRun[] {
  const mature = cooldown === undefined ? undefined : runs.find((run) => standing(run) >= cooldown);
  return runs.filter(
    (run, at) => at === 0 || run === mature || (at < mostRuns && now - run.last <= runLife),
  );
}
