import { execFile, spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import type { NodeMirror } from '../forms/node.ts';
import { patience } from '../patience.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { oneMachine } from './one-machine.ts';
import { image, movedImage, openScenes, repository } from './scene.ts';

const setScene = openScenes(oneMachine);

/** A mount would need root. To the process a full disk is the same: from there on a write fails. */
async function boundFiles(mirror: NodeMirror, bytes: number | 'unlimited'): Promise<void> {
  const args = ['--pid', String(mirror.pid), `--fsize=${bytes}:unlimited`];
  await promisify(execFile)(prlimit, args);
}

/** Of util-linux. */
const prlimit = 'prlimit';
const hasPrlimit = spawnSync(prlimit, ['--version']).status === 0;

describe.skipIf(!hasPrlimit)('the disk takes nothing any more (needs prlimit)', () => {
  // The peer answers 200 and cuts the connection, and again on each retry.
  it('the mirror stays, serves what it has, and passes through what it has not', async () => {
    const { upstream, mirror, warm, pull } = await setScene();
    await warm();
    await boundFiles(mirror, 0);
    upstream.add(repository, movedImage, '2');
    for (let round = 0; round < 3; round++) {
      expect(await pull('2')).toMatchObject({ isComplete: true });
      expect(await pull('1')).toMatchObject({ isComplete: true });
    }
    const digests = [image.config, ...image.layers].map(({ digest }) => digest);
    expect(upstream.requests.filter(({ reference = '' }) => digests.includes(reference))).toEqual(
      [],
    );
    expect(await readdir(join(mirror.data, 'blobs', 'incoming'))).toEqual([]);
    expect(mirror.output).toContain('store-failed');
    expect(mirror.output).not.toContain('unexpected');
  });

  it('and does again: it stores again', async () => {
    const { upstream, mirror, warm, pull } = await setScene();
    await warm();
    const before = await mirror.storedBytes();
    await boundFiles(mirror, 0);
    upstream.add(repository, movedImage, '2');
    expect(await pull('2')).toMatchObject({ isComplete: true });
    await boundFiles(mirror, 'unlimited');
    const next = makeImage({ layers: [randomLayer('next', 100_000)] });
    upstream.add(repository, next, '3');
    expect(await pull('3')).toMatchObject({ isComplete: true });
    await vi.waitFor(
      async () => expect(await mirror.storedBytes()).toBeGreaterThanOrEqual(before + 100_000),
      patience,
    );
  });

  it('half-way through a blob: who follows it is cut, and whoever asks next is not', async () => {
    const { mirror, pull } = await setScene();
    await boundFiles(mirror, 1_000_000);
    expect(await pull()).toMatchObject({ isComplete: false });
    for (let round = 0; round < 3; round++) {
      expect(await pull()).toMatchObject({ isComplete: true });
    }
    expect(mirror.output).not.toContain('unexpected');
  });
});
