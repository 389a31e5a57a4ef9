import { mkdtemp, open, rm, stat, symlink, truncate, unlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../../../functions/local/open.ts';
import { patience } from '../../../patience.ts';
import { jsonContent } from '../../../standins/images/content.ts';
import { makeImage } from '../../../standins/images/image.ts';
import { randomLayer } from '../../../standins/images/layer.ts';
import { clientOf } from '../../core/clients/any-clients.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../../core/mirror/mirror-over-store.ts';
import { known } from '../../core/mirror/scripted-upstream.ts';

const layer = randomLayer('layer', 100_000);
const image = makeImage({ layers: [layer] });
const digest = known(layer.digest);

let folder: string;
let test: MirrorUnderTest;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-damaged-'));
  test = await openMirror({ openStore: (now) => openEmbeddedStore(folder, { now }) });
  test.upstream.add('library/app', image, '1');
  await test.tag('library/app', '1');
  await test.fill();
});

afterEach(async () => {
  await test.close();
  await rm(folder, { recursive: true, force: true });
});

function fileOfLayer(): string {
  const hex = digest.slice('sha256:'.length);
  return join(folder, 'blobs', 'sha256', hex.slice(0, 2), hex);
}

async function expectLayer(): Promise<void> {
  expect(await bytesOf(await test.blob('library/app', digest))).toEqualBytes(layer.bytes);
}

/** The last bytes go out a moment before the blob is published. */
async function isStored(): Promise<void> {
  await vi.waitFor(
    async () => expect(await test.store.blobs.stat(digest)).toMatchObject({ size: layer.size }),
    patience,
  );
}

const failures = () => test.events.filter(({ kind }) => kind === 'store-failed');

describe('a stored file that cannot be opened', () => {
  it('costs its clients an upstream request each, and no pull', async () => {
    await unlink(fileOfLayer());
    // To itself: opening it fails with ELOOP, whoever opens it.
    await symlink('itself', join(fileOfLayer(), '..', 'itself'));
    await symlink('itself', fileOfLayer());
    test.upstream.asked.length = 0;
    await expectLayer();
    await expectLayer();
    expect(test.upstream.count(`GET blob library/app@${digest}`)).toBe(2);
    expect(failures()).toHaveLength(2);
    expect(failures()[0]).toMatchObject({ operation: 'locate' });
  });
});

describe('a manifest that lies about the size of a stored blob', () => {
  it('costs no upstream request, also after a restart', async () => {
    const body = JSON.parse(Buffer.from(image.manifest.bytes).toString());
    body.layers[0].size = 5;
    const lying = { manifest: jsonContent(body, image.manifest.mediaType) };
    await test.reopen();
    test.upstream.add('library/app', lying, '2');
    await test.tag('library/app', '2');
    test.upstream.asked.length = 0;
    await expectLayer();
    await expectLayer();
    expect(test.upstream.asked).toEqual([]);
    expect(await test.blob('library/app', digest, 'HEAD')).toMatchObject({ size: layer.size });
  });
});

/** Changes one byte, as a disk does: the file's size and time stay. */
async function rot(): Promise<void> {
  const { atime, mtime } = await stat(fileOfLayer());
  const file = await open(fileOfLayer(), 'r+');
  const [byte = 0] = layer.bytes;
  await file.write(Buffer.from([byte ^ 1]), 0, 1, 0);
  await file.close();
  await utimes(fileOfLayer(), atime, mtime);
}

describe('a stored file in which a byte rotted', () => {
  it('while the mirror was down is fetched again for the first client', async () => {
    await rot();
    await test.reopen();
    await expectLayer();
    expect(test.upstream.count(`GET blob library/app@${digest}`)).toBe(2);
    await isStored();
    await expectLayer();
    expect(test.upstream.count(`GET blob library/app@${digest}`)).toBe(2);
  });

  it('while the mirror runs is found when a client requests it twice within a minute', async () => {
    const request = (client: string) =>
      test.mirror
        .repository({ registry: 'docker.io', name: 'library/app' }, { client: clientOf(client) })
        .locateBlob(digest, 'GET', { kind: 'whole' })
        .then(bytesOf);
    for (const client of ['10.0.0.1', '10.0.0.1']) {
      expect(await request(client)).toEqualBytes(layer.bytes);
    }
    await rot();
    for (const client of ['10.0.0.1', '10.0.0.2']) {
      expect(await request(client)).not.toEqualBytes(layer.bytes);
    }
    test.pass(61_000);
    expect(await request('10.0.0.1')).not.toEqualBytes(layer.bytes);
    test.pass(59_000);
    expect(await request('10.0.0.1')).toEqualBytes(layer.bytes);
    await isStored();
    expect(await request('10.0.0.2')).toEqualBytes(layer.bytes);
  });

  it('keeps its image from going out while the upstream is down', async () => {
    await rot();
    await test.reopen();
    test.pass(6 * 60_000);
    test.upstream.failure = new UpstreamError('unreachable', 'no connection');
    expect(await test.tag('library/app', '1')).toMatchObject({ kind: 'found' });
    expect(await test.blob('library/app', digest)).toMatchObject({ kind: 'unobtainable' });
    expect(await test.tag('library/app', '1')).toMatchObject({ kind: 'unobtainable' });
    await test.reopen();
    expect(await test.tag('library/app', '1')).toMatchObject({ kind: 'unobtainable' });
  });

  it('that no client requests is found in the background and fetched again', async () => {
    await test.close();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      await rot();
      let opened: EmbeddedStore | undefined;
      const openStore = async (now: () => number) => {
        opened = await openEmbeddedStore(folder, { now });
        return opened;
      };
      test = await openMirror({ openStore });
      await vi.waitFor(async () => {
        vi.advanceTimersByTime(30 * 86_400_000);
        expect(await test.store.blobs.stat(digest)).toBeUndefined();
      }, patience);
      await vi.waitFor(() => expect(opened?.queue.length).toBe(1), patience);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a stored file that was damaged', () => {
  const down = new UpstreamError('unreachable', 'no connection');

  it('while the mirror was down is fetched again', async () => {
    await truncate(fileOfLayer(), 1000);
    await test.reopen();
    await expectLayer();
    expect(test.upstream.count(`GET blob library/app@${digest}`)).toBe(2);
    await isStored();
  });

  it('keeps its image from going out while the upstream is down', async () => {
    test.pass(6 * 60_000);
    test.upstream.failure = down;
    expect(await test.tag('library/app', '1')).toMatchObject({ kind: 'found' });
    await truncate(fileOfLayer(), 1000);
    expect(await test.blob('library/app', digest)).toMatchObject({ kind: 'unobtainable' });
    expect(await test.tag('library/app', '1')).toMatchObject({ kind: 'unobtainable' });
  });
});
