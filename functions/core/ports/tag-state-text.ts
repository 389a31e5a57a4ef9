import { type Digest, parseDigest } from '../oci/digest.ts';
import {
  type RuleFreeze,
  runLife,
  type SeenBy,
  type StoredTagState,
  type TagOrder,
  type TagRun,
  type TagState,
} from './tag-states.ts';

/** The version of the stored form. A reader ignores keys that it does not know. */
const version = 1;

/** The state of a tag that no row has. */
export const emptyTagState: TagState = { runs: [], bypassed: [] };

/** A state as every store keeps it: JSON with its version, and short keys for the runs. */
export function tagStateText({ runs, ...rest }: TagState): string {
  const rows = runs.map(({ digest, first, last, seenBy, pushed }) => [
    ...[digest, first, last, seenBy],
    ...(pushed === undefined ? [] : [pushed]),
  ]);
  return JSON.stringify({ version, ...rest, runs: rows });
}

/** Reads a stored state. What is not valid in it is left out; `revision` is the store's own. */
export function readTagState(text: string, revision: number): StoredTagState {
  const stored = parsed(text);
  const isNewer = typeof stored.version === 'number' && stored.version > version;
  if (isNewer) return { state: emptyTagState, revision, isNewer };
  const pinned = readOrder(stored.pinned);
  const state = {
    runs: listOf(stored.runs).flatMap((row) => readRun(row) ?? []),
    bypassed: listOf(stored.bypassed).flatMap((order) => readDigestOrder(order) ?? []),
    frozen: readDigestOrder(stored.frozen),
    rolledBack: readDigestOrder(stored.rolledBack),
    ruleFreeze: readRuleFreeze(stored.ruleFreeze),
    pinned,
  };
  return { state, revision, isNewer };
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function digestOf(value: unknown): Digest | undefined {
  return typeof value === 'string' ? parseDigest(value) : undefined;
}

const seenByValues: readonly unknown[] = ['pull', 'revalidation', 'refresh'] satisfies SeenBy[];

function readRun(value: unknown): TagRun | undefined {
  const [text, first, last, seenBy, pushed] = listOf(value);
  const digest = digestOf(text);
  if (digest === undefined || typeof first !== 'number' || typeof last !== 'number')
    return undefined;
  return {
    digest,
    first,
    last,
    seenBy: seenByValues.includes(seenBy) ? (seenBy as SeenBy) : 'pull',
    ...(typeof pushed === 'number' && { pushed }),
  };
}

function readOrder(value: unknown): Omit<TagOrder, 'digest'> | undefined {
  const { by, why, since, until } = fieldsOf(value);
  if (typeof by !== 'string' || typeof why !== 'string' || typeof since !== 'number')
    return undefined;
  return { by, why, since, until: typeof until === 'number' ? until : undefined };
}

function readDigestOrder(value: unknown): TagOrder | undefined {
  const digest = digestOf(fieldsOf(value).digest);
  const order = readOrder(value);
  return digest === undefined || order === undefined ? undefined : { digest, ...order };
}

function readRuleFreeze(value: unknown): RuleFreeze | undefined {
  const { rule, digest: text, since } = fieldsOf(value);
  const digest = digestOf(text);
  if (digest === undefined || typeof rule !== 'string' || typeof since !== 'number')
    return undefined;
  return { rule, digest, since };
}

/** Whether a state must be kept although it was not written for long: a decision has not ended. */
export function hasOrders(state: TagState, now: number): boolean {
  return (
    state.ruleFreeze !== undefined ||
    ordersOf(state).some(({ until }) => until === undefined || now < until)
  );
}

/**
 * Until when a state that is written now must be kept, in ms since 1970; undefined while a decision has no
 * end.
 */
export function keptUntil(state: TagState, now: number): number | undefined {
  if (state.ruleFreeze !== undefined) return undefined;
  let end = now;
  for (const { until } of ordersOf(state)) {
    if (until === undefined) return undefined;
    end = Math.max(end, until);
  }
  return end + runLife;
}

function ordersOf({ frozen, rolledBack, pinned, bypassed }: TagState): readonly Ending[] {
  return [frozen, rolledBack, pinned, ...bypassed].filter((order) => order !== undefined);
}

interface Ending {
  readonly until?: number | undefined;
}
