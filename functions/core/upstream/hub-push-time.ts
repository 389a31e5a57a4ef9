import { type Digest, parseDigest } from '../oci/digest.ts';
import { entriesOf, objectOf, parseObject } from '../oci/json-object.ts';
import {
  type Connection,
  connectionOf,
  type UpstreamOptions,
  type UpstreamRuntime,
} from './connection.ts';
import { send } from './request.ts';
import { discard, readBody } from './response-body.ts';

/** An answer lists the images of a tag, one of each platform. */
const maxBytes = 256 * 1024;

/** How long the API may take, in ms: clients wait for it. */
const timeout = 1_000;

/**
 * When Docker Hub says that a tag was pushed (`tag_last_pushed`), in ms since 1970. Undefined if it does not say, or
 * means another digest. Sends no credentials. Rejects if there is no answer.
 */
export async function hubPushTime(
  options: UpstreamOptions,
  runtime: UpstreamRuntime,
  name: string,
  tag: string,
  digest: Digest,
): Promise<number | undefined> {
  const [namespace, repository, ...others] = name.split('/');
  if (repository === undefined || others.length > 0) return undefined;
  const connection: Connection = connectionOf({ ...options, headersTimeout: timeout }, runtime);
  const path = `/v2/namespaces/${namespace}/repositories/${repository}/tags/${tag}`;
  const request = {
    purpose: 'tags',
    method: 'GET',
    remote: { name, upstreamCalls: 0 },
    url: new URL(path, options.url),
    follow: () => false,
  } as const;
  const { response } = await send(connection, request, undefined);
  if (response.status !== 200) {
    await discard(response);
    return undefined;
  }
  const bytes = await readBody(response, { what: options.url.host, maxBytes, timeout });
  return pushTimeIn(bytes, digest);
}

/** The time in an answer, if the tag names this digest there. An image without an index is listed alone. */
function pushTimeIn(bytes: Uint8Array, digest: Digest): number | undefined {
  const tag = parseObject(bytes);
  const images = entriesOf(tag?.images) ?? [];
  const named = tag?.digest ?? (images.length === 1 ? objectOf(images[0])?.digest : undefined);
  if (typeof named !== 'string' || parseDigest(named) !== digest) return undefined;
  const { tag_last_pushed: pushed } = tag ?? {};
  const time = typeof pushed === 'string' ? Date.parse(pushed) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
