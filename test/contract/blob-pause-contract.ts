import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ByteReader } from '../../functions/core/bytes/byte-reader.ts';
import type { BlobSource, BlobStore, PutOutcome } from '../../functions/core/ports/blob-store.ts';
import { bytesOf, FedSource, sourceOf } from './fed-source.ts';
import { madeDigest } from './made-content.ts';
import type { OpenedPort } from './opened-port.ts';

/** More than three parts of any store, and no round number of them. */
const content = new Uint8Array(randomBytes(27_000_001));
const digest = madeDigest(content);
const size = content.byteLength;
const wanted = { digest, size };

/** Gives `count` bytes from where it is opened, and then nothing until it is cancelled. */
class StallingSource implements BlobSource {
  /** Where it was opened. */
  readonly starts: number[] = [];
  readonly #count: number;
  readonly #bytes: Uint8Array;

  constructor(count: number, bytes = content) {
    this.#count = count;
    this.#bytes = bytes;
  }

  async slices(): Promise<number> {
    return 1;
  }

  open(start: number): ByteReader {
    this.starts.push(start);
    const source = new FedSource();
    source.push(this.#bytes.subarray(start, start + this.#count));
    if (start + this.#count >= size) source.end();
    return source.open();
  }
}

/** Executes the contract of BlobStore.put's `pauseAt` and `progress` on a store that can pause. */
export function describePauseContract(
  name: string,
  open: () => Promise<OpenedPort<BlobStore>>,
): void {
  describe(`BlobStore that pauses: ${name}`, () => {
    let opened: OpenedPort<BlobStore>;
    let store: BlobStore;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    function put(source: BlobSource, milliseconds: number, progress?: string) {
      return store.put(wanted, source, { progress, pauseAt: Date.now() + milliseconds }).done;
    }

    async function expectStored(): Promise<void> {
      expect(await store.usedBytes()).toBe(size);
      const location = await store.locate(digest);
      if (location === undefined) throw new Error('the blob was stored');
      const body = location.kind === 'redirect' ? (await fetch(location.url)).body : location.body;
      expect(madeDigest(body === null ? '' : await bytesOf(body))).toBe(digest);
    }

    function progressOf(outcome: PutOutcome): string {
      if (outcome.kind === 'paused') return outcome.progress;
      throw new Error(`the put was to be paused, and is ${outcome.kind}`);
    }

    /**
     * The progress of puts of which the last one kept a part of these bytes. A busy machine may need
     * long for a part: where none was kept, it begins again and gives them four times as long.
     */
    async function progressWithAPart(bytes = content): Promise<string> {
      for (let milliseconds = 300; ; milliseconds *= 4) {
        // A store may keep only what comes after a first pause.
        const first = progressOf(await put(new StallingSource(11_000_000, bytes), 100));
        const stalling = new StallingSource(11_000_000, bytes);
        const second = progressOf(await put(stalling, milliseconds, first));
        const next = new StallingSource(0);
        const third = progressOf(await put(next, 300, second));
        if ((next.starts[0] ?? 0) > 0) return third;
      }
    }

    test('a put that has time enough ends', async () => {
      expect(await put(sourceOf(content), 60_000)).toEqual({ kind: 'stored', size });
      await expectStored();
    });

    test('a paused put shows nothing, and others go on from where it was', async () => {
      let progress: string | undefined;
      const starts: number[] = [];
      let outcome: PutOutcome = { kind: 'paused', progress: '' };
      // Each of them gets 11 MB further than what it goes on from, if it has the time for it.
      for (let milliseconds = 500; outcome.kind === 'paused'; ) {
        const source = new StallingSource(11_000_000);
        outcome = await put(source, milliseconds, progress);
        const isFurther = (source.starts[0] ?? 0) > (starts.at(-1) ?? -1);
        if (!isFurther) milliseconds *= 4;
        starts.push(...source.starts);
        if (outcome.kind !== 'paused') break;
        progress = outcome.progress;
        expect(Buffer.byteLength(progress)).toBeLessThanOrEqual(60_000);
        expect(await store.stat(digest)).toBeUndefined();
        expect(await store.locate(digest)).toBeUndefined();
        expect(await store.usedBytes()).toBe(0);
        store = await opened.reopen();
      }
      expect(outcome).toEqual({ kind: 'stored', size });
      expect(starts.at(-1)).toBeGreaterThan(0);
      await expectStored();
    });

    test('wrong bytes are found also when they came before a pause', async () => {
      const flipped = content.slice();
      flipped[100] = (flipped[100] ?? 0) ^ 1;
      const progress = await progressWithAPart(flipped);
      const rest = await put(sourceOf(content), 60_000, progress);
      expect(rest.kind).toBe('mismatch');
      expect(await store.stat(digest)).toBeUndefined();
      expect(await store.usedBytes()).toBe(0);
    });

    test.each([
      ['no progress at all', 'what?'],
      ['of another kind', '{"version":1000}'],
      ['of a put that nobody knows', '{"version":1,"barren":0,"upload":"none","parts":2}'],
    ])('progress that cannot be gone on from begins at the start: %s', async (_, progress) => {
      const source = new StallingSource(size);
      expect(await put(source, 60_000, progress)).toEqual({ kind: 'stored', size });
      expect(source.starts).toEqual([0]);
      await expectStored();
    });

    test('a hash state of an unknown version begins at the start', async () => {
      const progress = await progressWithAPart();
      const unknown = progress.replace(/"1:(?=[0-9a-f]{80})/, '"2:');
      expect(unknown).not.toBe(progress);
      const source = new StallingSource(size);
      expect(await put(source, 60_000, unknown)).toEqual({ kind: 'stored', size });
      expect(source.starts[0]).toBe(0);
      await expectStored();
    });

    test('after three pauses in a row without one more part the source is too slow', async () => {
      let progress: string | undefined;
      for (let pauses = 0; pauses < 3; pauses++) {
        progress = progressOf(await put(new StallingSource(0), 100, progress));
      }
      await expect(put(new StallingSource(0), 100, progress)).rejects.toThrow('too slow');
      expect(await store.stat(digest)).toBeUndefined();
    });

    test('pauses without one more part lose nothing of what is uploaded', async () => {
      // The third of its puts was one, and on a slow machine the second, too.
      const before = await progressWithAPart();
      const progress = progressOf(await put(new StallingSource(0), 100, before));
      const rest = new StallingSource(size);
      expect(await put(rest, 60_000, progress)).toEqual({ kind: 'stored', size });
      expect(rest.starts[0]).toBeGreaterThan(0);
      await expectStored();
    });

    test('a source that gives up loses nothing of what is uploaded either', async () => {
      const progress = await progressWithAPart();
      const failing = new FedSource();
      const { done } = store.put(wanted, failing, { progress });
      await failing.begun;
      failing.fail(new Error('gone'));
      await expect(done).rejects.toThrow('gone');
      const rest = new StallingSource(size);
      expect(await put(rest, 60_000, progress)).toEqual({ kind: 'stored', size });
      expect(rest.starts[0]).toBeGreaterThan(0);
      await expectStored();
    });

    test('progress of a blob that is stored meanwhile', async () => {
      const progress = progressOf(await put(new StallingSource(11_000_000), 300));
      expect((await store.put(wanted, sourceOf(content)).done).kind).toBe('stored');
      const late = new StallingSource(size);
      expect(await put(late, 60_000, progress)).toEqual({ kind: 'stored', size });
      expect(late.starts).toEqual([]);
      await expectStored();
    });

    test('a put that is to go on and is aborted rejects', async () => {
      const progress = progressOf(await put(new StallingSource(11_000_000), 300));
      const abort = new AbortController();
      const source = new FedSource();
      const { done } = store.put(wanted, source, { progress, signal: abort.signal });
      await source.begun;
      abort.abort(new Error('stopped'));
      await expect(done).rejects.toThrow('stopped');
      expect(await store.stat(digest)).toBeUndefined();
    });
  });
}
