import { parseDigest } from '../../oci/digest.ts';
import { objectOf } from '../../oci/json-object.ts';
import { isRepositoryName } from '../../oci/repository.ts';
import type { FillJob } from '../../ports/fill-queue.ts';

/** The version of the messages. Others are rejected. */
const version = 1;

/** In characters. A store writes at most 60 KB of progress. */
const longestProgress = 64 * 1024;

/** In characters. A manifest may state any media type. */
const longestMediaType = 255;

/** A host with an optional port. */
const registryPattern = /^[a-z0-9.-]{1,253}(?::\d{1,5})?$/;

export type ReadFillMessage =
  | { readonly kind: 'job'; readonly job: FillJob }
  /** A retry cannot succeed. */
  | { readonly kind: 'bad'; readonly reason: string };

/** The JSON value of a fill job in a queue. */
export function fillMessage({ repository, blob, ...rest }: FillJob) {
  const { digest, size } = blob;
  const { manifest, progress, fence, deferrals } = rest;
  const mediaType = blob.mediaType.slice(0, longestMediaType);
  const shortened = { digest, size, mediaType };
  return { version, repository, blob: shortened, manifest, progress, fence, deferrals };
}

/** Reads the body of a message. Trusts nothing: other senders may have access to the queue. */
export function readFillMessage(body: unknown): ReadFillMessage {
  const message = objectOf(body);
  if (message === undefined) return bad('not a JSON object');
  if (message.version !== version) return bad(`version is not ${version}`);
  const { registry, name } = objectOf(message.repository) ?? {};
  if (typeof registry !== 'string' || !registryPattern.test(registry)) return bad('registry');
  if (typeof name !== 'string' || !isRepositoryName(name)) return bad('repository name');
  const { digest: blobDigest, size, mediaType } = objectOf(message.blob) ?? {};
  const digest = readDigest(blobDigest);
  if (digest === undefined) return bad('blob digest');
  if (!isCount(size)) return bad('blob size');
  if (typeof mediaType !== 'string') return bad('blob media type');
  const manifest = readDigest(message.manifest);
  if (manifest === undefined && message.manifest !== undefined) return bad('manifest digest');
  const { progress, fence, deferrals } = message;
  const isProgress = typeof progress === 'string' && progress.length <= longestProgress;
  if (progress !== undefined && !isProgress) return bad('progress');
  if (fence !== undefined && !isCount(fence)) return bad('fence');
  if (deferrals !== undefined && !isCount(deferrals)) return bad('deferrals');
  const job: FillJob = {
    repository: { registry, name },
    blob: { digest, size, mediaType },
    ...(manifest !== undefined && { manifest }),
    ...(isProgress && { progress }),
    ...(fence !== undefined && { fence }),
    ...(deferrals !== undefined && { deferrals }),
  };
  return { kind: 'job', job };
}

function bad(reason: string): ReadFillMessage {
  return { kind: 'bad', reason: `invalid fill message: ${reason}` };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function readDigest(value: unknown) {
  return typeof value === 'string' ? parseDigest(value) : undefined;
}
