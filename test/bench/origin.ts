import { createReadStream } from 'node:fs';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Stored } from '../standins/images/content.ts';
import type { Image } from '../standins/images/image.ts';
import { startDockerRegistry } from './docker-registry.ts';
import type { Workspace } from './workspace.ts';

/** The registry that both mirrors pull from: an ordinary docker-registry. */
export interface Origin {
  readonly url: string;
  /** Pushes an image under a tag (distribution-spec §Push). */
  push(repository: string, tag: string, image: Image<Stored>): Promise<void>;
  /** Ends the process and removes its store. */
  end(): Promise<void>;
}

/** Starts an empty docker-registry to push to. */
export async function startOrigin(workspace: Workspace): Promise<Origin> {
  const data = await workspace.folder('origin');
  const { daemon, url } = await startDockerRegistry(workspace, data);
  return {
    url,
    push: async (repository, tag, image) => {
      for (const blob of [image.config, ...image.layers]) {
        await pushBlob(`${url}/v2/${repository}`, blob);
      }
      const { mediaType } = image.manifest;
      await put(`${url}/v2/${repository}/manifests/${tag}`, image.manifest, mediaType);
    },
    end: async () => {
      await daemon.end();
      await workspace.remove(data);
    },
  };
}

async function pushBlob(repository: string, blob: Stored): Promise<void> {
  const begun = await fetch(`${repository}/blobs/uploads/`, { method: 'POST' });
  const location = begun.headers.get('location');
  if (begun.status !== 202 || location === null) {
    throw new Error(`the origin refused an upload: ${begun.status}`);
  }
  const target = new URL(location, repository);
  target.searchParams.set('digest', blob.digest);
  await put(target.href, blob, 'application/octet-stream');
}

async function put(url: string, content: Stored, mediaType: string): Promise<void> {
  const headers = { 'content-type': mediaType, 'content-length': content.size };
  const outgoing = request(url, { method: 'PUT', headers });
  const answered = new Promise<number>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
  const body =
    'path' in content
      ? createReadStream(content.path, { highWaterMark: 1 << 20 })
      : Readable.from([content.bytes]);
  await pipeline(body, outgoing);
  const status = await answered;
  if (status !== 201) throw new Error(`the origin refused a push: ${status}`);
}
