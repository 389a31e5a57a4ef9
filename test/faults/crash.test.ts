import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { patience } from '../patience.ts';
import { oneMachine } from './one-machine.ts';
import { image, largeLayer, openScenes } from './scene.ts';

const setScene = openScenes(oneMachine);

const slow = {
  on: 'blob',
  match: largeLayer,
  do: { kind: 'stall', after: 1_500_000 },
  times: 1,
} as const;

describe('the mirror is killed', () => {
  // The peer is right after this too, but fetches everything again and leaves the half file.
  it('while it fills: the next start cleans up, fills the rest, and serves right bytes', async () => {
    const { upstream, mirror, manifest, blob } = await setScene({ blobs: 'stream' });
    upstream.fail(slow);
    await manifest();
    const response = await blob();
    const reader = response.body?.getReader();
    await reader?.read();
    await mirror.end('SIGKILL');
    expect(await incoming(mirror.data)).not.toEqual([]);
    await mirror.start();
    // Nobody asks for it again: the queue does.
    await upstream.until({ kind: 'blob', reference: largeLayer, status: 200 }, 2);
    const again = await blob();
    expect((await again.arrayBuffer()).byteLength).toBe(image.layers[0]?.size);
    await vi.waitFor(async () => expect(await incoming(mirror.data)).toEqual([]), patience);
  });

  it('after a pull: nothing that was stored is fetched again', async () => {
    const { upstream, mirror, warm, pull } = await setScene();
    await warm();
    await mirror.end('SIGKILL');
    await mirror.start();
    expect(await pull()).toMatchObject({ isComplete: true });
    expect(upstream.count({ method: 'GET' })).toBe(0);
  });
});

describe('somebody cuts a stored file short', () => {
  it('while the mirror is down: it is fetched again, and the pull is right', async () => {
    const { mirror, warm, pull } = await setScene();
    await warm();
    await mirror.end('SIGTERM');
    const hex = largeLayer.slice('sha256:'.length);
    await truncate(join(mirror.data, 'blobs', 'sha256', hex.slice(0, 2), hex), 1000);
    await mirror.start();
    expect(await pull()).toMatchObject({ isComplete: true });
  });
});

describe('the mirror is ended', () => {
  it('answers what is in flight, keeps the fills for the next start, and exits with 0', async () => {
    const { upstream, mirror, manifest, blob } = await setScene({ blobs: 'stream' });
    await manifest();
    const response = await blob();
    const ended = mirror.end('SIGTERM');
    expect((await response.arrayBuffer()).byteLength).toBe(image.layers[0]?.size);
    expect(await ended).toBe(0);
    await mirror.start();
    expect((await manifest(image.manifest.digest)).status).toBe(200);
    expect(upstream.count({ kind: 'manifest', method: 'GET' })).toBe(1);
  });

  it('does not wait for a fill that nobody follows', async () => {
    const { upstream, mirror, manifest } = await setScene({ blobs: 'stream' });
    upstream.fail(slow);
    await manifest();
    await upstream.until({ kind: 'blob', reference: largeLayer, status: 200 });
    expect(await mirror.end('SIGTERM')).toBe(0);
    await mirror.start();
    await upstream.until({ kind: 'blob', reference: largeLayer, status: 200 }, 2);
  });
});

async function incoming(data: string): Promise<string[]> {
  return readdir(join(data, 'blobs', 'incoming'));
}
