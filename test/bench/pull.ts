import { createHash } from 'node:crypto';
import { Agent, get, type IncomingMessage } from 'node:http';

/** The manifest types that every client accepts; without them a registry may convert. */
export const accept = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** What is pulled, from where. */
export interface PullTarget {
  /** Base URL of the registry. */
  readonly url: string;
  readonly repository: string;
  readonly tag: string;
}

const blobsInParallel = 3; // dockerd's default.

/**
 * Pulls an image as dockerd does: manifest by tag, by digest, then its blobs, three at a time, on
 * connections of its own. Everything is checked against its digest and thrown away. Gives the bytes
 * of the blobs; throws on any status but 200 and on wrong or missing bytes.
 */
export async function pullImage({ url, repository, tag }: PullTarget): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: blobsInParallel });
  const base = `${url}/v2/${repository}`;
  try {
    const named = await read(agent, `${base}/manifests/${tag}`);
    const manifest = JSON.parse((await read(agent, `${base}/manifests/${named.digest}`)).text);
    const blobs: { digest: string; size: number }[] = [manifest.config, ...manifest.layers];
    const bytes = blobs.reduce((sum, one) => sum + one.size, 0);
    await Promise.all(
      Array.from({ length: blobsInParallel }, async () => {
        for (let one = blobs.shift(); one !== undefined; one = blobs.shift()) {
          await verify(agent, `${base}/blobs/${one.digest}`, one.digest, one.size);
        }
      }),
    );
    return bytes;
  } finally {
    agent.destroy();
  }
}

/** Asks for a manifest by tag, after which a mirror knows the blobs of its repository. */
export async function readManifest({ url, repository, tag }: PullTarget): Promise<void> {
  await read(new Agent(), `${url}/v2/${repository}/manifests/${tag}`);
}

/** Downloads one blob and throws unless its bytes are those of the digest. */
export async function verifyBlob(url: string, digest: string, size: number): Promise<void> {
  await verify(new Agent(), url, digest, size);
}

async function read(agent: Agent, url: string): Promise<{ text: string; digest: string }> {
  const response = await open(agent, url);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const wanted = url.split('/').at(-1) ?? '';
  if (wanted.startsWith('sha256:') && wanted !== digest) throw new Error('wrong manifest');
  return { text: bytes.toString(), digest };
}

async function verify(agent: Agent, url: string, digest: string, size: number): Promise<void> {
  const response = await open(agent, url);
  const hash = createHash('sha256');
  let received = 0;
  await new Promise<void>((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      received += chunk.byteLength;
      hash.update(chunk);
    });
    response.once('end', resolve);
    response.once('error', reject);
    response.once('close', () => reject(new Error('cut')));
  });
  if (received !== size) throw new Error(`blob of ${received} bytes instead of ${size}`);
  if (`sha256:${hash.digest('hex')}` !== digest) throw new Error('blob with wrong bytes');
}

async function open(agent: Agent, url: string): Promise<IncomingMessage> {
  let at = url;
  for (let redirects = 0; redirects < 5; redirects += 1) {
    const response = await answer(agent, at);
    const { location } = response.headers;
    if (response.statusCode === 200) return response;
    response.resume();
    if (location === undefined) throw new Error(`status ${response.statusCode}`);
    at = new URL(location, at).href;
  }
  throw new Error('too many redirects');
}

function answer(agent: Agent, url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { accept } }, resolve).once('error', reject);
  });
}
