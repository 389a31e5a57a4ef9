import { expect, test } from 'vitest';
import { logEvent, logGivenUp } from '../../../../functions/core/observe/event-line.ts';
import type { LogFields } from '../../../../functions/core/observe/log.ts';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import { madeDigest } from '../../../contract/made-content.ts';

type Line = readonly [level: string, message: string, fields: LogFields | undefined];

const alone = { kind: 'backed-off', registry: 'docker.io', reason: 'status 500' } as const;
const all = { host: undefined, repository: undefined };
const one = { host: 'docker.io', repository: 'library/alpine' };

function fill(outcome: Extract<MirrorEvent, { kind: 'fill' }>['outcome']): MirrorEvent {
  const repository = 'docker.io/library/alpine';
  const digest = 'sha256:a';
  return { kind: 'fill', repository, digest, outcome, bytes: 5, milliseconds: 3, reason: 'x' };
}

function rate(remaining: number): MirrorEvent {
  const limits = { limit: 100, remaining, windowSeconds: 21_600 };
  return { kind: 'rate-limit', registry: 'docker.io', credentials: 'anonymous', rate: limits };
}

const request = {
  kind: 'upstream-request',
  registry: 'docker.io',
  purpose: 'token',
  method: 'GET',
  name: 'library/alpine',
  status: 200,
  milliseconds: 12,
} as const;

const gone = {
  kind: 'gone-upstream',
  registry: 'docker.io',
  repository: 'docker.io/library/alpine',
  tag: '1',
  digest: 'sha256:a',
  since: 'x',
} as const;

/** How much each event matters. */
const table: readonly (readonly [event: MirrorEvent, level: string])[] = [
  [request, 'debug'],
  [{ kind: 'passed-through', repository: 'docker.io/library/alpine', bytes: 5 }, 'debug'],
  [rate(20), 'debug'],
  [rate(19), 'warn'],
  [fill('stored'), 'info'],
  [fill('paused'), 'info'],
  [fill('stopped'), 'info'],
  [fill('mismatch'), 'warn'],
  [fill('refused'), 'warn'],
  [fill('failed'), 'warn'],
  [{ ...alone, ...all, milliseconds: 5000, scope: 'registry' }, 'warn'],
  [{ ...alone, ...one, milliseconds: 5000, scope: 'repository' }, 'info'],
  [{ kind: 'answers-again', registry: 'docker.io', scope: 'registry', ...all }, 'info'],
  [gone, 'warn'],
  [{ kind: 'evicted', manifests: 1, blobs: 2, bytes: 3 }, 'info'],
  [{ kind: 'store-failed', operation: 'putTag', reason: 'disk full' }, 'error'],
];

function linesOf(events: readonly MirrorEvent[]): Line[] {
  const lines: Line[] = [];
  const log = {
    passes: () => true,
    event: (...line: Line) => void lines.push(line),
  };
  for (const event of events) logEvent(log, event);
  return lines;
}

test.each(table)('%o is worth %s', (event, level) => {
  expect(linesOf([event])).toEqual([[level, event.kind, expect.anything()]]);
});

test('durations are `ms`, and what an upstream has left is flat', () => {
  expect(linesOf([request, rate(7), fill('stored')]).map(([, , fields]) => fields)).toEqual([
    {
      registry: 'docker.io',
      purpose: 'token',
      method: 'GET',
      name: 'library/alpine',
      status: 200,
      ms: 12,
    },
    { registry: 'docker.io', credentials: 'anonymous', remaining: 7, limit: 100 },
    {
      repository: 'docker.io/library/alpine',
      digest: 'sha256:a',
      outcome: 'stored',
      bytes: 5,
      ms: 3,
      reason: 'x',
    },
  ]);
});

test('nothing is made for a line that is not written', () => {
  const log = {
    passes: () => false,
    event: () => expect.unreachable(),
  };
  logEvent(log, fill('stored'));
});

test('a fill that is given up names its blob', () => {
  const lines: Line[] = [];
  const log = { passes: () => true, event: (...line: Line) => void lines.push(line) };
  const digest = madeDigest('a');
  const repository = { registry: 'docker.io', name: 'library/alpine' };
  logGivenUp(log, { repository, blob: { digest, size: 1, mediaType: '' } }, 'refused');
  logGivenUp(log, undefined, 'not a fill');
  expect(lines).toEqual([
    ['warn', 'fill given up', { digest, reason: 'refused' }],
    ['warn', 'fill given up', { digest: undefined, reason: 'not a fill' }],
  ]);
});
