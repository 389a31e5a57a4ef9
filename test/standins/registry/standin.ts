import { onTestFinished } from 'vitest';
import { type Image, makeImage } from '../images/image.ts';
import { type Layer, randomLayer } from '../images/layer.ts';
import type { Settings } from './settings.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from './upstream.ts';

/** One layer of about 200 KB, and its image as `library/app:1`. */
export const layer: Layer = randomLayer('standin', 200_000);
export const image: Image<Layer> = makeImage({ layers: [layer] });

/** A stand-in that holds the image and ends with the test. */
export async function standin(
  settings: Partial<Settings> = {},
  options: UpstreamOptions = {},
): Promise<Upstream> {
  const upstream = await startUpstream(settings, options);
  onTestFinished(() => upstream.close());
  upstream.add('library/app', image, '1');
  return upstream;
}

/** The URL of the image's manifest by tag. */
export function tagUrl(upstream: Upstream, tag = '1'): string {
  return `${upstream.url}/v2/library/app/manifests/${tag}`;
}

/** The URL of the image's layer. */
export function layerUrl(upstream: Upstream): string {
  return `${upstream.url}/v2/library/app/blobs/${layer.digest}`;
}

/** The body of an answer. */
export async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

/** Gets a token as a client does and gives the header that carries it. */
export async function bearer(
  upstream: Upstream,
  basic?: string,
  repository = 'library/app',
): Promise<{ authorization: string }> {
  const query = new URLSearchParams({
    service: 'registry.standin',
    scope: `repository:${repository}:pull`,
  });
  const headers: { [name: string]: string } =
    basic === undefined ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` };
  const answer = await fetch(`${upstream.url}/token?${query}`, { headers });
  const { token }: { token: string } = JSON.parse(await answer.text());
  return { authorization: `Bearer ${token}` };
}
