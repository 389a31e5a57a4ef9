import { join } from 'node:path';
import { randomFileLayer } from '../images/file-layer.ts';
import { makeImage } from '../images/image.ts';
import { busyboxLayer, type FileLayer, type Layer, randomLayer } from '../images/layer.ts';
import { startControl } from './control.ts';
import type { Settings } from './settings.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** An image to make: random layers, after a busybox layer if a binary is named. */
interface ImageRequest {
  readonly repository: string;
  readonly tag: string;
  readonly layers: number;
  readonly layerBytes: number;
  readonly mediaTypes?: 'oci' | 'docker';
  readonly busybox?: string;
  /** A folder for layers that are too big for memory. */
  readonly folder?: string;
}

/** The program's one argument, as JSON. */
interface Options {
  readonly port?: number;
  readonly settings?: Partial<Settings>;
  readonly images?: readonly ImageRequest[];
}

async function add(upstream: Upstream, wanted: ImageRequest): Promise<unknown> {
  const { repository, tag, layers, layerBytes, folder } = wanted;
  const made: (Layer | FileLayer)[] =
    wanted.busybox === undefined ? [] : [busyboxLayer(wanted.busybox)];
  for (let number = 1; number <= layers; number += 1) {
    const seed = `${repository}-${tag}-${number}`;
    made.push(
      folder === undefined
        ? randomLayer(seed, layerBytes)
        : await randomFileLayer(join(folder, seed.replaceAll('/', '-')), seed, layerBytes),
    );
  }
  const image = makeImage({ layers: made, mediaTypes: wanted.mediaTypes ?? 'oci' });
  const digest = upstream.add(repository, image, tag);
  const blobs = [image.config, ...image.layers].map((one) => ({
    digest: one.digest,
    size: one.size,
  }));
  return { repository, tag, digest, size: image.manifest.size, blobs };
}

const options: Options = JSON.parse(process.argv[2] ?? '{}');
const upstream = await startUpstream(options.settings ?? {}, {
  port: options.port ?? 0,
  keepRequests: 10_000,
});
const images: unknown[] = [];
for (const wanted of options.images ?? []) images.push(await add(upstream, wanted));
const control = await startControl(upstream);
const end = (): void => process.exit(0);
process.once('SIGTERM', end);
process.once('SIGINT', end);
console.log(JSON.stringify({ url: upstream.url, control: control.url, images }));
