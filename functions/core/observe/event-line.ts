import type { MirrorEvent } from '../ports/event.ts';
import type { FillJob } from '../ports/fill-queue.ts';
import type { Log, LogFields, LogLevel } from './log.ts';
import { policyText } from './wording.ts';

/** Warn when less than this share of a rate limit is left. */
const lowShare = 0.2;

/** Logs an event of the mirror, at the same level on every platform. */
export function logEvent(log: Log, event: MirrorEvent): void {
  // Metrics count what has no line.
  if (event.kind === 'client-limited' && event.requests === undefined) return;
  const level = levelOf(event);
  if (log.passes(level)) log.event(level, event.kind, fieldsOf(event));
}

/** Logs that a fill was given up. An invalid message has no `job`. */
export function logGivenUp(log: Log, job: FillJob | undefined, reason: string): void {
  log.event('warn', 'fill given up', { digest: job?.blob.digest, reason });
}

function levelOf(event: MirrorEvent): LogLevel {
  switch (event.kind) {
    case 'upstream-request':
    case 'passed-through':
    case 'pull':
    case 'pull-refused':
    case 'tag-policy':
      return 'debug';
    case 'circuit':
      return event.isOpen ? 'warn' : 'info';
    case 'alternate-used':
      return event.isChange ? 'info' : 'debug';
    case 'gone-upstream':
    case 'pins-exceed-limit':
    case 'tag-stuck':
    case 'account-rests':
    case 'unproven-public':
      return 'warn';
    case 'client-limited':
      return event.outcome === 'refused' ? 'warn' : 'info';
    case 'rate-limit':
      return event.rate.remaining < event.rate.limit * lowShare ? 'warn' : 'debug';
    case 'fill':
      return fillLevels[event.outcome];
    case 'backed-off':
      // Clients choose the names of repositories, so a single one may mean nothing.
      return event.repository === undefined ? 'warn' : 'info';
    case 'answers-again':
    case 'evicted':
      return 'info';
    case 'store-failed':
      return 'error';
  }
}

type FillOutcome = Extract<MirrorEvent, { kind: 'fill' }>['outcome'];

/** The queue resumes fills that paused before their function ended or stopped with their server. */
const fillLevels: Readonly<Record<FillOutcome, LogLevel>> = {
  stored: 'info',
  paused: 'info',
  stopped: 'info',
  mismatch: 'warn',
  refused: 'warn',
  failed: 'warn',
};

function fieldsOf(event: MirrorEvent): LogFields {
  if (event.kind === 'rate-limit') {
    const { registry, credentials, rate } = event;
    return { registry, credentials, remaining: rate.remaining, limit: rate.limit };
  }
  if (event.kind === 'tag-policy') {
    const { registry, repository, tag, mode, reason } = event;
    return { repository, tag, mode, decision: reason.kind, reason: policyText(reason, registry) };
  }
  if (event.kind === 'circuit') {
    const { registry, account, circuit, isOpen } = event;
    return { registry, account, circuit, state: isOpen ? 'open' : 'closed' };
  }
  const { kind: _, ...fields } = event;
  if (!('milliseconds' in fields)) return fields;
  const { milliseconds, ...others } = fields;
  return { ...others, ms: milliseconds };
}
