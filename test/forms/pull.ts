import { createHash } from 'node:crypto';

/** What a pull of an image got: every answer's status, and whether every byte was right. */
export interface Pulled {
  readonly manifest: Response;
  readonly blobs: readonly { readonly status: number; readonly isRight: boolean }[];
  readonly isComplete: boolean;
}

const accept = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/**
 * Pulls an image as dockerd does: HEAD of the tag, GET of that digest, then the blobs three at a
 * time. It never throws for what a server does: a body that is cut is a blob that is not right.
 */
export async function pull(registry: string, repository: string, tag: string): Promise<Pulled> {
  const base = `${registry}/v2/${repository}`;
  const head = await ask(`${base}/manifests/${tag}`, { method: 'HEAD', headers: { accept } });
  if (!head.ok) return { manifest: head, blobs: [], isComplete: false };
  const digest = head.headers.get('docker-content-digest') ?? '';
  const manifest = await ask(`${base}/manifests/${digest}`, { headers: { accept } });
  if (!manifest.ok) return { manifest, blobs: [], isComplete: false };
  const bytes = Buffer.from(await manifest.arrayBuffer());
  const isManifestRight = digestOf(bytes) === digest;
  const { config, layers } = JSON.parse(bytes.toString());
  const wanted: string[] = [config, ...layers].map((one: { digest: string }) => one.digest);
  const blobs: { status: number; isRight: boolean }[] = [];
  const worker = async () => {
    for (let next = wanted.shift(); next !== undefined; next = wanted.shift()) {
      blobs.push(await fetchBlob(`${base}/blobs/${next}`, next));
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  return { manifest, blobs, isComplete: isManifestRight && blobs.every((blob) => blob.isRight) };
}

/**
 * Pulls like a client that repeats what is refused. Under load the stand-in of the upstream, which is in the
 * test's own process, may need so long that the mirror takes it for silent.
 */
export async function pullPatiently(
  registry: string,
  repository: string,
  tag: string,
): Promise<Pulled> {
  for (;;) {
    const pulled = await pull(registry, repository, tag);
    if (pulled.isComplete || !isRefused(pulled)) return pulled;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** True if the mirror refused an answer because it had none in time. */
function isRefused({ manifest, blobs }: Pulled): boolean {
  return [manifest, ...blobs].some(({ status }) => status === 429 || status === 503);
}

/**
 * Sends a request again, as clients of registries do, if the server closed the idle connection that it was sent on:
 * workerd does so after a few seconds.
 */
async function ask(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    if (cause?.code !== 'UND_ERR_SOCKET') throw error;
    return fetch(url, init);
  }
}

async function fetchBlob(url: string, digest: string) {
  try {
    const response = await fetch(url);
    const hash = createHash('sha256');
    for await (const chunk of response.body ?? []) hash.update(chunk);
    return { status: response.status, isRight: `sha256:${hash.digest('hex')}` === digest };
  } catch {
    return { status: 0, isRight: false };
  }
}

/** How long a body may bring nothing, in ms: a busy machine needs seconds for a chunk. */
const longestPause = 60_000;

/**
 * The digest of a body. Rejects when nothing of it arrives for a minute, with the number of bytes that
 * did: fetch itself waits for five minutes, so the test would end first and say nothing.
 */
export async function digestOfBody({ body, headers }: Response): Promise<string> {
  const hash = createHash('sha256');
  const reader = body?.getReader();
  let length = 0;
  const next = async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const fail = () => {
        const size = headers.get('content-length');
        reject(new Error(`the body stopped after ${length} of ${size} bytes`));
      };
      timer = setTimeout(fail, longestPause);
    });
    try {
      return await Promise.race([reader?.read(), late]);
    } finally {
      clearTimeout(timer);
    }
  };
  for (let read = await next(); read?.value !== undefined; read = await next()) {
    hash.update(read.value);
    length += read.value.byteLength;
  }
  return `sha256:${hash.digest('hex')}`;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
