import { type Dispatcher, request } from 'undici';
import type { Environment } from '../core/config/environment.ts';
import type { UpstreamFetch } from '../core/upstream/connection.ts';
import type { Destinations } from '../core/upstream/destinations.ts';
import { CertificateAuthorities } from './upstream/certificate-authorities.ts';
import { UpstreamDispatchers } from './upstream/dispatchers.ts';
import { NameLookup } from './upstream/name-lookup.ts';
import { fetchError } from './upstream/network-error.ts';
import { proxyChoice } from './upstream/proxies.ts';
import { webBody, webHeaders } from './upstream/web-response.ts';

/** Connections to upstreams. */
export interface UpstreamConnections {
  readonly fetch: UpstreamFetch;
  /** Cuts the requests in flight. */
  close(): Promise<void>;
}

/** Connections per origin for manifests, tokens and lists, which are answered at once. */
const shortConnections = 64;

/** Connections per origin for blobs, each of which may take as long as its client does. */
const blobConnections = 512;

/**
 * Opens connections to upstreams, through a proxy if HTTPS_PROXY, HTTP_PROXY and NO_PROXY say so, and
 * trusting the authorities of SSL_CERT_FILE, NODE_EXTRA_CA_CERTS and, if `systemStore`, the system.
 * Throws an Error that names a variable with a mistake.
 *
 * `fetch` keeps the contract of the Web's but uses undici's `request`: undici's own `fetch` needs four
 * times the CPU for a body.
 */
export function openConnections(
  environment: Environment,
  { systemStore = false }: { readonly systemStore?: boolean } = {},
): UpstreamConnections {
  const network = {
    names: new NameLookup(),
    proxyOf: proxyChoice(environment),
    authorities: new CertificateAuthorities(environment, systemStore),
  };
  const byUpstream = new WeakMap<Destinations, UpstreamDispatchers>();
  const opened = new Set<UpstreamDispatchers>();
  const dispatchersOf = (destinations: Destinations) => {
    const known = byUpstream.get(destinations);
    if (known !== undefined) return known;
    const dispatchers = new UpstreamDispatchers(destinations, network);
    byUpstream.set(destinations, dispatchers);
    opened.add(dispatchers);
    return dispatchers;
  };
  return {
    async fetch(url, { method, headers, signal, purpose, destinations }) {
      const dispatchers = dispatchersOf(destinations);
      // Two pools, so that no manifest waits for the connection of a slow blob.
      const dispatcher =
        purpose === 'blob'
          ? dispatchers.for(new URL(url), 'blob', blobConnections)
          : dispatchers.for(new URL(url), 'short', shortConnections);
      const response = await untilAborted(
        request(url, { method, headers, signal, dispatcher }),
        signal,
      ).catch((error: unknown) => {
        const proxy = network.proxyOf(new URL(url));
        throw signal.aborted ? error : fetchError(error, 'headers', proxy);
      });
      const { statusCode: status, body } = response;
      const isEmpty = method === 'HEAD' || [204, 205, 304].includes(status);
      if (isEmpty) await body.dump();
      try {
        const init = { status, headers: webHeaders(response.headers) };
        return new Response(isEmpty ? null : webBody(body), init);
      } catch (error) {
        // The number is not a valid status. Without a reader the body would keep its connection.
        body.on('error', () => undefined).destroy();
        throw error;
      }
    },
    async close() {
      await Promise.all([...opened].map((dispatchers) => dispatchers.destroy()));
    },
  };
}

type ResponseData = Dispatcher.ResponseData;

/**
 * Rejects as soon as the signal aborts: undici ignores it while it waits for a connection. A response
 * that arrives later is ended by undici.
 */
async function untilAborted(
  request: Promise<ResponseData>,
  signal: AbortSignal,
): Promise<ResponseData> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([request, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
