import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DynamoDbManifestStore } from '../../../../functions/aws/dynamodb/manifest-store.ts';
import { alpine, imageOfLayers } from '../../../standins/dynamodb/made-images.ts';
import { MemoryManifests } from '../../../standins/dynamodb/memory-manifests.ts';
import { type OpenedDynamoDb, openDynamoDb } from '../../../standins/dynamodb/open-dynamodb.ts';
import type { SeenCall } from '../../../standins/dynamodb/service-proxy.ts';

const all = { limit: undefined, last: undefined };

let opened: OpenedDynamoDb;
/** The store that a test holds up, and one that goes on meanwhile. */
let slow: DynamoDbManifestStore;
let other: DynamoDbManifestStore;

beforeEach(async () => {
  opened = await openDynamoDb();
  const options = { large: new MemoryManifests(), now: Date.now };
  slow = new DynamoDbManifestStore(opened.table, options);
  other = new DynamoDbManifestStore(opened.another(), options);
});
afterEach(() => opened.close());

/** Holds calls of the slow store; `reached` resolves when the first is held. */
function hold(isHeld: (call: SeenCall) => boolean) {
  let reach: () => void = () => undefined;
  let release: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const released = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  opened.proxy.answerBy((call) => {
    if (!isHeld(call)) return undefined;
    reach();
    return released;
  });
  return { reached, release: () => release() };
}

type Image = ReturnType<typeof imageOfLayers>;

async function expectWhole({ manifest, blobs }: Image) {
  expect(await other.getManifest(alpine, manifest.digest)).toMatchObject(manifest);
  for (const { digest } of blobs) {
    expect(await other.getBlobEntry(alpine, digest)).toBeDefined();
    expect(await other.isBlobNamed(digest)).toBe(true);
  }
  expect((await other.listRepositories(all)).entries).toEqual(['docker.io/library/alpine']);
  const pulls = await other.leastRecentlyPulled(10);
  expect(pulls.filter(({ digest }) => digest === manifest.digest)).toHaveLength(1);
}

async function expectAbsent({ manifest, blobs }: Image) {
  expect(await other.getManifest(alpine, manifest.digest)).toBeUndefined();
  for (const { digest } of blobs) expect(await other.isBlobNamed(digest)).toBe(false);
  const pulls = await other.leastRecentlyPulled(10);
  expect(pulls.filter(({ digest }) => digest === manifest.digest)).toEqual([]);
}

function partOf({ input }: SeenCall, name: string): string {
  return JSON.stringify(input[name] ?? '');
}

