import type { CountedRate, RateLimit } from '../../headers/rate-limit.ts';
import type { CircuitKind } from '../../ports/ledger.ts';
import type { LimitKind } from '../../ports/upstream-error.ts';
import type { Sample } from './spending.ts';

/** Between two HEADs that try whether a circuit can be closed, in ms. */
export const firstPause = 60_000;
const longestPause = 900_000;

/** How long a circuit stays open if the registry says neither when it ends nor what is left, in ms. */
const refusedPullLife = 60_000;
const refusedHeadLife = 3_600_000;
const abuseLife = 60_000;

/** The window of a limit that does not say its own, in ms: Docker Hub's. */
const usualWindow = 21_600_000;

/** A circuit that was opened. Times are in ms since 1970. */
export interface Circuit {
  readonly since: number;
  readonly until: number;
  /** From one HEAD that tries whether it can be closed to the next, in ms. */
  readonly pause: number;
  /** When it was last tried; undefined: it can be tried at once. */
  readonly tried?: number | undefined;
}

/** What is known of an owner of a limit: an account of a registry, or a source address. */
export interface OwnerState {
  /** What the registry said last, and when, in ms since 1970. */
  readonly rate?: RateLimit & { readonly seen: number };
  readonly circuits: Readonly<Partial<Record<CircuitKind, Circuit>>>;
  /** What was left before, from which the speed of spending is measured. */
  readonly baseline?: Sample;
}

export const unknownOwner: OwnerState = { circuits: {} };

/** `pull`: a GET of a manifest; `head`: a HEAD of one; `blob` and `other`: everything else. */
export type RequestKind = 'pull' | 'head' | 'blob' | 'other';

/** What may be done. */
export type Decision =
  | { readonly kind: 'send' }
  /** A HEAD may be sent, by one of all instances: its answer may close the circuit. */
  | { readonly kind: 'try'; readonly circuit: CircuitKind }
  | { readonly kind: 'stop'; readonly circuit: CircuitKind };

interface Circumstances {
  /** In ms since 1970. */
  readonly now: number;
  /** The GETs of manifests that were sent and not answered yet. */
  readonly inFlight?: number;
  /** By how much this instance prolongs pauses, so that instances do not try together. */
  readonly jitter?: number;
}

/** How long a report is used to tell whether the last pulls are in flight, in ms. */
const recent = 60_000;

/** Whether a request may be sent. */
export function decide(
  state: OwnerState,
  request: RequestKind,
  { now, inFlight = 0, jitter = 1 }: Circumstances,
): Decision {
  const { circuits, rate } = state;
  if (isOpen(circuits.abuse, now)) return { kind: 'stop', circuit: 'abuse' };
  if (request === 'blob' || request === 'other') return { kind: 'send' };
  const kinds =
    request === 'pull'
      ? (['requests', 'heads', 'pulls'] as const)
      : (['requests', 'heads'] as const);
  // A HEAD may be sent only if every open circuit can be tried.
  const open = kinds.filter((kind) => isOpen(circuits[kind], now));
  const [first] = open;
  if (first !== undefined) {
    const waiting = open.find((kind) => !canTry(circuits[kind], now, jitter));
    return waiting === undefined
      ? { kind: 'try', circuit: first }
      : { kind: 'stop', circuit: waiting };
  }
  const isRecent = rate !== undefined && now - rate.seen < recent && now >= rate.seen;
  if (request === 'pull' && isRecent && inFlight > 0 && rate.remaining <= inFlight) {
    return { kind: 'stop', circuit: 'pulls' };
  }
  return { kind: 'send' };
}

/** True while a circuit is open; not if it was opened in the future: the clock was set back. */
export function isOpen(circuit: Circuit | undefined, now: number): circuit is Circuit {
  return circuit !== undefined && circuit.since <= now && now < circuit.until;
}

function canTry(circuit: Circuit | undefined, now: number, jitter: number): boolean {
  const tried = circuit?.tried;
  return tried === undefined || now >= tried + (circuit?.pause ?? 0) * jitter;
}

