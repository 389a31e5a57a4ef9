import assert from 'node:assert/strict';
import type { RemoteRepository } from '../../functions/core/ports/upstream.ts';
import { createUpstream } from '../../functions/core/upstream/client.ts';
import type { UpstreamFetch, UpstreamOptions } from '../../functions/core/upstream/connection.ts';

/** One request that a registry, or a host it names, is expected to get, and the answer. */
export interface Exchange {
  /** As `HEAD https://nvcr.io/v2/nvidia/cuda/manifests/12`. */
  readonly request: string;
  /** Its Authorization; undefined: it has none. */
  readonly authorization?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A client of a registry whose hosts answer as scripted, in this order. */
export function scriptedRegistry(
  options: Pick<UpstreamOptions, 'credentials' | 'answersHead'> & { readonly url: string },
  ...exchanges: readonly Exchange[]
) {
  const left = [...exchanges];
  const fetch: UpstreamFetch = async (url, { method, headers }) => {
    const sent = `${method} ${url}`;
    const exchange = left.shift();
    const authorization = headers.authorization;
    if (exchange?.request !== sent || exchange.authorization !== authorization) {
      const got = `${sent} ${authorization ?? 'without authorization'}`;
      assert.fail(`expected ${JSON.stringify(exchange)}, got ${got}`);
    }
    const { status = 200, body = '' } = exchange;
    const length = String(Buffer.byteLength(body));
    const all = { 'content-length': length, ...exchange.headers };
    return new Response(method === 'HEAD' ? null : body, { status, headers: all });
  };
  const url = new URL(options.url);
  const upstream = createUpstream(
    { ...options, registry: url.host, url, userAgent: 'pullfront/0' },
    { fetch, now: Date.now, observe: () => undefined },
  );
  return {
    upstream,
    at: (name: string): RemoteRepository => ({ name, upstreamCalls: 0 }),
    /** Fails unless every request came. */
    verify: () => assert.deepEqual(left, []),
  };
}

/** The 401 of a registry. */
export function challenge(header: string, body = '{"errors":[{"code":"UNAUTHORIZED"}]}') {
  return { status: 401, headers: { 'www-authenticate': header }, body };
}

/** The answer of a token service. */
export function token(value: string, name = 'token'): Pick<Exchange, 'body'> {
  return { body: JSON.stringify({ [name]: value, expires_in: 300 }) };
}

export function basic(username: string, password: string): string {
  return `Basic ${btoa(`${username}:${password}`)}`;
}
