import { type Content, type Descriptor, jsonContent, type Stored } from '../images/content.ts';
import type { Image } from '../images/image.ts';
import type { ImageIndex } from '../images/image-index.ts';
import { isManifest, oci } from '../images/media-type.ts';

/** One repository: what it holds and what its tags point to. */
export interface Repository {
  readonly manifests: Map<string, Content>;
  readonly blobs: Map<string, Stored>;
  /** Tag to digest. */
  readonly tags: Map<string, string>;
}

/** A descriptor in the answer of the referrers API. */
export interface Referrer extends Descriptor {
  readonly artifactType: string | undefined;
  readonly annotations: unknown;
}

/** Everything that the registry holds, by repository name. */
export class Repositories {
  readonly #all = new Map<string, Repository>();

  /** The repository of this name, if it exists. */
  get(name: string): Repository | undefined {
    return this.#all.get(name);
  }

  /** Adds content, an image or an index with all its children; tags point to its manifest. */
  add(name: string, item: Stored | Image<Stored> | ImageIndex, ...tags: string[]): string {
    const repository = this.#make(name);
    const digest = put(repository, item);
    for (const tag of tags) repository.tags.set(tag, digest);
    return digest;
  }

  /** The stored bytes of a digest, from whichever repository; manifests too. */
  find(digest: string): Stored | undefined {
    for (const one of this.#all.values()) {
      const found = one.blobs.get(digest) ?? one.manifests.get(digest);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Points a tag to a digest. */
  tag(name: string, tag: string, digest: string): void {
    this.#make(name).tags.set(tag, digest);
  }

  /** Takes a tag away; what it pointed to stays. */
  removeTag(name: string, tag: string): void {
    this.#all.get(name)?.tags.delete(tag);
  }

  /** Takes a manifest or blob away, with the tags that point to it. */
  remove(name: string, digest: string): void {
    const repository = this.#all.get(name);
    repository?.manifests.delete(digest);
    repository?.blobs.delete(digest);
    for (const [tag, to] of repository?.tags ?? []) {
      if (to === digest) repository?.tags.delete(tag);
    }
  }

  /** Writes the fallback tag `sha256-<hex>` that a client pushes where the referrers API is absent. */
  tagReferrers(name: string, subject: string): string {
    const repository = this.#make(name);
    const manifests = referrersOf(repository, subject);
    const index = jsonContent({ schemaVersion: 2, mediaType: oci.index, manifests }, oci.index);
    return this.add(name, index, subject.replace(':', '-'));
  }

  #make(name: string): Repository {
    const found = this.#all.get(name) ?? {
      manifests: new Map(),
      blobs: new Map(),
      tags: new Map(),
    };
    this.#all.set(name, found);
    return found;
  }
}

/** What refers to a digest in a repository (distribution-spec §Listing Referrers). */
export function referrersOf(repository: Repository, subject: string): Referrer[] {
  return [...repository.manifests.values()].flatMap((one) => {
    const json: unknown = JSON.parse(Buffer.from(one.bytes).toString());
    if (!isObject(json) || !isObject(json.subject) || json.subject.digest !== subject) return [];
    const config = isObject(json.config) ? json.config.mediaType : undefined;
    const type = json.artifactType ?? config;
    return {
      mediaType: one.mediaType,
      digest: one.digest,
      size: one.size,
      artifactType: typeof type === 'string' ? type : undefined,
      annotations: json.annotations,
    };
  });
}

function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

function put(repository: Repository, item: Stored | Image<Stored> | ImageIndex): string {
  if (!('kind' in item)) {
    if (isManifest(item.mediaType) && 'bytes' in item) repository.manifests.set(item.digest, item);
    else repository.blobs.set(item.digest, item);
    return item.digest;
  }
  repository.manifests.set(item.manifest.digest, item.manifest);
  const parts = item.kind === 'image' ? [item.config, ...item.layers] : item.children;
  // An index may name a child many times.
  for (const part of new Set<Parameters<typeof put>[1]>(parts)) put(repository, part);
  return item.manifest.digest;
}
