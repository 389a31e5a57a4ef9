import type { ByteReader } from '../../../../functions/core/bytes/byte-reader.ts';
import { type Digest, parseDigest } from '../../../../functions/core/oci/digest.ts';
import { type Reference, referenceText } from '../../../../functions/core/oci/reference.ts';
import type {
  BlobHead,
  BlobOpening,
  BlobRedirect,
  BlobSlice,
  ManifestGet,
  ManifestHead,
  ReferrersListing,
  RemoteRepository,
  TagPage,
  TagPageStart,
  TokenService,
  Upstream,
} from '../../../../functions/core/ports/upstream.ts';
import { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import type { Content } from '../../../standins/images/content.ts';
import type { Image } from '../../../standins/images/image.ts';

/** A digest that the test knows to be one. */
export function known(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) throw new Error(`not a digest: ${text}`);
  return digest;
}

/**
 * An upstream that answers out of a table, fails when it is told to, and keeps a list of what it
 * was asked: `HEAD manifest library/app:1`.
 */
export class ScriptedUpstream implements Upstream {
  readonly registry: string;
  readonly asked: string[] = [];
  /** While set, every question rejects with it. */
  failure: UpstreamError | undefined;
  /** While set, it stands before every answer. */
  gate: Promise<void> | undefined;
  referrers: ReferrersListing = { kind: 'unsupported' };
  /** Hands out this location instead of streaming. */
  location: BlobRedirect = { kind: 'direct' };
  /** Answers HEAD without a digest, as ECR Public does. */
  hidesDigest = false;
  /** What it does not know of manifests until a tag is pulled by GET. */
  hidden: 'everything' | 'digests' | 'heads' | undefined;
  /** Redirects every blob to a place of its own. */
  redirects = false;
  /** The places it redirected to are gone. */
  isExpired = false;
  /** States no size of a blob. */
  hidesSize = false;
  /** Sends this for every blob. */
  body: ((slice: BlobSlice) => ByteReader) | undefined;
  /** The token services of repositories. */
  readonly tokenServices = new Map<string, TokenService>();
  /** The size of a page of tags; by default there is one page. */
  tagPageSize = Number.POSITIVE_INFINITY;
  /** The order of its tags; `last` is unknown to a registry that does not sort them. */
  tagOrder: 'sorted' | 'reversed' = 'sorted';
  /** Changes the bytes of a blob on their way. */
  corrupt: ((bytes: Uint8Array) => Uint8Array) | undefined;
  readonly #manifests = new Map<string, Content>();
  readonly #blobs = new Map<string, Content>();

  constructor(registry: string) {
    this.registry = registry;
  }

  /** Puts an image into a repository, under tags. */
  add(name: string, image: Image | Pick<Image, 'manifest'>, ...tags: string[]): void {
    for (const reference of [image.manifest.digest, ...tags]) {
      this.#manifests.set(`${name}:${reference}`, image.manifest);
    }
    if (!('layers' in image)) return;
    for (const blob of [...image.layers, image.config]) {
      this.#blobs.set(`${name}@${blob.digest}`, blob);
    }
  }

  removeTag(name: string, tag: string): void {
    this.#manifests.delete(`${name}:${tag}`);
  }