describe('a removal and a put that meet', () => {
  test('a manifest put while its rows are being removed keeps all of them', async () => {
    const image = imageOfLayers(10);
    await slow.putManifest(alpine, image.manifest, image.contents, 1);
    const { reached, release } = hold(({ action }) => action === 'DeleteItem');
    const removal = slow.removeManifest(alpine, image.manifest.digest);
    await reached;
    expect(await other.getManifest(alpine, image.manifest.digest)).toBeUndefined();
    await other.putManifest(alpine, image.manifest, image.contents, 1);
    release();
    await removal;
    await expectWhole(image);
    await other.removeManifest(alpine, image.manifest.digest);
    await expectAbsent(image);
  });

  test('a put that began before a removal and another put ends as one with the latter', async () => {
    const image = imageOfLayers(10);
    const { reached, release } = hold(({ action }) => action === 'BatchWriteItem');
    const late = slow.putManifest(alpine, image.manifest, image.contents, 5);
    await reached;
    await other.putManifest(alpine, image.manifest, image.contents, 1);
    await other.removeManifest(alpine, image.manifest.digest);
    await other.putManifest(alpine, image.manifest, image.contents, 3);
    release();
    await late;
    await expectWhole(image);
    expect((await other.leastRecentlyPulled(10))[0]?.pulled).toBe(3);
    await other.removeManifest(alpine, image.manifest.digest);
    await expectAbsent(image);
  });

  test('rows that a late put wrote for an earlier generation are not left to its removal', async () => {
    const image = imageOfLayers(10);
    const { manifest, contents } = image;
    const putting = hold(({ action }) => action === 'BatchWriteItem');
    const late = slow.putManifest(alpine, manifest, contents, 5);
    await putting.reached;
    await other.putManifest(alpine, manifest, contents, 1);
    const removing = hold(({ action }) => action === 'DeleteItem');
    const removal = slow.removeManifest(alpine, manifest.digest);
    await removing.reached;
    await other.putManifest(alpine, manifest, contents, 3);
    const isOwnPull = (call: SeenCall) => partOf(call, 'Key').includes('0000000000000005#');
    const cleaning = hold((call) => call.action === 'DeleteItem' && isOwnPull(call));
    putting.release();
    // It finds the other put's manifest, writes the rows anew, and then takes its own pull back.
    await cleaning.reached;
    removing.release();
    await removal;
    cleaning.release();
    await late;
    await expectWhole(image);
  });

  test.each([
    ['before its member is written', (call: SeenCall) => call.action === 'BatchWriteItem'],
    [
      'before the catalogue is',
      (call: SeenCall) => call.action === 'PutItem' && partOf(call, 'Item').includes('catalogue'),
    ],
    [
      'before its own item is',
      (call: SeenCall) => call.action === 'PutItem' && partOf(call, 'Item').includes('mediaType'),
    ],
  ])('the repository of a put stays in the catalogue: held %s', async (_, isHeld) => {
    const [one, two] = [imageOfLayers(1, 'one'), imageOfLayers(1, 'two')];
    await other.putManifest(alpine, one.manifest, one.contents, 1);
    const { reached, release } = hold(isHeld);
    const put = slow.putManifest(alpine, two.manifest, two.contents, 2);
    await reached;
    await other.removeManifest(alpine, one.manifest.digest);
    release();
    await put;
    await expectWhole(two);
  });

  test('a removal that saw no manifest leaves the name of one that came meanwhile', async () => {
    const [one, two] = [imageOfLayers(1, 'one'), imageOfLayers(1, 'two')];
    await other.putManifest(alpine, one.manifest, one.contents, 1);
    const { reached, release } = hold(
      (call) => call.action === 'DeleteItem' && partOf(call, 'Key').includes('catalogue'),
    );
    const removal = slow.removeManifest(alpine, one.manifest.digest);
    await reached;
    await other.putManifest(alpine, two.manifest, two.contents, 2);
    release();
    await removal;
    await expectWhole(two);
  });

  test('whatever meets, in the end each manifest is whole or absent', async () => {
    const images = ['one', 'two'].map((name) => imageOfLayers(3, name));
    for (let round = 0; round < 12; round++) {
      await Promise.all(
        Array.from({ length: 6 }, async (_, actor) => {
          const image = images[(actor + round) % 2];
          if (image === undefined) return;
          const { manifest, contents } = image;
          const store = actor % 3 === 0 ? slow : other;
          if (actor % 2 === 0) await store.putManifest(alpine, manifest, contents, round + actor);
          else await store.removeManifest(alpine, manifest.digest);
        }),
      );
      for (const image of images) {
        const { digest } = image.manifest;
        // A removal that another one overtook has ended before the other did its work.
        if (await other.getManifest(alpine, digest)) await expectWhole(image);
        else await expectAbsent(image);
      }
    }
  });
});

describe('a removal that broke off', () => {
  test('is offered for eviction again, and then done', async () => {
    const image = imageOfLayers(5);
    await slow.putManifest(alpine, image.manifest, image.contents, 1);
    const body = { __type: 'ValidationException' };
    opened.proxy.answerBy(({ action }) =>
      action === 'DeleteItem' ? { status: 400, body } : undefined,
    );
    await expect(slow.removeManifest(alpine, image.manifest.digest)).rejects.toThrow('Validation');
    opened.proxy.answerBy(() => undefined);
    expect(await slow.getManifest(alpine, image.manifest.digest)).toBeUndefined();
    const [pull] = await slow.leastRecentlyPulled(10);
    expect(pull).toMatchObject({ repository: alpine, digest: image.manifest.digest });
    await slow.removeManifest(alpine, image.manifest.digest);
    await expectAbsent(image);
    expect((await slow.listRepositories(all)).entries).toEqual([]);
  });
});
