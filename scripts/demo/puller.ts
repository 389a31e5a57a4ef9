import { createHash } from 'node:crypto';

/** The result of one pull. */
export type Pull =
  | { readonly kind: 'pulled'; readonly bytes: number }
  | { readonly kind: 'failed'; readonly status: number; readonly message: string };

class PullError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Pulls an image as a container runtime does: a token if required, the manifest, every blob. */
export async function pull(registry: string, repository: string, tag: string): Promise<Pull> {
  try {
    const client = new Client(`${registry}/v2/${repository}`);
    const manifest = JSON.parse((await client.get(`manifests/${tag}`)).toString());
    const blobs: { digest: string }[] = [manifest.config, ...manifest.layers];
    let bytes = 0;
    for (const blob of blobs) {
      const body = await client.get(`blobs/${blob.digest}`);
      const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
      if (digest !== blob.digest) throw new PullError(200, `wrong bytes for ${blob.digest}`);
      bytes += body.byteLength;
    }
    return { kind: 'pulled', bytes };
  } catch (error) {
    const status = error instanceof PullError ? error.status : 0;
    return { kind: 'failed', status, message: error instanceof Error ? error.message : '' };
  }
}

class Client {
  readonly #base: string;
  #token: string | undefined;

  constructor(base: string) {
    this.#base = base;
  }

  async get(path: string): Promise<Buffer> {
    let response = await this.#send(path);
    if (response.status === 401) {
      this.#token = await tokenFor(response.headers.get('www-authenticate') ?? '');
      response = await this.#send(path);
    }
    const body = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new PullError(response.status, messageOf(body));
    return body;
  }

  #send(path: string): Promise<Response> {
    const authorization = this.#token && { authorization: `Bearer ${this.#token}` };
    const accept = 'application/vnd.oci.image.manifest.v1+json';
    return fetch(`${this.#base}/${path}`, { headers: { accept, ...authorization } });
  }
}

async function tokenFor(challenge: string): Promise<string> {
  const value = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
  const url = new URL(value('realm'));
  url.searchParams.set('service', value('service'));
  url.searchParams.set('scope', value('scope'));
  const response = await fetch(url);
  const { token } = (await response.json()) as { token: string };
  return token;
}

function messageOf(body: Buffer): string {
  try {
    return JSON.parse(body.toString()).errors[0].message;
  } catch {
    return body.toString().slice(0, 100);
  }
}
