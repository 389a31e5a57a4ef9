import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { passThroughAll } from '../../../../functions/core/mirror/blobs/background-fill.ts';
import type { RunningMirror } from '../../../../functions/core/mirror/create-mirror.ts';
import type { FillJob } from '../../../../functions/core/ports/fill-queue.ts';
import { StoreBusy } from '../../../../functions/core/ports/leases.ts';
import type { Ports } from '../../../../functions/core/ports/ports.ts';
import { makeImage } from '../../../standins/images/image.ts';
import { randomLayer } from '../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from './mirror-over-store.ts';
import { known } from './scripted-upstream.ts';

const image = makeImage({ layers: [randomLayer('one', 3_000), randomLayer('two', 900)] });
const blobs = [image.config, ...image.layers].map(({ digest }) => digest);
const repository = { registry: 'docker.io', name: 'library/app' };

let test: MirrorUnderTest;
/** What the queue does with jobs: accepts them by default. */
let enqueue: (jobs: readonly FillJob[]) => Promise<void>;
let leases: Partial<Ports['leases']>;

beforeEach(async () => {
  enqueue = async (jobs) => void test.queued.push(...jobs);
  leases = {};
  test = await openMirror({
    missingBlobs: passThroughAll,
    ports: (store) => ({
      queue: { enqueue: (jobs) => enqueue(jobs) },
      leases: {
        ...bound(store.leases),
        acquireMany: (...ask) => (leases.acquireMany ?? bound(store.leases).acquireMany)(...ask),
        look: (...ask) => (leases.look ?? bound(store.leases).look)(...ask),
      },
    }),
  });
  test.upstream.add('library/app', image, '1');
});

afterEach(() => test.close());

function bound(leases: Ports['leases']): Ports['leases'] {
  return {
    acquire: leases.acquire.bind(leases),
    acquireMany: leases.acquireMany.bind(leases),
    look: leases.look.bind(leases),
    renew: leases.renew.bind(leases),
    release: leases.release.bind(leases),
  };
}

/** A whole pull; the blobs are passed through, since no fill is handled. */
async function pull(mirror: RunningMirror): Promise<void> {
  const mirrored = mirror.repository(repository);
  const digest = known(image.manifest.digest);
  await mirrored.resolveManifest({ kind: 'digest', digest }, 'GET');
  await Promise.all(
    blobs.map(async (blob) => {
      const outcome = await mirrored.locateBlob(known(blob), 'GET', { kind: 'whole' });
      if (outcome.kind === 'stream' && outcome.body instanceof ReadableStream) {
        await outcome.body.cancel();
      }
    }),
  );
}

const queued = () => test.queued.splice(0).map(({ blob }) => blob.digest);

describe('the message of a fill', () => {
  it('is sent once in a minute, however many instances miss the blob', async () => {
    const instances = Array.from({ length: 20 }, () => test.another());
    await Promise.all(instances.map(pull));
    expect(queued().sort()).toEqual([...blobs].sort());
    test.pass(59_000);
    await Promise.all([pull(test.another()), ...instances.map(pull)]);
    expect(queued()).toEqual([]);
  });

  it('is sent again by a pull after a minute, because it may be lost', async () => {
    const instances = [test.mirror, test.another()];
    await Promise.all(instances.map(pull));
    queued();
    test.pass(60_001);
    await Promise.all([pull(test.another()), ...instances.map(pull)]);
    expect(queued().sort()).toEqual([...blobs].sort());
  });

  it('is sent by the next pull if the queue refused it', async () => {
    const accept = enqueue;
    enqueue = () => Promise.reject(new Error('no queue'));
    await pull(test.mirror);
    enqueue = accept;
    await pull(test.another());
    expect(queued().sort()).toEqual([...blobs].sort());
  });

  it('is sent a minute later if its instance died before it was sent', async () => {
    const accept = enqueue;
    let end: () => void = () => undefined;
    const reached = new Promise<void>((begun) => {
      enqueue = () => {
        begun();
        return new Promise((resolve) => {
          end = resolve;
        });
      };
    });
    const dying = pull(test.mirror);
    const other = test.another();
    await reached;
    enqueue = accept;
    await pull(other);
    expect(queued()).toEqual([]);
    test.pass(60_001);
    await pull(other);
    expect(queued().sort()).toEqual([...blobs].sort());
    end();
    await dying;
  });

  it('waits for another pull while the store throttles its lease', async () => {
    const busy = () => Promise.reject(new StoreBusy('throttled'));
    leases = { acquireMany: busy, look: busy };
    await pull(test.mirror);
    expect(queued()).toEqual([]);
    leases = {};
    await pull(test.mirror);
    expect(queued().sort()).toEqual([...blobs].sort());
  });

  it.each([
    ['before this one looks', true, 1],
    ['before this one takes its lease', false, 2],
  ])('that another instance sends %s is believed for 15 s', async (_, isHeld, calls) => {
    await pull(test.mirror);
    queued();
    const other = test.another();
    let asked = 0;
    const answers = <T>(answer: T) => {
      return async () => {
        asked += 1;
        return answer;
      };
    };
    leases = { acquireMany: answers([]), look: answers({ isHeld, note: undefined }) };
    await pull(other);
    test.pass(14_999);
    await pull(other);
    expect(asked).toBe(calls * blobs.length);
    test.pass(1);
    await pull(other);
    expect(asked).toBe(2 * calls * blobs.length);
    expect(queued()).toEqual([]);
  });

  it('is sent by every instance when there are no leases', async () => {
    const failing = () => Promise.reject(new Error('no leases'));
    leases = { acquireMany: failing, look: failing };
    await pull(test.mirror);
    await pull(test.another());
    expect(queued()).toHaveLength(2 * blobs.length);
  });
});
