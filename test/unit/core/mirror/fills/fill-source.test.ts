import { beforeEach, expect, test } from 'vitest';
import type { FillContext } from '../../../../../functions/core/mirror/context.ts';
import { createFillSource } from '../../../../../functions/core/mirror/fills/fill-source.ts';
import { createFlights } from '../../../../../functions/core/mirror/flights.ts';
import { createMemory } from '../../../../../functions/core/mirror/memory.ts';
import type { Source } from '../../../../../functions/core/sources/source.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const digest = madeDigest('a blob');
const url = 'https://cdn.example/blob';

let asked: string[];
let location: object;
let failures: number;

beforeEach(() => {
  asked = [];
  location = { kind: 'redirect', url };
  failures = 0;
});

/** The first bytes of a fill, and what was requested for them. */
function sourceOf({ others = true, isNamed = true, isGone = false } = {}) {
  const memory = createMemory(1000, () => 0);
  const body = () => ({
    kind: 'found',
    size: 6,
    body: {
      read: async () => ({ done: false, value: new Uint8Array(6) }),
      cancel: async () => undefined,
    },
  });
  const source = {
    key: 'docker.io/library/app',
    repository: { registry: 'docker.io', name: 'library/app' },
    locateBlob: async (_: string, named: boolean) => {
      asked.push(`locate ${named}`);
      if (failures-- > 0) throw new Error('down');
      return location;
    },
    openLocated: async (at: string) => {
      asked.push(`GET ${at}`);
      if (isGone) throw new Error('expired');
      return body();
    },
    openBlob: async (_: string, __: unknown, named: object | undefined) => {
      asked.push(`GET registry ${JSON.stringify(named)}`);
      return body();
    },
  };
  const port = {
    getUpstreamLocation: async () => undefined,
    putUpstreamLocation: async () => undefined,
  };
  const leases = {
    acquire: async () => ({ key: '', fence: 1, expires: 60_000 }),
    release: async () => undefined,
  };
  const runtime = { now: () => 0, random: () => 0.5, waitUntil: () => undefined };
  const context = {
    memory,
    runtime,
    flights: createFlights(runtime),
    missingBlobs: { otherInstancesFill: others },
    attempt: { manifests: port, leases },
  } as unknown as FillContext;
  const watch = {
    reopened: () => undefined,
    waiting: () => undefined,
    waited: () => undefined,
    arrived: () => undefined,
  };
  const { signal } = new AbortController();
  const blob = { digest, size: 6 };
  return {
    memory,
    blobs: createFillSource(context, source as unknown as Source, blob, signal, watch, isNamed),
  };
}

test('an instance that fills alone reads from the registry, in one slice', async () => {
  const { blobs } = sourceOf({ others: false });
  expect(await blobs.slices()).toBe(1);
  await blobs.open(0).read();
  expect(asked).toEqual(['GET registry {"size":6}']);
});

test('a blob that no manifest names is not read from alternates', async () => {
  await sourceOf({ others: false, isNamed: false }).blobs.open(0).read();
  await sourceOf({ isNamed: false }).blobs.slices();
  expect(asked).toEqual(['GET registry undefined', 'locate false']);
});

test('a redirect is requested once and read in four slices', async () => {
  const { blobs } = sourceOf();
  expect(await blobs.slices()).toBe(4);
  await blobs.open(0).read();
  expect(asked).toEqual(['locate true', `GET ${url}`]);
});

test('a registry that serves blobs itself is read in one slice', async () => {
  location = { kind: 'direct' };
  const { blobs } = sourceOf();
  expect(await blobs.slices()).toBe(1);
  await blobs.open(0).read();
  expect(asked).toEqual(['locate true', 'GET registry {"size":6}']);
});

test('a redirect that leads nowhere is dropped, and the registry read', async () => {
  const { blobs, memory } = sourceOf({ isGone: true });
  await blobs.open(0).read();
  expect(asked).toEqual(['locate true', `GET ${url}`, 'GET registry {"size":6}']);
  expect(memory.locations.get(`docker.io/library/app@${digest}`)).toBeUndefined();
  await blobs.slices();
  expect(asked.at(-1)).toBe('locate true');
});

test('a blob that the registry does not have is refused', async () => {
  location = { kind: 'absent' };
  await expect(sourceOf().blobs.open(0).read()).rejects.toThrow();
  expect(asked).toEqual(['locate true']);
});

test('a failed request for the redirect is repeated', async () => {
  failures = 1;
  const { blobs } = sourceOf();
  await expect(blobs.slices()).rejects.toThrow('down');
  expect(await blobs.slices()).toBe(4);
});
