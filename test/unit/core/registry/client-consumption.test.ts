import { beforeEach, expect, test } from 'vitest';
import type { ClientLimits } from '../../../../functions/core/clients/client-limits.ts';
import { LimitReports } from '../../../../functions/core/clients/limit-reports.ts';
import { MonthUsage } from '../../../../functions/core/clients/month-usage.ts';
import { PullCounts } from '../../../../functions/core/clients/pull-counts.ts';
import { parseDigest } from '../../../../functions/core/oci/digest.ts';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import { ClientConsumption } from '../../../../functions/core/registry/client-consumption.ts';
import { MemoryLedger } from '../../../../functions/memory/ledger.ts';
import { makeImage } from '../../../standins/images/image.ts';
import { randomLayer } from '../../../standins/images/layer.ts';
import { clientOf } from '../clients/any-clients.ts';

const image = makeImage({ layers: [randomLayer('consumption', 1000)] });
const { manifest } = image;
const digest = parseDigest(image.layers[0]?.digest ?? '');
if (digest === undefined) throw new Error('the layer has a digest');
const bucketUrlLife = 900_000;

let now: number;
let events: MirrorEvent[];
let usage: MonthUsage;
/** What was asked of the mirror. */
let asked: unknown[][];
let isCancelled: boolean;
/** The size of the blob; undefined if it is absent. */
let size: number | undefined;
let written: number;

beforeEach(() => {
  now = Date.UTC(2026, 11, 1);
  events = [];
  asked = [];
  [isCancelled, size, written] = [false, 1000, 0];
  const ledger = new MemoryLedger();
  const addUsage: MemoryLedger['addUsage'] = (...given) => {
    written += 1;
    return ledger.addUsage(...given);
  };
  const runtime = {
    now: () => now,
    observe: () => undefined,
    waitUntil: () => undefined,
    sleep: async () => undefined,
  };
  usage = new MonthUsage({ ledger: { addUsage }, runtime });
});

const provenance = { kind: 'hit', age: 0 };

const mirrored = {
  upstreamCalls: 0,
  async resolveManifest(...given: unknown[]) {
    asked.push(given);
    const bytes = new Uint8Array(manifest.bytes);
    const { mediaType } = manifest;
    return { kind: 'found', ...manifest, mediaType, size: bytes.length, bytes, provenance };
  },
  async locateBlob(...given: unknown[]) {
    asked.push(given);
    if (size === undefined) return { kind: 'absent' };
    if (given[1] === 'HEAD') return { kind: 'known', size, provenance };
    const cancel = () => {
      isCancelled = true;
    };
    const body = new ReadableStream({ cancel });
    return { kind: 'stream', size, range: undefined, body, provenance };
  },
};

type Form = 'none' | 'after-v2';

/** A mirror whose clients have these limits. */
function scene(limits: Partial<ClientLimits>) {
  const anonymous = { limits: 'hard' as const, ...limits };
  const client = clientOf('192.0.2.1');
  const consumption = new ClientConsumption({
    clients: { of: () => client } as never,
    limits: { anonymous },
    bucketUrlLife,
    pulls: new PullCounts(),
    usage,
    reports: new LimitReports({ now: () => now, observe: (event) => events.push(event) }),
    now: () => now,
  });
  const request = (method: string, registryForm: Form) =>
    ({
      raw: { header: () => undefined },
      method,
      query: '',
      ns: undefined,
      form: 'root',
      registryForm,
      policy: { tagTtl: 1000 },
      repository: { registry: 'docker.io', name: 'library/app' },
      mirrored,
    }) as never;
  const pull = (form: Form = 'none', text = '1', method = 'GET') =>
    consumption.answerManifest(request(method, form), text);
  const blob = (form: Form = 'none', method = 'GET', text: string = digest ?? '') =>
    consumption.answerBlob(request(method, form), text);
  /** The client got these bytes this month. */
  const got = (bytes: number) => usage.add(client?.key ?? '', bytes);
  const known = () => usage.known(client?.key ?? '');
  return { pull, blob, got, known };
}

const limited = (
  limit: string,
  outcome: 'refused' | 'warned',
  requests: number | undefined = 1,
) => ({
  ...{ kind: 'client-limited', tier: 'anonymous' },
  ...{ limit, outcome, requests },
});
const refused = (limit: string) => [limited(limit, 'refused')];

test('a client without limits gets everything, and nothing is counted', async () => {
  const { pull, blob, known } = scene({});
  const answer = await pull();
  expect([answer.status, answer.headers['ratelimit-limit']]).toEqual([200, undefined]);
  expect((await blob()).status).toBe(200);
  expect([known(), asked.length]).toEqual([0, 2]);
});

test('each pull leaves one less, HEAD none, and what is over the limit is refused', async () => {
  const { pull } = scene({ pullsPerMinute: 2 });
  const left = async (method = 'GET') =>
    (await pull('none', '1', method)).headers['ratelimit-remaining'];
  expect([await left('HEAD'), await left(), await left('HEAD'), await left()]).toEqual([
    '2;w=60',
    '1;w=60',
    '1;w=60',
    '0;w=60',
  ]);
  expect((await pull()).status).toBe(429);
  expect(events).toEqual(refused('pullsPerMinute'));
  expect((await pull('none', '1', 'HEAD')).status).toBe(200);
  now += 60_000;
  expect((await pull()).status).toBe(200);
});

