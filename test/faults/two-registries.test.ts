import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NodeMirror } from '../forms/node.ts';
import { pull } from '../forms/pull.ts';
import { patience } from '../patience.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';
import { image, largeLayer, repository } from './scene.ts';

let good: Upstream;
let evil: Upstream;
let mirror: NodeMirror;
/** Ends what the faulty registry holds back. */
let letGo: () => void;

async function start(more: object = {}) {
  const upstreams = { 'docker.io': { url: good.url }, 'evil.test': { url: evil.url } };
  mirror = await NodeMirror.start({ upstreams, ...more });
}

beforeEach(async () => {
  good = await startUpstream();
  evil = await startUpstream({ blobs: 'stream' });
  for (const upstream of [good, evil]) upstream.add(repository, image, '1');
});
afterEach(async () => {
  letGo?.();
  await mirror.close();
  await Promise.all([good.close(), evil.close()]);
});

/** Sends a part of a body, and the rest when it is let go. */
function hold() {
  const until = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  return { kind: 'hold', until, after: 100_000 } as const;
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

const ofEvil = (init: RequestInit = {}) =>
  mirror.get(`/v2/evil.test/${repository}/blobs/${largeLayer}`, init);

const bytesOfImage = [image.config, ...image.layers].reduce((sum, { size }) => sum + size, 0);

describe('a registry that holds back the layer of another one', () => {
  it('holds up no pull from that one', async () => {
    await start();
    evil.fail({ on: 'blob', method: 'GET', do: hold() });
    const held = await ofEvil();
    await held.body?.getReader().read();
    expect(await pull(mirror.url, repository, '1')).toMatchObject({ isComplete: true });
    await vi.waitFor(async () => expect(await mirror.storedBytes()).toBe(bytesOfImage), patience);
  });

  it('cuts no pull from that one by its wrong bytes', async () => {
    await start();
    evil.fail({ on: 'blob', method: 'GET', do: { kind: 'flip', at: 1000 } });
    evil.fail({ on: 'blob', method: 'GET', do: hold() });
    const wrong = (await ofEvil()).arrayBuffer();
    await (await mirror.get(`/v2/${repository}/manifests/1`)).arrayBuffer();
    const right = await mirror.get(`/v2/${repository}/blobs/${largeLayer}`);
    letGo();
    await expect(wrong).rejects.toThrow();
    expect(Buffer.from(image.layers[0]?.bytes ?? []).equals(await bytesOf(right))).toBe(true);
  });

  it('does not get its clients the bytes that only that one sent', async () => {
    await start();
    await pull(mirror.url, repository, '1');
    await vi.waitFor(async () => expect(await mirror.storedBytes()).toBe(bytesOfImage), patience);
    evil.fail({ on: 'blob', method: 'GET', do: { kind: 'status', status: 500 } });
    const response = await ofEvil();
    expect(response.status).toBe(503);
    await response.arrayBuffer();
  });
});

describe('a blob whose size nobody states', () => {
  it('is bounded, and passed through once it proved too large', async () => {
    await start({ limits: { maxBlobBytes: '1MB' } });
    evil.fail({ on: 'blob', do: { kind: 'no-length' } });
    const first = await ofEvil();
    await first.arrayBuffer().catch(() => undefined);
    await vi.waitFor(() => expect(mirror.output).toContain('grew beyond'), patience);
    const second = await ofEvil();
    expect((await second.arrayBuffer()).byteLength).toBe(image.layers[0]?.size);
    expect(await mirror.storedBytes()).toBe(0);
  });
});
