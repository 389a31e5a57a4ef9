import { expect, test } from 'vitest';
import { passThroughAll } from '../../../../functions/core/mirror/blobs/background-fill.ts';
import { createMirror } from '../../../../functions/core/mirror/create-mirror.ts';
import { upkeep } from '../../../../functions/core/mirror/upkeep.ts';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import { nodeRuntime } from '../../../../functions/node/runtime.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { sharedWorkerd } from '../../../standins/workerd/shared-workerd.ts';

const { told, ports } = sharedWorkerd();

const hour = 3_600_000;

/** The statements that D1 runs for an invocation, and what of them is left to the fill that eviction follows. */
const mostStatements = 1000;
const reserved = 50;

async function run(statement: string, ...values: readonly unknown[]): Promise<void> {
  await told().run([{ sql: statement, values }]);
}

/** Manifests without blobs: what takes the most statements a step. */
async function addManifests(count: number): Promise<void> {
  const digests = Array.from({ length: count }, (_, at) => madeDigest(`manifest ${at}`));
  const list = JSON.stringify(digests);
  const each = 'FROM json_each(?1)';
  await run(`INSERT INTO manifest_texts (digest, text) SELECT value, '{}' ${each}`, list);
  const columns = '(repository, digest, mediaType, pulled)';
  const row = "'docker.io/library/app', value, 'application/json', 1";
  await run(`INSERT INTO manifests ${columns} SELECT ${row} ${each}`, list);
}

/** Blobs that no manifest names, each of a megabyte as D1 has it. */
async function addUnnamed(count: number): Promise<void> {
  const digests = Array.from({ length: count }, (_, at) => madeDigest(`left behind ${at}`));
  for (const digest of digests) {
    const hex = digest.slice('sha256:'.length);
    await told().putObject(`blobs/sha256/${hex.slice(0, 2)}/${hex}`, 'x');
  }
  const rows = digests.map((digest) => ({ digest, size: 1_000_000, stored: Date.now() }));
  const { addToUsed = '', addBlobs = '' } = await told().statements();
  // In this order, as the store does it: what is there already adds nothing to the sum.
  for (const statement of [addToUsed, addBlobs]) await run(statement, JSON.stringify(rows));
}

function mirrorOf(evictionSteps: number, events: MirrorEvent[]) {
  const limits = { maxBlobBytes: Number.POSITIVE_INFINITY, storeBytes: 1000 };
  const options = { upstreams: new Map(), limits, memoryBytes: 1e6, markInterval: hour };
  // All that is stored is older than what may be on its way.
  const now = () => Date.now() + 2 * hour;
  return createMirror(
    { ...options, missingBlobs: passThroughAll, upkeep, evictionSteps },
    ports(now),
    {
      ...nodeRuntime((event) => events.push(event)).runtime,
      now,
    },
  );
}

test('a run keeps to the statements of an invocation, whatever it finds', async () => {
  const steps = await told().evictionSteps();
  await addManifests(steps + 10);
  await addUnnamed(60);
  const events: MirrorEvent[] = [];
  const before = await told().ranStatements();
  await told().allowStatements(mostStatements - reserved);
  try {
    await mirrorOf(steps, events).evict();
  } finally {
    await told().allowStatements();
  }
  const ran = (await told().ranStatements()) - before;
  const blobs = Math.floor(steps / 4);
  const manifests = steps - blobs;
  expect(events).toEqual([{ kind: 'evicted', manifests, blobs, bytes: blobs * 1_000_000 }]);
  // Five for a blob, five for a manifest, and a few for the run.
  expect(ran).toBeLessThan(5 * blobs + 5 * manifests + 25);
  expect(ran).toBeGreaterThan(5 * manifests);
});