/** Notes that a HEAD is sent to try whether circuits can be closed. */
export function afterTry(state: OwnerState, now: number): OwnerState {
  return mapCircuits(state, (circuit, kind) =>
    kind !== 'abuse' && isOpen(circuit, now) ? { ...circuit, tried: now } : circuit,
  );
}

/** An answer to a request that was sent at `sent`; `rate` is what it says is left. */
export interface AnsweredRequest {
  readonly request: RequestKind;
  readonly sent: number;
  readonly rate?: CountedRate | undefined;
}

/** The state after a request was answered as hoped. */
export function afterAnswer(
  state: OwnerState,
  { request, sent, rate }: AnsweredRequest,
  now: number,
): OwnerState {
  const hasMore = request === 'head' && rate !== undefined && rate.remaining > 0;
  const closed = mapCircuits(state, (circuit, kind) => {
    const endsBy = {
      pulls: hasMore || request === 'pull',
      requests: hasMore || request === 'pull',
      heads: request === 'head',
      abuse: false,
    };
    return endsBy[kind] && circuit.since <= sent ? undefined : circuit;
  });
  return rate === undefined ? closed : afterReport(closed, rate, now);
}

/** A request that was refused by 429, or by something that is not HTTP. */
export interface RefusedRequest extends AnsweredRequest {
  readonly limit: LimitKind | undefined;
  /** In seconds. */
  readonly retryAfter: number | undefined;
}

/** The state after a request was refused because of a limit. */
export function afterRefusal(
  state: OwnerState,
  { request, limit, retryAfter, rate }: RefusedRequest,
  now: number,
): OwnerState {
  const asked = retryAfter === undefined ? undefined : retryAfter * 1000;
  if (limit === 'abuse' || request === 'blob') {
    const until = Math.max(now + (asked ?? abuseLife), state.circuits.abuse?.until ?? 0);
    return withCircuit(state, 'abuse', { since: now, until, pause: firstPause });
  }
  const reported = rate === undefined ? state : afterReport(state, rate, now);
  if (request === 'pull') {
    if (asked !== undefined) {
      return withCircuit(reported, 'requests', {
        since: now,
        until: now + asked,
        pause: firstPause,
      });
    }
    const { pulls } = reported.circuits;
    const until = Math.max(now + refusedPullLife, pulls?.until ?? 0);
    return withCircuit(reported, 'pulls', { since: now, until, pause: firstPause, tried: now });
  }
  // A list that is limited says nothing about manifests, unless it names a time.
  if (request === 'other' && asked === undefined) return state;
  const before = state.circuits.heads;
  const pause = isOpen(before, now) ? Math.min(before.pause * 2, longestPause) : firstPause;
  const until = now + (asked ?? refusedHeadLife);
  return withCircuit(reported, 'heads', { since: now, until, pause, tried: now });
}

function afterReport(state: OwnerState, counted: RateLimit, now: number): OwnerState {
  const { limit, remaining, windowSeconds } = counted;
  const reported = { ...state, rate: { limit, remaining, windowSeconds, seen: now } };
  if (remaining > 0) return reported;
  const life = windowSeconds === undefined ? usualWindow : windowSeconds * 1000;
  const circuit = { since: now, until: now + life, pause: firstPause, tried: now };
  return withCircuit(reported, 'pulls', circuit);
}

/** The state with a circuit that another instance opened or, with `until` at `since`, closed. */
export function afterNews(state: OwnerState, kind: CircuitKind, news: Circuit): OwnerState {
  const known = state.circuits[kind];
  return known !== undefined && known.since >= news.since ? state : withCircuit(state, kind, news);
}

function withCircuit(state: OwnerState, kind: CircuitKind, circuit: Circuit): OwnerState {
  return { ...state, circuits: { ...state.circuits, [kind]: circuit } };
}

function mapCircuits(
  state: OwnerState,
  change: (circuit: Circuit, kind: CircuitKind) => Circuit | undefined,
): OwnerState {
  const circuits: Partial<Record<CircuitKind, Circuit>> = {};
  for (const kind of ['pulls', 'requests', 'heads', 'abuse'] as const) {
    const circuit = state.circuits[kind];
    const changed = circuit && change(circuit, kind);
    if (changed !== undefined) circuits[kind] = changed;
  }
  return { ...state, circuits };
}
