import { isExcessive, satisfyRange } from '../../functions/core/headers/range.ts';
import type { Mirror, MirroredRepository, Provenance } from '../../functions/core/mirror/mirror.ts';
import { type Descriptor, readDescriptor } from '../../functions/core/oci/descriptor.ts';
import { type Manifest, readManifest } from '../../functions/core/oci/manifest.ts';
import { pageOf } from '../../functions/core/oci/page.ts';
import {
  type Repository,
  RepositoryPattern,
  repositoryKey,
} from '../../functions/core/oci/repository.ts';
import { UpstreamError } from '../../functions/core/ports/upstream-error.ts';
import type { Unobtained } from '../../functions/core/sources/unobtained.ts';
import type { UpstreamPolicy } from '../../functions/core/sources/upstream-policy.ts';
import type { Content } from '../standins/images/content.ts';
import type { Image } from '../standins/images/image.ts';
import type { ImageIndex } from '../standins/images/image-index.ts';
import { deniedRepository, hiddenRepository, type Shelf, shelves } from './content.ts';
import type { Situation } from './exchange.ts';

const policy: UpstreamPolicy = {
  tagTtl: 300_000,
  maxStale: 86_400_000,
  revalidate: 'before',
  onDeleted: 'refuse',
  immutableTags: [],
  allow: [],
  deny: [],
  tags: [],
  asOf: false,
  keep: { age: undefined, pins: [] },
  delivery: 'stream',
};

const policies = new Map([
  ['docker.io', { ...policy, deny: [new RepositoryPattern(deniedRepository)] }],
  ['ghcr.io', policy],
]);

/** A mirror without stores and upstreams: it says at once what `content.ts` and the situation say. */
export function scriptedMirror(situation: Situation): Mirror {
  const pulled = new Set<string>();

  /** Why nothing of this repository can be had; undefined when it can. */
  const obstacle = (repository: Repository): Unobtained | undefined => {
    const error = failureOf(situation, repository.registry);
    if (error !== undefined) return { kind: 'unobtainable', error };
    if (repository.name === hiddenRepository) return { kind: 'denied' };
    return shelvesOf(repository).length === 0 ? { kind: 'absent' } : undefined;
  };

  const mirrored = (repository: Repository): MirroredRepository => ({
    upstreamCalls: 0,
    async resolveManifest(reference) {
      const refused = obstacle(repository);
      if (refused !== undefined) return refused;
      const manifest = manifestsOf(repository).find(({ tags, content }) =>
        reference.kind === 'tag'
          ? tags.includes(reference.tag)
          : content.digest === reference.digest,
      );
      if (manifest === undefined) return { kind: 'absent' };
      pulled.add(repositoryKey(repository));
      const { digest, mediaType, size } = descriptorOf(manifest.content);
      const bytes = new Uint8Array(manifest.content.bytes);
      const provenance = provenanceOf(situation, reference.kind === 'tag');
      return { kind: 'found', digest, mediaType, size, bytes, provenance };
    },
    async locateBlob(digest, method, range) {
      const refused = obstacle(repository);
      if (refused !== undefined) return refused;
      const blob = blobsOf(repository).find((content) => content.digest === digest);
      if (blob === undefined) return { kind: 'absent' };
      const provenance = { kind: 'hit', ttl: undefined } as const;
      const { size } = blob;
      if (method === 'HEAD') return { kind: 'known', size, provenance };
      if (situation === 'redirecting') {
        return { kind: 'redirect', url: 'https://cdn.test/blob?signature=s', provenance };
      }
      const part = range.kind === 'whole' ? { start: 0, end: size - 1 } : satisfyRange(range, size);
      if (part === undefined) return { kind: 'unsatisfiable', size };
      const body = streamOf(blob.bytes.subarray(part.start, part.end + 1));
      const slice = range.kind === 'whole' ? undefined : part;
      return { kind: 'stream', size, range: slice, body, provenance };
    },
    async locateRanges(digest, ranges) {
      const refused = obstacle(repository);
      if (refused !== undefined) return refused;
      const blob = blobsOf(repository).find((content) => content.digest === digest);
      if (blob === undefined) return { kind: 'absent' };
      const { size } = blob;
      const satisfied = ranges.flatMap((range) => satisfyRange(range, size) ?? []);
      const [only = { start: 0, end: 0 }] = satisfied;
      if (satisfied.length < 2) {
        return this.locateBlob(digest, 'GET', {
          kind: 'from',
          start: satisfied.length ? only.start : size,
          end: only.end,
        });
      }
      if (isExcessive(satisfied, size)) return { kind: 'refused' };
      const parts = satisfied.map((part) => ({
        ...part,
        open: async () => new Uint8Array(blob.bytes.subarray(part.start, part.end + 1)),
      }));
      return { kind: 'parts', size, parts, provenance: { kind: 'hit', ttl: undefined } };
    },
    async listTags(page) {
      const refused = obstacle(repository);
      if (refused !== undefined) return refused;
      const tags = shelvesOf(repository).flatMap((shelf) => shelf.tags);
      const { entries, next } = pageOf(tags.sort(), page);
      return { kind: 'found', tags: entries, next, provenance: provenanceOf(situation, true) };
    },
    async listReferrers(subject) {
      const refused = obstacle(repository);
      if (refused !== undefined) return refused;
      const manifests = shelvesOf(repository)
        .map((shelf) => referrerOf(shelf.item.manifest, subject))
        .filter((referrer) => referrer !== undefined);
      return { kind: 'found', manifests, provenance: provenanceOf(situation, true) };
    },
  });

  return {
    policies,
    repository: mirrored,
    listable: async (keys) => keys,
    listGone: async () => ({ entries: [], next: undefined }),
    async listRepositories(page, registry) {
      const keys = [...pulled].sort();
      const only = registry === undefined ? '' : `${registry}/`;
      return pageOf(
        keys.filter((key) => key.startsWith(only)),
        page,
      );
    },
  };
}

