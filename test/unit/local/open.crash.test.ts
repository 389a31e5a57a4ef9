import { createHash, randomInt } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readManifest } from '../../../functions/core/oci/manifest.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../../functions/local/open.ts';
import { madeDigest } from '../../contract/made-content.ts';
import { bundleChild, StoreProcess } from './store-process.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
let bundle: Awaited<ReturnType<typeof bundleChild>>;
let folder: string;

beforeAll(async () => {
  bundle = await bundleChild(new URL('./store-child.ts', import.meta.url));
  folder = await mkdtemp(join(tmpdir(), 'pullfront-crash-'));
});
afterAll(async () => {
  await bundle.remove();
  await rm(folder, { recursive: true, force: true });
});

/** What the process said it had stored, by kind. */
function acknowledged(lines: readonly string[], kind: string): string[] {
  return lines
    .filter((line) => line.startsWith(`${kind} `))
    .map((line) => line.split(' ')[1] ?? '');
}

async function expectBlobs(store: EmbeddedStore, acks: readonly string[]): Promise<void> {
  const found = new Set<string>();
  for await (const blob of store.blobs.list()) {
    const [algorithm = '', hex = ''] = blob.digest.split(':');
    const bytes = await readFile(join(folder, 'blobs', algorithm, hex.slice(0, 2), hex));
    expect(createHash(algorithm).update(bytes).digest('hex')).toBe(hex);
    expect(blob.size).toBe(bytes.byteLength);
    found.add(blob.digest);
  }
  expect(acks.filter((digest) => !found.has(digest))).toEqual([]);
  expect(await readdir(join(folder, 'blobs', 'incoming'))).toEqual([]);
}

async function expectManifests(store: EmbeddedStore, acks: readonly string[]): Promise<void> {
  const found = new Set<string>();
  for (const mark of await store.manifests.leastRecentlyPulled(1_000_000)) {
    const manifest = await store.manifests.getManifest(mark.repository, mark.digest);
    expect(manifest && madeDigest(manifest.bytes)).toBe(mark.digest);
    for (const { digest } of (manifest && readManifest(manifest)?.blobs) ?? []) {
      expect(await store.manifests.getBlobEntry(repository, digest)).toBeDefined();
      expect(await store.manifests.isBlobNamed(digest)).toBe(true);
    }
    found.add(mark.digest);
  }
  expect(acks.filter((digest) => !found.has(digest))).toEqual([]);
}

/** Every job that is queued, by its blob. */
async function queued(store: EmbeddedStore): Promise<string[]> {
  const jobs: string[] = [];
  const all = store.queue.length;
  await new Promise<void>((resolve) => {
    if (all === 0) resolve();
    store.queue.start(async (job) => {
      jobs.push(job.blob.digest);
      if (jobs.length === all) resolve();
      return { kind: 'done' };
    });
  });
  return jobs;
}

test('killed at any moment, it loses nothing acknowledged and shows nothing half', async () => {
  const acks: string[] = [];
  let interrupted = 0;
  for (let round = 0; round < 10; round++) {
    const child = new StoreProcess(process.execPath, [bundle.path, folder, 'write']);
    expect(await child.said(1)).toContain('open');
    // The moment is the point here: nothing that could be waited for may decide it.
    await pause(randomInt(20, 400));
    await child.kill();
    acks.push(...child.lines);
    interrupted += (await readdir(join(folder, 'blobs', 'incoming'))).length;
    const store = await openEmbeddedStore(folder, { now: Date.now });
    await expectBlobs(store, acknowledged(acks, 'blob'));
    await expectManifests(store, acknowledged(acks, 'manifest'));
    await store.close();
  }
  const store = await openEmbeddedStore(folder, { now: Date.now });
  const jobs = new Set(await queued(store));
  await store.close();
  expect(acknowledged(acks, 'job').filter((digest) => !jobs.has(digest))).toEqual([]);
  // Else the rounds proved nothing.
  expect(acknowledged(acks, 'blob').length).toBeGreaterThan(0);
  expect(acknowledged(acks, 'manifest').length).toBeGreaterThan(0);
  expect(interrupted).toBeGreaterThan(0);
});
