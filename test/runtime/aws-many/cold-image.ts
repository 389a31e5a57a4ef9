import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { pullPatiently } from '../../forms/pull.ts';
import { type Image, makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import type { Upstream } from '../../standins/registry/upstream.ts';

const sizes = { large: 1_500_000, middle: 300_000, small: 10 };

/** An image that no bucket of an earlier test or run has; its first layer is the largest. */
export function newImage(): Image {
  const layers = Object.entries(sizes).map(([name, size]) =>
    randomLayer(`${name}-${randomUUID()}`, size),
  );
  return makeImage({ layers });
}

/** The config and the layers of an image. */
export function blobsOf({ config, layers }: Image): Image['layers'] {
  return [config, ...layers];
}

/** So many clients pull `library/app:1` at the same moment, in turn from each URL; all must get it. */
export async function pullAtOnce(urls: readonly string[], clients: number): Promise<void> {
  const pulls = await Promise.all(
    Array.from({ length: clients }, (_, index) =>
      pullPatiently(urls[index % urls.length] ?? '', 'library/app', '1'),
    ),
  );
  expect(pulls.filter(({ isComplete }) => !isComplete)).toEqual([]);
}

/** The upstream saw one GET of the manifest and one of each blob. */
export function expectOneRequestEach(upstream: Upstream, image: Image): void {
  expect(upstream.count({ kind: 'manifest', method: 'GET', status: 200 })).toBe(1);
  const asked = blobsOf(image).map(({ digest }) =>
    // A process without a token is told by a 401 where to get one: that is no request for a blob.
    upstream.count({ kind: 'blob', method: 'GET', status: 307, reference: digest }),
  );
  expect(asked).toEqual(blobsOf(image).map(() => 1));
}
