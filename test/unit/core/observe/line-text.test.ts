import { expect, test } from 'vitest';
import { logEvent } from '../../../../functions/core/observe/event-line.ts';
import { lineText } from '../../../../functions/core/observe/line-text.ts';
import type { LogFields } from '../../../../functions/core/observe/log.ts';
import { requestFields } from '../../../../functions/core/observe/request-line.ts';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import { record } from './records.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const repository = 'docker.io/library/alpine';
const noted = (changes: object) => record({ note: { ...record().note, ...changes } });

test.each([
  [record(), 'GET  200 hit docker.io/library/alpine:3.20 1.2 ms 528 B containerd/1.6.20'],
  [
    {
      ...noted({ kind: 'blob', reference: digest, cache: 'miss', upstreamCalls: 2 }),
      written: { bytes: 94_500_000, end: 'left' as const },
      milliseconds: 12_345,
    },
    'GET  200 miss docker.io/library/alpine@sha256:aaaaaaaaaaaa… 12.3 s 94.5 MB 2 upstream containerd/1.6.20 (client disconnected)',
  ],
  [
    noted({ kind: 'ping', repository: undefined, reference: undefined, cache: undefined }),
    'GET  200 - ping 1.2 ms 528 B containerd/1.6.20',
  ],
])('request %#: %s', (one, expected) => {
  expect(lineText('request', requestFields(one))).toBe(expected);
});

const fill = { kind: 'fill', repository, digest, bytes: 13_504_341, milliseconds: 548 } as const;
const scope = { registry: 'docker.io', scope: 'registry', host: undefined } as const;

test.each<[MirrorEvent, string]>([
  [
    { ...fill, outcome: 'stored', reason: undefined },
    'fill docker.io/library/alpine@sha256:aaaaaaaaaaaa… stored 13.5 MB 548 ms',
  ],
  [
    { ...fill, outcome: 'mismatch', reason: `the upstream sent wrong bytes for ${digest}` },
    'fill docker.io/library/alpine@sha256:aaaaaaaaaaaa… mismatch 13.5 MB 548 ms (the upstream sent wrong bytes for sha256:aaaaaaaaaaaa…)',
  ],
  [{ kind: 'evicted', manifests: 1, blobs: 2, bytes: 3 }, 'evicted manifests=1 blobs=2 3 B'],
  [
    { kind: 'store-failed', operation: 'putTag', reason: 'disk full' },
    'store-failed operation=putTag (disk full)',
  ],
  [
    {
      kind: 'backed-off',
      ...scope,
      repository: undefined,
      milliseconds: 5000,
      reason: 'status 500',
    },
    'backed-off registry=docker.io scope=registry 5000 ms (status 500)',
  ],
  [
    { kind: 'gone-upstream', registry: 'docker.io', repository, tag: '1', digest, since: 'x' },
    'gone-upstream docker.io/library/alpine:1@sha256:aaaaaaaaaaaa… registry=docker.io since=x',
  ],
])('event %#: %s', (event, expected) => {
  const lines: [string, LogFields][] = [];
  logEvent(
    { passes: () => true, event: (_, message, fields = {}) => void lines.push([message, fields]) },
    event,
  );
  expect(lines.map(([message, fields]) => lineText(message, fields))).toEqual([expected]);
});

test('a digest without a repository, and other sizes', () => {
  expect(lineText('fill given up', { digest, reason: 'x', storeBytes: 1_500_000 })).toBe(
    'fill given up sha256:aaaaaaaaaaaa… storeBytes=1.5 MB (x)',
  );
});

test.each([
  [{ ms: 0 }, '0.0 ms'],
  [{ ms: 9.94 }, '9.9 ms'],
  [{ ms: 10 }, '10 ms'],
  [{ ms: 9999 }, '9999 ms'],
  [{ ms: 10_000 }, '10.0 s'],
  [{ bytes: 0 }, '0 B'],
  [{ bytes: 999 }, '999 B'],
  [{ bytes: 1000 }, '1.0 kB'],
  [{ bytes: 999_940 }, '999.9 kB'],
  [{ bytes: 1_000_000 }, '1.0 MB'],
  [{ bytes: 2_000_000_000 }, '2.0 GB'],
  [{ bytes: 3e12 }, '3.0 TB'],
  [{ bytes: 4e15 }, '4000.0 TB'],
  [{ outcome: '', tag: undefined, other: undefined }, ''],
  [{ other: 'x', bytesLeft: 5000 }, 'other=x bytesLeft=5000'],
  [{ repository, tag: '1' }, `${repository}:1`],
  [{ digest: 'sha512:short' }, 'sha512:short'],
  [{ digest: `sha512:${'b'.repeat(128)}` }, 'sha512:bbbbbbbbbbbb…'],
])('an event with %o is "%s"', (fields, text) => {
  expect(lineText('event', fields)).toBe(`event ${text}`.trim());
});

test('a request that needs an upstream says how often, a short method has the width of others', () => {
  const one = noted({ upstreamCalls: 1, repository: undefined, reference: '1' });
  expect(lineText('request', { ...requestFields(one), method: 'HEAD' })).toBe(
    'HEAD 200 hit manifest:1 1.2 ms 528 B 1 upstream containerd/1.6.20',
  );
});
