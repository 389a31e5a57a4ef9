import { parseObject } from '../oci/json-object.ts';
import type { Refused } from '../ports/upstream.ts';
import { UpstreamError } from '../ports/upstream-error.ts';
import { refusalLife } from './memory.ts';

/**
 * What the holder of a lease leaves for those that wait, where there is no result to store: the
 * upstream's refusal, or its failure. Without it, each of them would ask the upstream in turn.
 */
export type LeaseNote =
  | NotedRefusal
  | { readonly kind: 'failed'; readonly error: UpstreamError }
  /** The holder failed, perhaps by its own fault: each instance has to try. */
  | { readonly kind: 'unanswered' };

/** A refusal that another instance received. */
export type NotedRefusal = Refused & {
  /** When it was received, and until when it is remembered, in ms since 1970. */
  readonly at: number;
  readonly until: number;
};

/** How long a failure is noted, in ms: longer than waiting instances pause. */
const failureLife = 3_000;

/** In characters. */
const longestMessage = 500;

/** The note of a result; undefined if the result is in the index. `now` in ms since 1970. */
export function noteOfResult(result: object, now: number): string | undefined {
  const kind = 'kind' in result ? result.kind : undefined;
  if (kind !== 'absent' && kind !== 'denied') return undefined;
  return JSON.stringify({ kind, at: now, until: now + refusalLife });
}

/**
 * The note of an error: a failure only if the upstream answered, because one instance whose own network
 * is broken must not make the others fail.
 */
export function noteOfError(thrown: unknown, now: number): string {
  const times = { at: now, until: now + failureLife };
  const unanswered = JSON.stringify({ kind: 'unanswered', ...times });
  if (!(thrown instanceof UpstreamError)) return unanswered;
  const { kind, status, retryAfter, limit } = thrown;
  const isAnswer = kind === 'limited' || (kind === 'unavailable' && status !== undefined);
  if (!isAnswer) return unanswered;
  const message = thrown.message.slice(0, longestMessage);
  return JSON.stringify({ kind, ...times, message, status, retryAfter, limit });
}

/** Reads a note that still applies. `now` in ms since 1970. */
export function readNote(text: string | undefined, now: number): LeaseNote | undefined {
  const note = text === undefined ? undefined : parseObject(text);
  if (note === undefined) return undefined;
  const { kind, at, until, message } = note;
  if (typeof at !== 'number' || typeof until !== 'number') return undefined;
  // A note from far in the future is due to a wrong clock.
  if (now >= until || until - now > 2 * refusalLife) return undefined;
  if (kind === 'absent' || kind === 'denied') return { kind, at, until };
  if (kind === 'unanswered') return { kind };
  if ((kind !== 'limited' && kind !== 'unavailable') || typeof message !== 'string') {
    return undefined;
  }
  const status = typeof note.status === 'number' ? note.status : undefined;
  const retryAfter = typeof note.retryAfter === 'number' ? note.retryAfter : undefined;
  const limit = note.limit === 'pulls' || note.limit === 'abuse' ? note.limit : undefined;
  return { kind: 'failed', error: new UpstreamError(kind, message, { status, retryAfter, limit }) };
}
