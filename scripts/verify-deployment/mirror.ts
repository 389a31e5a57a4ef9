import { gunzipSync } from 'node:zlib';
import { digestLike, type Exchanged, exchange, type Wanted } from './exchange.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

/** The image that is pulled for the checks. */
export interface Image {
  /** Of one platform. */
  readonly manifest: Descriptor;
  /** Of its blobs. */
  readonly smallest: Descriptor;
  readonly largest: Descriptor;
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** As dockerd and podman send it: several lines, and a body may be compressed. */
export const asClientsSend = { accept: manifestTypes, 'accept-encoding': 'gzip' };

/** Fails a check, with a reason. */
export function expect(holds: unknown, reason: string): void {
  if (!holds) throw new Error(reason);
}

/** A deployed mirror and one of its images. */
export class Mirror {
  /** Every answer so far. */
  readonly answers: Exchanged[] = [];
  readonly url: URL;
  readonly repository: string;
  readonly tag: string;

  constructor(url: URL, repository: string, tag: string) {
    this.url = url;
    this.repository = repository;
    this.tag = tag;
  }

  async ask(path: string, wanted?: Wanted): Promise<Exchanged> {
    const answer = await exchange(new URL(path, this.url), wanted);
    this.answers.push(answer);
    return answer;
  }

  manifest(reference: string, method = 'GET'): Promise<Exchanged> {
    const path = `/v2/${this.repository}/manifests/${reference}`;
    return this.ask(path, { method, headers: asClientsSend });
  }

  blob(digest: string, wanted?: Wanted): Promise<Exchanged> {
    return this.ask(`/v2/${this.repository}/blobs/${digest}`, wanted);
  }

  /** A blob by way of its redirect, if there is one. */
  async followed(digest: string, wanted?: Wanted): Promise<Exchanged> {
    const answer = await this.blob(digest, wanted);
    const target = redirectOf(answer);
    return target === undefined ? answer : exchange(new URL(target, this.url), wanted);
  }

  /** The image behind the tag; an index gives way to one of its manifests. */
  async image(): Promise<Image> {
    const top = await this.manifest(this.tag);
    expect(top.status === 200, `${top.what} answered ${top.status}`);
    const index: { manifests?: Descriptor[] } = jsonOf(top);
    const chosen =
      index.manifests?.find((one) => one.platform?.os === 'linux') ?? index.manifests?.[0];
    const digest = chosen?.digest ?? String(top.headers['docker-content-digest']);
    const answer = chosen === undefined ? top : await this.manifest(digest);
    expect(answer.status === 200, `${answer.what} answered ${answer.status}`);
    const { config, layers }: { config: Descriptor; layers: Descriptor[] } = jsonOf(answer);
    const blobs = [config, ...layers].sort((one, other) => one.size - other.size);
    const [smallest] = blobs;
    const largest = blobs.at(-1);
    if (smallest === undefined || largest === undefined) throw new Error('the image has no blobs');
    const mediaType = String(answer.headers['content-type']);
    return { manifest: { mediaType, digest, size: answer.body.byteLength }, smallest, largest };
  }
}

/** A body as JSON, even where it was compressed on the way: that is for a check to say. */
function jsonOf({ headers, body }: Exchanged) {
  const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  return JSON.parse(bytes.toString('utf8'));
}

/** Where an answer redirects to. */
export function redirectOf({ status, headers }: Exchanged): string | undefined {
  return [301, 302, 303, 307, 308].includes(status) ? headers.location : undefined;
}

/** The bytes are those of the digest. */
export function expectBytes({ what, body }: Exchanged, digest: string): void {
  const found = digestLike(body, digest);
  expect(
    found === digest,
    `${what} gave ${body.byteLength} bytes that are ${found}, not ${digest}`,
  );
}

export function expectLength({ what, headers }: Exchanged, length: number): void {
  const found = headers['content-length'];
  expect(
    found === String(length),
    `${what} has content-length ${found ?? 'nothing'}, expected ${length}`,
  );
}
