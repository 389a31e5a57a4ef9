import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import { eventMetrics } from '../../../../functions/node/observe/event-counters.ts';

/** The samples after some events, without those that are 0 from the start. */
async function samplesAfter(...events: readonly MirrorEvent[]): Promise<string[]> {
  const registry = new Registry();
  const observe = eventMetrics(registry);
  for (const event of events) observe(event);
  const lines = (await registry.metrics()).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#') && !/_bucket| 0$/.test(line));
}

const registry = 'docker.io';
const rate = { limit: 100, remaining: 40, windowSeconds: 21_600 };
const backedOff = (scope: 'registry' | 'repository') =>
  ({
    kind: 'backed-off',
    registry,
    scope,
    host: undefined,
    repository: undefined,
    milliseconds: 1,
    reason: '',
  }) as const;
const answersAgain = (scope: 'registry' | 'repository') =>
  ({ kind: 'answers-again', registry, scope, host: undefined, repository: undefined }) as const;
const circuit = (isOpen: boolean) =>
  ({ kind: 'circuit', registry, account: 'a', circuit: 'pulls', isOpen }) as const;

test.each<[string, readonly MirrorEvent[], readonly string[]]>([
  [
    'a request',
    [
      {
        kind: 'upstream-request',
        registry,
        purpose: 'blob',
        method: 'GET',
        name: 'a',
        status: 200,
        milliseconds: 5,
      },
    ],
    [
      'pullfront_upstream_requests_total{registry="docker.io",purpose="blob",method="GET",status="200"} 1',
    ],
  ],
  [
    'a rate limit',
    [{ kind: 'rate-limit', registry, credentials: 'anonymous', rate }],
    [
      'pullfront_upstream_rate_limit{registry="docker.io",credentials="anonymous"} 100',
      'pullfront_upstream_rate_remaining{registry="docker.io",credentials="anonymous"} 40',
    ],
  ],
  [
    'a pull, and one that was refused',
    [
      { kind: 'pull', registry, network: 'office' },
      { kind: 'pull-refused', registry, account: 'a' },
    ],
    [
      'pullfront_upstream_pulls_total{registry="docker.io",network="office"} 1',
      'pullfront_upstream_refused_pulls_total{registry="docker.io",account="a"} 1',
    ],
  ],
  [
    'a client over a limit',
    [
      {
        kind: 'client-limited',
        tier: 'office',
        limit: 'pullsPerMinute',
        outcome: 'refused',
        requests: 1,
      },
      {
        kind: 'client-limited',
        tier: 'office',
        limit: 'pullsPerMinute',
        outcome: 'refused',
        requests: undefined,
      },
      {
        kind: 'client-limited',
        tier: 'anonymous',
        limit: 'largestBlob',
        outcome: 'warned',
        requests: undefined,
      },
    ],
    [
      'pullfront_clients_limited_total{tier="office",limit="pullsPerMinute",outcome="refused"} 2',
      'pullfront_clients_limited_total{tier="anonymous",limit="largestBlob",outcome="warned"} 1',
    ],
  ],
  [
    'an open circuit',
    [circuit(true)],
    ['pullfront_upstream_circuit_open{registry="docker.io",account="a",circuit="pulls"} 1'],
  ],
  ['a closed circuit', [circuit(true), circuit(false)], []],
  [
    'a registry that fails',
    [backedOff('registry'), answersAgain('repository')],
    [
      'pullfront_upstream_backoffs_total{registry="docker.io",scope="registry"} 1',
      'pullfront_upstream_failing{registry="docker.io"} 1',
    ],
  ],
  [
    'a registry that answers again',
    [backedOff('registry'), answersAgain('registry')],
    ['pullfront_upstream_backoffs_total{registry="docker.io",scope="registry"} 1'],
  ],
  [
    'a repository that fails',
    [backedOff('repository')],
    ['pullfront_upstream_backoffs_total{registry="docker.io",scope="repository"} 1'],
  ],
  [
    'an alternate, and the upstream again',
    [
      { kind: 'alternate-used', registry, purpose: 'blob', alternate: 'quay.io', isChange: true },
      { kind: 'alternate-used', registry, purpose: 'blob', alternate: undefined, isChange: true },
    ],
    ['pullfront_alternate_answers_total{registry="docker.io",alternate="quay.io"} 1'],
  ],
  [
    'a gone tag',
    [{ kind: 'gone-upstream', registry, repository: 'a', tag: '1', digest: 'd', since: '' }],
    ['pullfront_gone_tags_total{registry="docker.io"} 1'],
  ],
  [
    'a fill',
    [
      {
        kind: 'fill',
        repository: 'a',
        digest: 'd',
        outcome: 'stored',
        bytes: 7,
        milliseconds: 2500,
        reason: undefined,
      },
    ],
    [
      'pullfront_fills_total{outcome="stored"} 1',
      'pullfront_fill_seconds_sum 2.5',
      'pullfront_fill_seconds_count 1',
    ],
  ],
  [
    'bytes',
    [
      { kind: 'passed-through', repository: 'a', bytes: 7 },
      { kind: 'evicted', manifests: 1, blobs: 2, bytes: 9 },
    ],
    ['pullfront_passed_through_bytes_total 7', 'pullfront_evicted_bytes_total 9'],
  ],
  [
    'a failure of a store',
    [{ kind: 'store-failed', operation: 'getTag', reason: 'down' }],
    ['pullfront_store_failures_total{operation="getTag"} 1'],
  ],
])('%s is counted', async (_, events, samples) => {
  expect(await samplesAfter(...events)).toEqual(samples);
});
