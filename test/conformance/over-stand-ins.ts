import type { Mirror, StartMirror } from '../forms/mirror.ts';
import type { Image } from '../standins/images/image.ts';
import type { ImageIndex } from '../standins/images/image-index.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';
import { alpine, deniedRepository, hiddenRepository, type Shelf, shelves } from './content.ts';
import type { Open, Situation } from './exchange.ts';

/** Opens mirrors that `start` starts with a configuration, over stand-ins for docker.io and ghcr.io. */
export function overStandIns(start: StartMirror): Open {
  return async (situation) => {
    const dockerHub = await startUpstream({
      auth: 'anonymous',
      privateRepositories: [hiddenRepository],
    });
    const gitHub = await startUpstream({ auth: 'anonymous' });
    const upstreams = { 'docker.io': dockerHub, 'ghcr.io': gitHub };
    for (const { registry, repository, item, tags } of shelves) {
      upstreams[registry].add(repository, item, ...tags);
    }
    const common = {
      tagTtl: situation === 'stale' ? '1ms' : '5m',
      delivery: situation === 'redirecting' ? 'redirect' : 'stream',
    };
    const mirror = await start({
      upstreams: {
        'docker.io': { ...common, url: dockerHub.url, deny: [deniedRepository] },
        'ghcr.io': { ...common, url: gitHub.url },
      },
    });
    await bringAbout(situation, mirror, [dockerHub, gitHub]);
    return {
      target: mirror.url,
      close: async () => {
        await mirror.close();
        await Promise.all([dockerHub.close(), gitHub.close()]);
      },
    };
  };
}
async function bringAbout(
  situation: Situation,
  mirror: Mirror,
  upstreams: readonly Upstream[],
): Promise<void> {
  if (situation === 'limited') {
    const kinds = ['manifest', 'blob', 'tags', 'referrers'] as const;
    const headers = { 'retry-after': '3600' };
    for (const upstream of upstreams) {
      for (const on of kinds) upstream.fail({ on, do: { kind: 'status', status: 429, headers } });
    }
    // The first refusal has the upstream's words; all later ones say how long the limit lasts.
    await read(mirror, '/v2/library/alpine/manifests/any');
  }
  if (situation === 'stale') for (const shelf of shelves) await mirrorAll(mirror, shelf);
  if (situation !== 'stale' && situation !== 'down') return;
  await Promise.all(upstreams.map((upstream) => upstream.stop()));
}

/** Asks for everything of a shelf until it comes out of the store. */
async function mirrorAll(mirror: Mirror, shelf: Shelf): Promise<void> {
  const { registry, repository, item, tags } = shelf;
  const base = `/${registry}/v2/${repository}`;
  for (const reference of [...tags, ...manifestsOf(item)]) {
    await read(mirror, `${base}/manifests/${reference}`);
  }
  for (const digest of blobsOf(item)) {
    while (!(await read(mirror, `${base}/blobs/${digest}`))?.includes('hit'));
  }
  await read(mirror, `${base}/tags/list`);
  await read(mirror, `${base}/referrers/${alpine.index.manifest.digest}`);
}

/** Reads an answer to its end and gives its Cache-Status. */
async function read(mirror: Mirror, path: string): Promise<string | null> {
  const response = await mirror.get(path);
  await response.arrayBuffer();
  return response.headers.get('cache-status');
}

function manifestsOf(item: Image | ImageIndex): string[] {
  const children = item.kind === 'index' ? (item.children as (Image | ImageIndex)[]) : [];
  return [item.manifest.digest, ...children.flatMap(manifestsOf)];
}

function blobsOf(item: Image | ImageIndex): string[] {
  if (item.kind === 'index') return (item.children as (Image | ImageIndex)[]).flatMap(blobsOf);
  return [item.config, ...item.layers].map((blob) => blob.digest);
}