function failureOf(situation: Situation, registry: string): UpstreamError | undefined {
  if (situation === 'limited') {
    return new UpstreamError('limited', `${registry} answered 429`, {
      status: 429,
      retryAfter: 3600,
    });
  }
  return situation === 'down'
    ? new UpstreamError('unreachable', `${registry} cannot be reached`)
    : undefined;
}

function provenanceOf(situation: Situation, canAge: boolean): Provenance {
  if (!canAge) return { kind: 'hit', ttl: undefined };
  if (situation !== 'stale') return { kind: 'hit', ttl: 300 };
  return { kind: 'stale', age: 7200, reason: 'docker.io cannot be reached' };
}

function shelvesOf(repository: Repository): readonly Shelf[] {
  return shelves.filter(
    (shelf) => shelf.registry === repository.registry && shelf.repository === repository.name,
  );
}

interface Tagged {
  readonly content: Content;
  readonly tags: readonly string[];
}

function manifestsOf(repository: Repository): Tagged[] {
  return shelvesOf(repository).flatMap(({ item, tags }) => [
    { content: item.manifest, tags },
    ...imagesOf(item).map((image) => ({ content: image.manifest, tags: [] })),
  ]);
}

function blobsOf(repository: Repository): Content[] {
  return shelvesOf(repository)
    .flatMap(({ item }) => imagesOf(item))
    .flatMap((image) => [image.config, ...image.layers]);
}

/** The images under an item of the shelves; all of them are in memory. */
function imagesOf(item: Image | ImageIndex): Image[] {
  if (item.kind === 'image') return [item];
  return item.children.flatMap((child) => imagesOf(child as Image | ImageIndex));
}

function descriptorOf(content: Content): Descriptor {
  const descriptor = readDescriptor({ ...content });
  if (descriptor === undefined) throw new Error(`not a descriptor: ${content.digest}`);
  return descriptor;
}

function referrerOf(content: Content, subject: string): Descriptor | undefined {
  const manifest: Pick<Manifest, 'bytes' | 'mediaType'> = {
    bytes: new Uint8Array(content.bytes),
    mediaType: content.mediaType,
  };
  const contents = readManifest(manifest);
  if (contents?.subject?.digest !== subject) return undefined;
  const { artifactType, annotations } = contents;
  const { mediaType, digest, size } = descriptorOf(content);
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations !== undefined && { annotations }),
  };
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.byteLength > 0) controller.enqueue(new Uint8Array(bytes));
      controller.close();
    },
  });
}
