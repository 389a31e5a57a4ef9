import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  BlobStore,
  Condemnation,
  CondemnedBlob,
  StoredBlob,
} from '../../functions/core/ports/blob-store.ts';
import { bytesOf, FedSource, sourceOf } from './fed-source.ts';
import { madeDigest } from './made-content.ts';
import type { OpenedPort } from './opened-port.ts';

export interface OpenedCondemnation extends OpenedPort<BlobStore> {
  /** The clock of all instances, in ms since 1970. */
  now(): number;
  pass(milliseconds: number): void;
}

const hour = 3_600_000;

/** Executes the contract of BlobStore.condemnation on a store that deletes in two steps. */
export function describeCondemnationContract(
  name: string,
  open: () => Promise<OpenedCondemnation>,
): void {
  describe(`Condemnation: ${name}`, () => {
    let opened: OpenedCondemnation;
    let store: BlobStore;
    let condemnation: Condemnation;

    const content = new Uint8Array(randomBytes(50_000));
    const digest = madeDigest(content);
    const size = content.byteLength;

    function use(opening: BlobStore): void {
      store = opening;
      if (store.condemnation === undefined) throw new Error('it deletes in one step');
      condemnation = store.condemnation;
    }

    beforeEach(async () => {
      opened = await open();
      use(opened.store);
      expect((await store.put({ digest, size }, sourceOf(content)).done).kind).toBe('stored');
    });
    afterEach(() => opened.close());

    async function listed(): Promise<StoredBlob[]> {
      const blobs: StoredBlob[] = [];
      for await (const blob of store.list()) blobs.push(blob);
      return blobs;
    }

    async function isLocated(): Promise<boolean> {
      const location = await store.locate(digest);
      if (location?.kind === 'stream') {
        return madeDigest(await bytesOf(location.body)) === digest;
      }
      return location !== undefined;
    }

    async function expectStored(): Promise<void> {
      expect(await store.stat(digest)).toMatchObject({ digest, size });
      expect(await store.usedBytes()).toBe(size);
      expect(await listed()).toHaveLength(1);
      expect(await isLocated()).toBe(true);
    }

    async function expectNotStored(): Promise<void> {
      expect(await store.stat(digest)).toBeUndefined();
      expect(await store.usedBytes()).toBe(0);
      expect(await listed()).toEqual([]);
    }

    /** Condemns the blob and waits until it is due. */
    async function due(): Promise<CondemnedBlob> {
      await condemnation.condemn(digest);
      opened.pass(hour + 1);
      const [blob] = await condemnation.due(10);
      if (blob === undefined) throw new Error('it is not due');
      return blob;
    }

    test('a condemned blob is not stored, and is still located for a while', async () => {
      expect(await condemnation.condemn(digest)).toMatchObject({ digest, size });
      await expectNotStored();
      expect(await isLocated()).toBe(true);
      use(await opened.reopen());
      await expectNotStored();
      opened.pass(condemnation.memoryLife);
      expect(await isLocated()).toBe(true);
      opened.pass(condemnation.memoryLife);
      expect(await isLocated()).toBe(false);
    });

    test('condemning what is not stored has no effect', async () => {
      expect(await condemnation.condemn(madeDigest('something else'))).toBeUndefined();
      opened.pass(2 * hour);
      expect(await condemnation.due(10)).toEqual([]);
      await expectStored();
    });

    test('a blob is due when every URL of it has expired, and not before', async () => {
      const urlLife = 2 * condemnation.memoryLife;
      await condemnation.condemn(digest);
      opened.pass(3 * condemnation.memoryLife + urlLife);
      expect(await condemnation.due(10)).toEqual([]);
      opened.pass(hour / 6 + 1);
      const [blob, ...others] = await condemnation.due(10);
      expect([blob?.digest, others]).toEqual([digest, []]);
    });

    test('condemning it again begins the wait anew, and counts once', async () => {
      await condemnation.condemn(digest);
      opened.pass(hour - 1);
      expect(await condemnation.condemn(digest)).toBeUndefined();
      expect(await store.usedBytes()).toBe(0);
      opened.pass(hour - 1);
      expect(await condemnation.due(10)).toEqual([]);
      opened.pass(2);
      expect(await condemnation.due(10)).toHaveLength(1);
    });

    test('those condemned first are due first, and no more than asked for', async () => {
      const others = [1, 2].map((at) => new TextEncoder().encode(`blob ${at}`));
      for (const bytes of others) {
        const wanted = { digest: madeDigest(bytes), size: bytes.byteLength };
        await store.put(wanted, sourceOf(bytes)).done;
      }
      const [one, two] = others.map((bytes) => madeDigest(bytes));
      for (const each of [two, digest, one]) {
        if (each !== undefined) await condemnation.condemn(each);
        opened.pass(10);
      }
      opened.pass(2 * hour);
      const digests = async (limit: number) =>
        (await condemnation.due(limit)).map((blob) => blob.digest);
      expect(await digests(10)).toEqual([two, digest, one]);
      expect(await digests(2)).toEqual([two, digest]);
    });

    test('an erased blob is gone and can be put again', async () => {
      await condemnation.erase(await due());
      await expectNotStored();
      expect(await store.locate(digest)).toBeUndefined();
      expect(await condemnation.due(10)).toEqual([]);
      const source = new FedSource();
      const again = store.put({ digest, size }, source).done;
      source.push(content).end();
      expect(await again).toEqual({ kind: 'stored', size });
      expect(source.opened).toBe(1);
      await expectStored();
    });

    test('a restored blob is stored, and is not erased by who saw it condemned', async () => {
      const blob = await due();
      await condemnation.restore(digest);
      expect(await condemnation.due(10)).toEqual([]);
      await condemnation.erase(blob);
      await expectStored();
      use(await opened.reopen());
      await expectStored();
    });

    test('restoring what is stored or unknown has no effect', async () => {
      await condemnation.restore(digest);
      await condemnation.restore(madeDigest('something else'));
      await expectStored();
    });

    test('a put restores a condemned blob without reading its source', async () => {
      const blob = await due();
      const source = new FedSource();
      expect(await store.put({ digest, size }, source).done).toEqual({ kind: 'stored', size });
      expect(source.opened).toBe(0);
      await condemnation.erase(blob);
      await expectStored();
    });

    test('a blob that was condemned anew is not erased for its first time', async () => {
      const blob = await due();
      await condemnation.restore(digest);
      await condemnation.condemn(digest);
      await condemnation.erase(blob);
      expect(await isLocated()).toBe(true);
      await condemnation.restore(digest);
      await expectStored();
    });

    test('puts and erasing at the same moment leave the blob whole or gone', async () => {
      for (let round = 0; round < 5; round++) {
        const blob = await due();
        const put = () => store.put({ digest, size }, sourceOf(content)).done;
        const outcomes = await Promise.all([
          condemnation.erase(blob),
          put(),
          condemnation.erase(blob),
          put(),
        ]);
        expect(outcomes[1]).toEqual({ kind: 'stored', size });
        await expectStored();
      }
    });

    test('deleting a condemned blob deletes it at once', async () => {
      await condemnation.condemn(digest);
      await store.delete(digest);
      await expectNotStored();
      expect(await store.locate(digest)).toBeUndefined();
      expect(await condemnation.due(10)).toEqual([]);
    });
  });
}
