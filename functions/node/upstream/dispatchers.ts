import type { SecureContext } from 'node:tls';
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { Destinations } from '../../core/upstream/destinations.ts';
import type { CertificateAuthorities } from './certificate-authorities.ts';
import { GuardedLookup } from './guarded-lookup.ts';
import { addressAttempts, type NameLookup } from './name-lookup.ts';
import type { ProxyChoice } from './proxies.ts';
import { skipContinue } from './skip-continue.ts';

/** What the connections of all upstreams share. */
export interface Network {
  readonly names: NameLookup;
  readonly proxyOf: ProxyChoice;
  readonly authorities: CertificateAuthorities;
}

const options = {
  // HTTP/2 would put all blobs of an upstream on one connection, each slowed by the slowest.
  allowH2: false,
  // Node's limit of 16 KB is too small for some policies and signed URLs.
  maxHeaderSize: 256 * 1024,
  // The upstream client has its own deadlines, for headers and for each pause of a body.
  headersTimeout: 0,
  bodyTimeout: 0,
};

type Connector = ReturnType<typeof buildConnector>;

/** The pools of connections for one upstream: no other upstream's rules apply to them. */
export class UpstreamDispatchers {
  readonly #network: Network;
  readonly #lookup: GuardedLookup;
  readonly #connectOptions: { readonly timeout: number; readonly secureContext?: SecureContext };
  readonly #open = new Map<string, Dispatcher>();

  /** Throws a FetchError if the upstream's `ca` cannot be used. */
  constructor(destinations: Destinations, network: Network) {
    const secureContext = network.authorities.contextFor(destinations.ca);
    this.#network = network;
    this.#lookup = new GuardedLookup(destinations, network.names);
    this.#connectOptions = {
      timeout: 5000,
      ...addressAttempts,
      ...(secureContext && { secureContext }),
    };
  }

  /**
   * The dispatcher for a request, with up to so many connections per origin for its kind. Throws a
   * FetchError `invalid` for a host that must not be contacted.
   */
  for(url: URL, kind: string, connections: number): Dispatcher {
    this.#lookup.checkUrl(url);
    const proxy = this.#network.proxyOf(url);
    const key = `${kind} ${proxy ?? ''}`;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const dispatcher =
      proxy === undefined ? this.#direct(connections) : this.#through(proxy, connections);
    this.#open.set(key, dispatcher);
    return dispatcher;
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.#open.values()].map((dispatcher) => dispatcher.destroy()));
  }

  #direct(connections: number): Dispatcher {
    const connectors = new Map<unknown, Connector>();
    const connect: Connector = (target, callback) => {
      const { hostname, port } = target;
      const lookup = this.#lookup.for({ hostname, host: port ? `${hostname}:${port}` : hostname });
      const connector =
        connectors.get(lookup) ?? buildConnector({ ...this.#connectOptions, lookup });
      connectors.set(lookup, connector);
      const attempt = this.#lookup.connecting();
      connector(target, (...result) => {
        const [, socket] = result;
        if (socket) this.#lookup.connected(hostname, socket.remoteAddress, attempt);
        callback(...result);
      });
    };
    return new Agent({ ...options, connections, connect: withoutContinue(connect) });
  }

  /** The proxy resolves names, so only addresses in URLs can be checked. */
  #through(proxy: string, connections: number): Dispatcher {
    return new ProxyAgent({
      ...options,
      uri: proxy,
      connections,
      // http is sent to the proxy as it is; many proxies allow CONNECT to port 443 only.
      proxyTunnel: false,
      proxyTls: { ...this.#connectOptions, lookup: this.#lookup.any },
      requestTls: this.#connectOptions,
      clientFactory: (origin, given) => new Pool(origin, { ...options, ...given }),
      factory: (origin, given: Pool.Options) => {
        const { connect } = given;
        if (typeof connect !== 'function') throw new TypeError('undici gave no connector');
        const tolerant = withoutContinue(connect);
        return new Pool(origin, { ...options, ...given, connections, connect: tolerant });
      },
    });
  }
}

function withoutContinue(connect: Connector): Connector {
  return (target, callback) =>
    connect(target, (...result) => {
      const [, socket] = result;
      if (socket) skipContinue(socket);
      callback(...result);
    });
}
