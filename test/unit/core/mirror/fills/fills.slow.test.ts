import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { FedBody } from '../fed-body.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const layer = randomLayer('slow', 200_000);
const image = makeImage({ layers: [layer] });
const name = 'library/app';
const job = {
  repository: { registry: 'docker.io', name },
  blob: { digest: known(layer.digest), size: layer.size, mediaType: layer.mediaType },
};

let test: MirrorUnderTest;
let body: FedBody;

beforeEach(async () => {
  test = await openMirror();
  test.upstream.add(name, image, '1');
  await test.tag(name, '1');
  body = new FedBody();
  test.upstream.body = () => body.reader;
});
afterEach(() => test.close());

/** Gives the layer from `at` on, a byte a second, until somebody gives it up or it ends. */
async function drip(at: number, seconds = Number.POSITIVE_INFINITY): Promise<number> {
  let second = 0;
  for (; second < seconds && at + second < layer.size; second++) {
    await Promise.race([body.asked, body.cancelled]);
    if (body.isCancelled) break;
    test.pass(1000);
    await body.give(layer.bytes.subarray(at + second, at + second + 1));
  }
  return second;
}

describe('a fill whose upstream sends a byte a second', () => {
  it('is given up after 30 s, and the queue retries it', async () => {
    const filling = test.mirror.handleFill(job);
    expect(await drip(0)).toBe(30);
    expect(await filling).toMatchObject({ kind: 'retry', reason: expect.stringMatching(/30 s/) });
    await test.settled();
    expect(await test.store.blobs.usedBytes()).toBe(0);
    test.upstream.body = undefined;
    expect(await test.mirror.handleFill(job, { delivery: 2 })).toEqual({ kind: 'done' });
  });

  it('is not followed afterwards: clients get the slow bytes passed through', async () => {
    const outcome = await Promise.all([test.blob(name, layer.digest), drip(0, 2)]);
    const cut = expect(bytesOf(outcome[0])).rejects.toThrow('30 s');
    await drip(2);
    await cut;
    await test.settled();
    body = new FedBody();
    const passing = test.blob(name, layer.digest).then(bytesOf);
    expect(await drip(0, 100)).toBe(100);
    await body.give(layer.bytes.subarray(100));
    await body.give(undefined);
    expect(Buffer.from(layer.bytes).equals(await passing)).toBe(true);
    expect(await test.store.blobs.usedBytes()).toBe(0);
  });

  it('continues if those are its last bytes', async () => {
    const filling = test.mirror.handleFill(job);
    const most = layer.size - 100;
    await body.give(layer.bytes.subarray(0, most));
    expect(await drip(most)).toBe(100);
    await body.give(undefined);
    expect(await filling).toEqual({ kind: 'done' });
  });
});