test('a soft limit of the minute only warns', async () => {
  const { pull } = scene({ pullsPerMinute: 1, limits: 'soft' });
  expect((await pull()).headers.warning).toBeUndefined();
  const { status, headers } = await pull();
  expect([status, headers['ratelimit-remaining']]).toEqual([200, '0;w=60']);
  expect(headers.warning).toContain('1 pulls a minute');
  expect(events).toEqual([limited('pullsPerMinute', 'warned')]);
});

test('what a client must have to finish a pull is refused at twice the limit', async () => {
  const { pull } = scene({ pullsPerMinute: 1 });
  const statuses = [];
  for (const text of ['1', '1', manifest.digest, manifest.digest]) {
    statuses.push((await pull('after-v2', text)).status);
  }
  expect(statuses).toEqual([200, 503, 200, 503]);
});

test('a client that has its bytes of the month gets neither manifests nor blobs', async () => {
  const { pull, blob, got } = scene({ bytesPerMonth: 5000 });
  got(4999);
  expect((await pull()).status).toBe(200);
  got(1);
  expect((await pull()).status).toBe(429);
  expect((await blob()).status).toBe(429);
  // The blob was not even looked for.
  expect(asked).toHaveLength(1);
  expect(events[0]).toEqual(refused('bytesPerMonth')[0]);
});

test('the bytes of a blob count, and a blob that begins below the limit ends above', async () => {
  const { blob, got, known } = scene({ bytesPerMonth: 5000 });
  got(4500);
  expect([(await blob()).status, known()]).toEqual([200, 5500]);
  expect([(await blob()).status, known()]).toEqual([429, 5500]);
  expect(written).toBeGreaterThan(0);
});

test('HEAD of a blob and a malformed digest are not limited', async () => {
  const { blob, got, known } = scene({ bytesPerMonth: 5000, largestBlob: 1 });
  got(6000);
  expect((await blob('none', 'HEAD')).status).toBe(200);
  expect((await blob('none', 'GET', 'sha256:1')).status).toBe(400);
  expect([known(), events]).toEqual([6000, []]);
});

test('blobs of a client that cannot leave are refused at 1.1 times the limit', async () => {
  const { blob, got } = scene({ bytesPerMonth: 50_000 });
  got(54_500);
  expect((await blob('none')).status).toBe(429);
  expect((await blob('after-v2')).status).toBe(200);
  expect((await blob('after-v2')).status).toBe(503);
});

test('what other instances gave a client is found out before a blob is sent', async () => {
  const { blob } = scene({ bytesPerMonth: 5000 });
  usage.take = async () => ({ kind: 'refused', limit: 5000, remaining: 0, reset: 7 });
  const answer = await blob();
  expect([answer.status, answer.headers['ratelimit-reset'], isCancelled]).toEqual([429, '7', true]);
  expect(events).toEqual(refused('bytesPerMonth'));
});

test('a soft limit of the month only warns, and waits for no ledger', async () => {
  const { pull, blob, got, known } = scene({ bytesPerMonth: 5000, limits: 'soft' });
  usage.take = () => Promise.reject(new Error('asked the ledger'));
  got(4999);
  expect((await blob()).headers.warning).toBeUndefined();
  expect(known()).toBe(5999);
  const { status, headers } = await blob();
  expect(status).toBe(200);
  expect(headers.warning).toContain('month');
  expect((await pull()).headers.warning).toContain('month');
  const [first, ...others] = events;
  expect(first).toEqual(limited('bytesPerMonth', 'warned'));
  expect(others).toEqual([{ ...first, requests: undefined }]);
});

test('the largest blob: its size is asked for by HEAD first', async () => {
  const { blob } = scene({ largestBlob: 1000 });
  expect((await blob()).status).toBe(200);
  const whole = { kind: 'whole' };
  expect(asked).toEqual([
    [digest, 'HEAD', whole],
    [digest, 'GET', whole, 300_000],
  ]);
  size = 1001;
  expect((await blob()).status).toBe(429);
  expect(asked).toHaveLength(3);
  expect(events).toEqual(refused('largestBlob'));
  size = undefined;
  expect((await blob()).status).toBe(404);
});

test('a soft limit of the largest blob only warns', async () => {
  const { blob } = scene({ largestBlob: 1000, limits: 'soft' });
  expect((await blob()).headers.warning).toBeUndefined();
  size = 1001;
  const { status, headers } = await blob();
  expect(status).toBe(200);
  expect(headers.warning).toContain('1001');
  expect(events).toEqual([limited('largestBlob', 'warned')]);
});

const largest = image.layers[0]?.size ?? 0;
const sum = image.config.size + largest;

test.each([
  ['largestBlob', { largestBlob: largest - 1 }, 0, 503],
  ['largestBlob', { largestBlob: largest }, 0, 200],
  ['bytesPerMonth', { bytesPerMonth: 10_000 }, 11_001 - sum, 503],
  ['bytesPerMonth', { bytesPerMonth: 10_000 }, 10_999 - sum, 200],
])(
  '%s: a client that cannot leave gets no manifest whose blobs it would not get (%#)',
  async (limit, limits, before, status) => {
    const { pull, got } = scene(limits);
    got(before);
    expect((await pull('after-v2', manifest.digest)).status).toBe(status);
    expect(events).toEqual(status === 200 ? [] : refused(limit));
    // Others leave for the registry.
    if (before < 10_000) expect((await pull('none', manifest.digest)).status).toBe(200);
  },
);
