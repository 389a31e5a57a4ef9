import { afterEach, beforeEach, expect, test } from 'vitest';
import { DynamoDbLeases } from '../../../../functions/aws/dynamodb/leases.ts';
import { DynamoDbLedger } from '../../../../functions/aws/dynamodb/ledger.ts';
import { DynamoDbManifestStore } from '../../../../functions/aws/dynamodb/manifest-store.ts';
import { passThroughAll } from '../../../../functions/core/mirror/blobs/background-fill.ts';
import { createMirror } from '../../../../functions/core/mirror/create-mirror.ts';
import { upkeep } from '../../../../functions/core/mirror/upkeep.ts';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import { nodeRuntime } from '../../../../functions/node/runtime.ts';
import { sourceOf } from '../../../contract/fed-source.ts';
import { imageOf } from '../../../contract/made-content.ts';
import { MemoryManifests } from '../../../standins/dynamodb/memory-manifests.ts';
import { type OpenedS3Store, openS3Store } from '../../../standins/s3/open-s3-store.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const hour = 3_600_000;

/** A tenth of what the fill function has; the calls are as many for each. */
const evictionSteps = 30;

let opened: OpenedS3Store;
beforeEach(async () => {
  opened = await openS3Store(() => Date.now() - 2 * hour);
});
afterEach(() => opened.close());

function manifestStore(table = opened.dynamoDb.another()) {
  return new DynamoDbManifestStore(table, { large: new MemoryManifests(), now: Date.now });
}

async function store(at: number): Promise<void> {
  const texts = Array.from({ length: 9 }, (_, layer) => `${at}: ${layer}`);
  const { manifest, contents, blobs } = imageOf(`image ${at}`, texts);
  await manifestStore().putManifest(repository, manifest, contents, at + 1);
  const bytes = [`config of image ${at}`, ...texts].map((text) => new TextEncoder().encode(text));
  await Promise.all(
    blobs.map(
      (blob, index) => opened.store.put(blob, sourceOf(bytes[index] ?? new Uint8Array())).done,
    ),
  );
}

test('a bounded run takes at most six calls a step', {
  timeout: 60_000,
}, async () => {
  for (let at = 0; at < 5; at++) await store(at);
  const { proxied, dynamoDb } = opened;
  const { table } = dynamoDb;
  const events: MirrorEvent[] = [];
  const limits = { maxBlobBytes: Number.POSITIVE_INFINITY, storeBytes: 1 };
  const options = { upstreams: new Map(), limits, memoryBytes: 1e6, markInterval: hour };
  const mirror = createMirror(
    { ...options, missingBlobs: passThroughAll, upkeep, evictionSteps },
    {
      manifests: manifestStore(table),
      blobs: proxied,
      leases: new DynamoDbLeases(table, Date.now),
      ledger: new DynamoDbLedger(table),
      queue: { enqueue: async () => undefined },
    },
    nodeRuntime((event) => events.push(event)).runtime,
  );
  const calls = await dynamoDb.proxy.during(() => mirror.evict());
  const looked = Math.floor(evictionSteps / 4);
  const evicted = Math.floor((evictionSteps - looked) / 11);
  expect(events).toEqual([expect.objectContaining({ manifests: evicted, blobs: evicted * 10 })]);
  expect(calls.length).toBeLessThanOrEqual(6 * evictionSteps);
  // Its index is asked for what is looked at, not for whatever the bucket's page has.
  expect(calls.filter((action) => action === 'BatchGetItem').length).toBeLessThan(5);
});
