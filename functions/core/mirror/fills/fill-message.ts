import { parseDigest } from '../../oci/digest.ts';
import { objectOf } from '../../oci/json-object.ts';
import { isRepositoryName } from '../../oci/repository.ts';
import type { FillJob } from '../../ports/fill-queue.ts';

/** The version of the messages of one fill, and of several. Others are rejected. */
const [version, versionOfGroups] = [1, 2];

/** How many blobs of a manifest share a message. */
export const mostOfGroup = 10;

/** In characters. A store writes at most 60 KB of progress. */
const longestProgress = 64 * 1024;

/** In characters. A manifest may state any media type. */
const longestMediaType = 255;

/** A host with an optional port. */
const registryPattern = /^[a-z0-9.-]{1,253}(?::\d{1,5})?$/;

/** A retry cannot succeed. */
interface BadMessage {
  readonly kind: 'bad';
  readonly reason: string;
}

export type ReadFillMessage = { readonly kind: 'job'; readonly job: FillJob } | BadMessage;

/** The JSON value of a fill job in a queue. */
export function fillMessage({ repository, blob, ...rest }: FillJob) {
  const { digest, size } = blob;
  const { manifest, progress, fence, reservedUntil, deferrals, deliveries } = rest;
  const mediaType = blob.mediaType.slice(0, longestMediaType);
  const shortened = { digest, size, mediaType };
  const counts = { reservedUntil, deferrals, deliveries };
  return { version, repository, blob: shortened, manifest, progress, fence, ...counts };
}

/** The JSON value of fills that share a message: at most `mostOfGroup`, which differ in their blobs only. */
export function groupMessage(jobs: readonly [FillJob, ...FillJob[]]) {
  const { blob: _, version: __, ...shared } = fillMessage(jobs[0]);
  const reservedUntil =
    jobs.reduce(
      (least, job) => Math.min(least, job.reservedUntil ?? 0),
      Number.POSITIVE_INFINITY,
    ) || undefined;
  const blobs = jobs.map((job) => fillMessage(job).blob);
  return { ...shared, version: versionOfGroups, reservedUntil, blobs };
}

export type ReadGroupMessage =
  | { readonly kind: 'jobs'; readonly jobs: readonly [FillJob, ...FillJob[]] }
  | BadMessage;

/** Reads the body of a message of one fill or of several. */
export function readGroupMessage(body: unknown): ReadGroupMessage {
  const message = objectOf(body);
  const isGroup = message?.version === versionOfGroups;
  const blobs: unknown = isGroup ? message.blobs : [message?.blob];
  if (!Array.isArray(blobs) || blobs.length > mostOfGroup) return bad('blobs');
  const jobs: FillJob[] = [];
  for (const blob of blobs) {
    const read = readFillMessage(isGroup ? { ...message, version, blob } : body);
    if (read.kind === 'bad') return read;
    jobs.push(read.job);
  }
  const [first, ...others] = jobs;
  return first === undefined ? bad('blobs') : { kind: 'jobs', jobs: [first, ...others] };
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
  const { progress, fence, reservedUntil, deferrals, deliveries } = message;
  const isProgress = typeof progress === 'string' && progress.length <= longestProgress;
  if (progress !== undefined && !isProgress) return bad('progress');
  if (fence !== undefined && !isCount(fence)) return bad('fence');
  if (reservedUntil !== undefined && !isCount(reservedUntil)) return bad('reservation');
  if (deferrals !== undefined && !isCount(deferrals)) return bad('deferrals');
  if (deliveries !== undefined && !isCount(deliveries)) return bad('deliveries');
  const job: FillJob = {
    repository: { registry, name },
    blob: { digest, size, mediaType },
    ...(manifest !== undefined && { manifest }),
    ...(isProgress && { progress }),
    ...(fence !== undefined && { fence }),
    ...(reservedUntil !== undefined && { reservedUntil }),
    ...(deferrals !== undefined && { deferrals }),
    ...(deliveries !== undefined && { deliveries }),
  };
  return { kind: 'job', job };
}

function bad(reason: string): BadMessage {
  return { kind: 'bad', reason: `invalid fill message: ${reason}` };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function readDigest(value: unknown) {
  return typeof value === 'string' ? parseDigest(value) : undefined;
}