  /** Holds nothing of a repository any more. */
  forget(name: string): void {
    for (const table of [this.#manifests, this.#blobs]) {
      for (const key of table.keys()) if (/^[^:@]*/.exec(key)?.[0] === name) table.delete(key);
    }
  }

  count(question: string): number {
    return this.asked.filter((asked) => asked.startsWith(question)).length;
  }

  tokenServiceOf(name: string): TokenService | undefined {
    return this.tokenServices.get(name);
  }

  async headManifest(remote: RemoteRepository, ref: Reference): Promise<ManifestHead> {
    const found = await this.#ask('HEAD', remote, ref);
    if (found === undefined) return { kind: 'absent' };
    const { digest, mediaType, size } = found;
    return { kind: 'found', digest: this.hidesDigest ? undefined : known(digest), mediaType, size };
  }

  async getManifest(remote: RemoteRepository, ref: Reference): Promise<ManifestGet> {
    const found = await this.#ask('GET', remote, ref);
    if (found === undefined) return { kind: 'absent' };
    const { digest, mediaType } = found;
    const bytes = new Uint8Array(found.bytes);
    return { kind: 'found', manifest: { digest: known(digest), mediaType, bytes } };
  }

  async headBlob(remote: RemoteRepository, digest: Digest): Promise<BlobHead> {
    await this.#note(`HEAD blob ${remote.name}@${digest}`, remote);
    const blob = this.#blobs.get(`${remote.name}@${digest}`);
    if (blob === undefined) return { kind: 'absent' };
    return { kind: 'found', size: this.hidesSize ? undefined : blob.size };
  }

  async openBlob(remote: RemoteRepository, digest: Digest, slice: BlobSlice): Promise<BlobOpening> {
    await this.#note(`GET blob ${remote.name}@${digest} ${slice.start}`, remote);
    const blob = this.#blobs.get(`${remote.name}@${digest}`);
    if (blob === undefined) return { kind: 'absent' };
    const size = this.hidesSize ? undefined : blob.size;
    if (this.body !== undefined) return { kind: 'found', size, body: this.body(slice) };
    const end = slice.end === undefined ? undefined : slice.end + 1;
    const bytes = this.corrupt?.(blob.bytes) ?? blob.bytes;
    const body = new Blob([new Uint8Array(bytes.subarray(slice.start, end))]).stream().getReader();
    return { kind: 'found', size, body };
  }

  async openLocated(remote: RemoteRepository, url: string, slice: BlobSlice): Promise<BlobOpening> {
    await this.#note(`GET located ${url} ${slice.start}`, remote);
    if (this.isExpired) throw new UpstreamError('unavailable', 'the signature has expired');
    const key = [...this.#blobs.keys()].find((known) => url.endsWith(known));
    const blob = key === undefined ? undefined : this.#blobs.get(key);
    if (blob === undefined) throw new UpstreamError('unavailable', `nothing at ${url}`);
    const end = slice.end === undefined ? undefined : slice.end + 1;
    const body = new Blob([new Uint8Array(blob.bytes.subarray(slice.start, end))])
      .stream()
      .getReader();
    return { kind: 'found', size: blob.size, body };
  }

  async locateBlob(remote: RemoteRepository, digest: Digest): Promise<BlobRedirect> {
    await this.#note(`LOCATE blob ${remote.name}@${digest}`, remote);
    if (!this.redirects) return this.location;
    return { kind: 'redirect', url: `https://cdn.example/${remote.name}@${digest}` };
  }

  async listTags(remote: RemoteRepository, start: TagPageStart = {}): Promise<TagPage> {
    const { next, last = '' } = { next: undefined, ...start } as { next?: string; last?: string };
    await this.#note(`GET tags ${remote.name} ${next ?? last}`.trim(), remote);
    const tags = [...this.#manifests.keys()]
      .filter((key) => key.startsWith(`${remote.name}:`) && !key.includes(':sha256'))
      .map((key) => key.slice(remote.name.length + 1))
      .sort();
    if (tags.length === 0) return { kind: 'absent' };
    if (this.tagOrder === 'reversed') tags.reverse();
    const after = this.tagOrder === 'reversed' ? -1 : tags.findLastIndex((tag) => tag <= last);
    const from = next === undefined ? after + 1 : Number(next);
    const to = from + this.tagPageSize;
    const hasNext = to < tags.length;
    return { kind: 'found', tags: tags.slice(from, to), next: hasNext ? String(to) : undefined };
  }

  async listReferrers(remote: RemoteRepository, subject: Digest): Promise<ReferrersListing> {
    await this.#note(`GET referrers ${remote.name}@${subject}`, remote);
    return this.referrers;
  }

  async #ask(method: string, remote: RemoteRepository, reference: Reference) {
    await this.#note(`${method} manifest ${remote.name}:${referenceText(reference)}`, remote);
    if (method === 'GET' && reference.kind === 'tag') this.hidden = undefined;
    const isHidden =
      this.hidden === 'everything' ||
      (this.hidden === 'digests' && reference.kind === 'digest') ||
      (this.hidden === 'heads' && method === 'HEAD');
    if (isHidden) return undefined;
    return this.#manifests.get(`${remote.name}:${referenceText(reference)}`);
  }

  async #note(question: string, remote: RemoteRepository): Promise<void> {
    this.asked.push(question);
    remote.upstreamCalls += 1;
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
  }
}
