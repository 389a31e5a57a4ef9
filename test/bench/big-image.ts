import { join } from 'node:path';
import { randomFileLayer } from '../standins/images/file-layer.ts';
import { type Image, makeImage } from '../standins/images/image.ts';
import type { FileLayer } from '../standins/images/layer.ts';
import { type Origin, startOrigin } from './origin.ts';
import type { Workspace } from './workspace.ts';

/** The repository and tag of the big image. */
export const bigImage = { repository: 'library/big', tag: '1' };

/** Starts an origin that holds an image of `layers` layers of `bytes` random bytes each. */
export async function startBigOrigin(
  workspace: Workspace,
  layers: number,
  bytes: number,
): Promise<{ origin: Origin; image: Image<FileLayer> }> {
  const folder = await workspace.folder('layers');
  const made: FileLayer[] = [];
  for (let at = 0; at < layers; at += 1) {
    made.push(await randomFileLayer(join(folder, String(at)), `big-${at}`, bytes));
  }
  const image = makeImage({ layers: made });
  const origin = await startOrigin(workspace);
  await origin.push(bigImage.repository, bigImage.tag, image);
  await workspace.remove(folder);
  return { origin, image };
}

/** The URL of a layer at a mirror. */
export function layerUrl(mirror: string, layer: FileLayer): string {
  return `${mirror}/v2/${bigImage.repository}/blobs/${layer.digest}`;
}
