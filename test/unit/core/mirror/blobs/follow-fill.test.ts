import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const layer = randomLayer('layer', 300_000);
const image = makeImage({ layers: [layer] });
const repository = { registry: 'docker.io', name: 'library/app' };

let mirror: MirrorUnderTest;

beforeEach(async () => {
  mirror = await openMirror();
  mirror.upstream.add('library/app', image, '1');
  await mirror.tag('library/app', '1');
});
afterEach(() => mirror.close());

test('the request that starts a fill counts a request to the upstream, one that joins it none', async () => {
  const requests = [0, 1].map(() => mirror.mirror.repository(repository));
  const outcomes = await Promise.all(
    requests.map((request) => request.locateBlob(known(layer.digest), 'GET', { kind: 'whole' })),
  );
  for (const outcome of outcomes) expect(await bytesOf(outcome)).toEqualBytes(layer.bytes);
  expect(requests.map(({ upstreamCalls }) => upstreamCalls)).toEqual([1, 0]);
});
