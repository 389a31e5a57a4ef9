import { parseDigest } from '../../oci/digest.ts';
import { objectOf } from '../../oci/json-object.ts';
import { isRepositoryName } from '../../oci/repository.ts';
import type { FillJob } from '../../ports/fill-queue.ts';

/** The version of the messages. One of another version is refused, not guessed at. */
const version = 1;

/** A put leaves at most 60 KB of progress; in letters. */
const longestProgress = 64 * 1024;

/** A registry's host, with a port where it has one. */
const registryPattern = /^[a-z0-9.-]{1,253}(?::\d{1,5})?$/;

/** What a message says. */
export type ReadFillMessage =
  | { readonly kind: 'job'; readonly job: FillJob }
  /** Nobody can ever handle it. */
  | { readonly kind: 'bad'; readonly reason: string };

/** What of a media type is sent, in characters: a manifest may say anything. */
const longestMediaType = 255;

/** A fill as what a queue carries in JSON. */
export function fillMessage({ repository, blob, manifest, progress, fence }: FillJob) {
  const { digest, size } = blob;
  const mediaType = blob.mediaType.slice(0, longestMediaType);
  return { version, repository, blob: { digest, size, mediaType }, manifest, progress, fence };
}

/** Reads the body of a message. Who may send to the queue may have written anything. */
export function readFillMessage(body: unknown): ReadFillMessage {
  const message = objectOf(body);
  if (message === undefined) return bad('it is no JSON object');
  if (message.version !== version) return bad(`its version is not ${version}`);
  const { registry, name } = objectOf(message.repository) ?? {};
  if (typeof registry !== 'string' || !registryPattern.test(registry)) return bad('no registry');
  if (typeof name !== 'string' || !isRepositoryName(name)) return bad('no name of a repository');
  const { digest: blobDigest, size, mediaType } = objectOf(message.blob) ?? {};
  const digest = readDigest(blobDigest);
  if (digest === undefined) return bad('no digest of a blob');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return bad('no size');
  if (typeof mediaType !== 'string') return bad('no media type');
  const manifest = readDigest(message.manifest);
  if (manifest === undefined && message.manifest !== undefined) return bad('a bad manifest');
  const { progress, fence } = message;
  const isProgress = typeof progress === 'string' && progress.length <= longestProgress;
  if (progress !== undefined && !isProgress) return bad('a bad progress');
  const isFence = typeof fence === 'number' && Number.isSafeInteger(fence) && fence >= 0;
  if (fence !== undefined && !isFence) return bad('a bad fence');
  const job: FillJob = {
    repository: { registry, name },
    blob: { digest, size, mediaType },
    ...(manifest !== undefined && { manifest }),
    ...(isProgress && { progress }),
    ...(isFence && { fence }),
  };
  return { kind: 'job', job };
}

function bad(reason: string): ReadFillMessage {
  return { kind: 'bad', reason: `not a fill: ${reason}` };
}

function readDigest(value: unknown) {
  return typeof value === 'string' ? parseDigest(value) : undefined;
}
