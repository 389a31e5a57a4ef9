import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { FedBody } from '../fed-body.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const layer = randomLayer('layer', 200_000);
const image = makeImage({ layers: [layer] });
const job = {
  repository: { registry: 'docker.io', name: 'library/app' },
  blob: { digest: known(layer.digest), size: layer.size, mediaType: layer.mediaType },
};
const leaseLife = 60_000;
const key = `fill:docker.io@${layer.digest}:${layer.size}`;

let test: MirrorUnderTest;
let body: FedBody;

beforeEach(async () => {
  // The heartbeat is an interval; everything else goes on as ever.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  test = await openMirror();
  test.upstream.add('library/app', image, '1');
  body = new FedBody();
  test.upstream.body = () => body.reader;
});
afterEach(async () => {
  vi.useRealTimers();
  await test.close();
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the lease of a fill', () => {
  it('is held while the fill runs, however long, and free afterwards', async () => {
    const filling = test.mirror.handleFill(job);
    await body.asked;
    const held: boolean[] = [];
    for (let second = 0; second < 200; second++) {
      test.pass(1000);
      vi.advanceTimersByTime(1000);
      await turn();
      held.push((await test.store.leases.look(key)).isHeld);
    }
    expect(new Set(held)).toEqual(new Set([true]));
    await body.give(layer.bytes);
    await body.give(undefined);
    expect(await filling).toEqual({ kind: 'done' });
    expect(await test.store.leases.look(key)).toMatchObject({ isHeld: false });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a fill that was queued a moment ago', () => {
  const reservedJob = () => ({ ...job, reservedUntil: test.now() + leaseLife });
  const acquired = () => {
    const keys: string[] = [];
    const { acquire } = test.store.leases;
    test.store.leases.acquire = (name, life) => {
      keys.push(name);
      return acquire.call(test.store.leases, name, life);
    };
    return keys;
  };

  it('takes no lease if it is short', async () => {
    const keys = acquired();
    const filling = test.mirror.handleFill(reservedJob());
    await body.asked;
    await body.give(layer.bytes);
    await body.give(undefined);
    expect(await filling).toEqual({ kind: 'done' });
    expect(keys).toEqual([]);
  });

  it('takes one after 20 s, and frees it', async () => {
    const filling = test.mirror.handleFill(reservedJob());
    await body.asked;
    test.pass(20_000);
    vi.advanceTimersByTime(20_000);
    await turn();
    expect(await test.store.leases.look(key)).toMatchObject({ isHeld: true });
    await body.give(layer.bytes);
    await body.give(undefined);
    expect(await filling).toEqual({ kind: 'done' });
    expect(await test.store.leases.look(key)).toMatchObject({ isHeld: false });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves the blob to an earlier fill that still runs', async () => {
    await test.store.leases.acquire(key, leaseLife);
    expect(await test.mirror.handleFill(reservedJob())).toEqual({ kind: 'done' });
    expect(await test.store.blobs.stat(job.blob.digest)).toBeUndefined();
  });

  it.each([
    ['on a later delivery, when its filler may still run', leaseLife, 2],
    ['when it waited so long that another may be queued', 20_000, 1],
    ['when a wrong clock reserved it', 3_600_000, 1],
  ])('takes a lease %s', async (_, left, delivery) => {
    const keys = acquired();
    const late = { ...job, reservedUntil: test.now() + left };
    const filling = test.mirror.handleFill(late, { delivery });
    await body.asked;
    expect(keys).toEqual([key]);
    await body.give(layer.bytes);
    await body.give(undefined);
    expect(await filling).toEqual({ kind: 'done' });
  });
});

describe('a mirror that stops', () => {
  it('ends its fills, and waits until they have ended', async () => {
    const filling = test.mirror.handleFill(job);
    await body.asked;
    await test.mirror.stop();
    expect(body.isCancelled).toBe(true);
    expect(await filling).toMatchObject({ kind: 'retry' });
    const fills = test.events.filter(({ kind }) => kind === 'fill');
    expect(fills).toMatchObject([{ outcome: 'stopped', digest: layer.digest }]);
    expect(await test.store.leases.look(key)).toMatchObject({ isHeld: false });
  });

  it('begins no other', async () => {
    await test.mirror.stop();
    expect(await test.mirror.handleFill(job)).toMatchObject({ kind: 'retry' });
    expect(await test.store.blobs.stat(known(layer.digest))).toBeUndefined();
  });
});
