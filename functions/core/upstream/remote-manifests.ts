import { type CountedRate, parseCountedRate } from '../headers/rate-limit.ts';
import { algorithmOf, type Digest, digestOf, parseDigest } from '../oci/digest.ts';
import { parseObject } from '../oci/json-object.ts';
import {
  type Manifest,
  manifestMediaType,
  maxManifestBytes,
  readManifest,
} from '../oci/manifest.ts';
import { acceptManifests, essence, isManifestType } from '../oci/media-type.ts';
import { type Reference, referenceText } from '../oci/reference.ts';
import type { ManifestGet, ManifestHead, RemoteRepository } from '../ports/upstream.ts';
import { invalidAnswer } from '../ports/upstream-error.ts';
import { type Connection, endpoint } from './connection.ts';
import { type Answer, describe, type UpstreamRequest } from './request.ts';
import { contentLength, discard } from './response-body.ts';
import type { Session } from './session.ts';
import { isPage, readAnswer, refusalOf } from './status.ts';

function manifestRequest(
  connection: Connection,
  method: 'GET' | 'HEAD',
  remote: RemoteRepository,
  reference: Reference,
): UpstreamRequest {
  return {
    purpose: 'manifest',
    method,
    remote,
    url: endpoint(connection, `${remote.name}/manifests/${referenceText(reference)}`),
    headers: { accept: acceptManifests },
  };
}

/** Reports and returns the rate limit, unless another host than the registry answered. */
function observeRateLimit(
  { registry, credentials, runtime }: Connection,
  answer: Answer,
): CountedRate | undefined {
  const counted = answer.moved ? undefined : parseCountedRate(answer.response.headers);
  if (counted === undefined) return undefined;
  const { source: _, ...rate } = counted;
  const who = credentials === undefined ? 'anonymous' : 'account';
  runtime.observe({ kind: 'rate-limit', registry, credentials: who, rate });
  return counted;
}

/** The digest that the registry states; undefined if missing or malformed. */
function statedDigest(headers: Headers): Digest | undefined {
  return parseDigest(headers.get('docker-content-digest')?.trim() ?? '');
}

/** HEAD of a manifest (distribution-spec §Checking if content exists in the registry). */
export async function headManifest(
  { connection, exchange, headRefusals }: Session,
  remote: RemoteRepository,
  reference: Reference,
): Promise<ManifestHead> {
  const head = manifestRequest(connection, 'HEAD', remote, reference);
  const request = { ...head, keepsToken: headRefusals.areWrong };
  const answer = await exchange(request);
  if (answer.kind === 'denied') {
    const isWrong = answer.despiteToken && headRefusals.mayBeWrong(remote, reference);
    return { kind: isWrong ? 'unsupported' : 'denied' };
  }
  const rate = observeRateLimit(connection, answer);
  const { response, moved } = answer;
  // HEAD of a URL that was signed for GET is a 403.
  const isMethodRefused =
    [405, 501].includes(response.status) || (moved && response.status === 403);
  if (isMethodRefused || isPage(answer)) {
    await discard(response);
    return { kind: 'unsupported' };
  }
  const refused = await refusalOf(connection, request, answer);
  if (refused !== undefined) return refused;
  await discard(response);
  const digest = statedDigest(response.headers);
  const asked = reference.kind === 'digest' ? reference.digest : undefined;
  const isComparable = digest && asked && algorithmOf(digest) === algorithmOf(asked);
  if (isComparable && digest !== asked) {
    throw invalidAnswer(describe(connection, request), `expected ${asked}, got ${digest}`);
  }
  return {
    kind: 'found',
    digest: asked ?? digest,
    mediaType: essence(response.headers.get('content-type') ?? ''),
    // No manifest is empty: servers that leave out the body may state 0.
    size: contentLength(response.headers) || undefined,
    rate,
  };
}

/**
 * GET of a manifest (distribution-spec §Pulling manifests). Throws an UpstreamError `invalid` unless the
 * bytes match a digest reference and the digest that the registry states.
 */
export async function getManifest(
  { connection, exchange, headRefusals }: Session,
  remote: RemoteRepository,
  reference: Reference,
): Promise<ManifestGet> {
  const request = manifestRequest(connection, 'GET', remote, reference);
  const answer = await exchange(request);
  headRefusals.noteGet(remote, reference, answer.kind === 'denied');
  if (answer.kind === 'denied') return { kind: 'denied' };
  const rate = observeRateLimit(connection, answer);
  const refused = await refusalOf(connection, request, answer);
  if (refused !== undefined) return refused;
  const { headers } = answer.response;
  const what = describe(connection, request);
  const bytes = await readAnswer(connection, request, answer, maxManifestBytes);
  const mediaType = readMediaType(what, headers.get('content-type') ?? '', bytes);
  const asked = reference.kind === 'digest' ? reference.digest : undefined;
  const digest = await verifiedDigest(what, bytes, asked, statedDigest(headers));
  return { kind: 'found', manifest: { digest, mediaType, bytes }, rate };
}

/** Refuses anything but a manifest: a web page, an error with status 200, or schema 1. */
function readMediaType(what: string, contentType: string, bytes: Manifest['bytes']): string {
  const mediaType = manifestMediaType(contentType, bytes);
  const contents = essence(contentType).endsWith('+prettyjws')
    ? undefined
    : readManifest({ bytes, mediaType });
  const namesContent = contents && contents.blobs.length + contents.manifests.length > 0;
  if (contents !== undefined && (namesContent || isManifestType(mediaType))) return mediaType;
  const isSchema1 =
    essence(contentType).includes('.manifest.v1+') || parseObject(bytes)?.schemaVersion === 1;
  const reason = isSchema1
    ? 'a manifest of schema 1, which is not mirrored; push the image again with a newer client'
    : 'not a manifest that can be mirrored';
  throw invalidAnswer(what, reason);
}

async function verifiedDigest(
  what: string,
  bytes: Manifest['bytes'],
  asked: Digest | undefined,
  stated: Digest | undefined,
): Promise<Digest> {
  for (const expected of [asked, stated]) {
    if (expected === undefined) continue;
    const got = await digestOf(bytes, algorithmOf(expected));
    if (got !== expected) throw invalidAnswer(what, `expected ${expected}, got ${got}`);
  }
  return asked ?? stated ?? digestOf(bytes);
}
