import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { addressAttempts, NameLookup } from '../../node/upstream/name-lookup.ts';

/** The keep-alive connections to one service. */
export interface Connections {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
  /**
   * Opens a connection for the first request, so that a new instance resolves the name and shakes hands
   * while it loads the rest. If that fails, the request opens its own.
   */
  openAhead(url: URL): void;
  /** Closes unused connections. */
  dropIdle(): void;
  /** Closes all connections. */
  close(): void;
}

/** IP addresses, which TLS does not allow as a server name. */
const address = /^[\d.]+$|:/;

const names = new NameLookup();

/** An endpoint is reached even while other names hang, and over a slow or missing IPv6. */
const kept = { keepAlive: true, noDelay: true, lookup: names.lookup, ...addressAttempts };

/** Creates the agents. They open nothing yet. */
export function openConnections(): Connections {
  const options = { ...kept, maxSockets: 64 };
  const [httpAgent, httpsAgent] = [new HttpAgent(options), new HttpsAgent(options)];
  const agents = [httpAgent, httpsAgent] as const;
  let ahead: Duplex | undefined;
  const takeAhead = () => {
    const opened = ahead?.destroyed === false ? ahead : undefined;
    ahead = undefined;
    return opened;
  };
  const connects = agents.map((agent: HttpAgent) => {
    const connect = agent.createConnection.bind(agent);
    agent.createConnection = (options, callback) => takeAhead() ?? connect(options, callback);
    return connect;
  });
  return {
    httpAgent,
    httpsAgent,
    openAhead({ protocol, hostname, port }) {
      takeAhead()?.destroy();
      const isSecure = protocol !== 'http:';
      const host = hostname.replace(/^\[|\]$/g, '');
      const servername = address.test(host) ? '' : host;
      const place = { host, port: port || (isSecure ? 443 : 80), servername };
      ahead = connects[isSecure ? 1 : 0]?.({ ...kept, ...place }) ?? undefined;
      // Without a listener an error would end the process. The request will report it.
      ahead?.on('error', () => undefined);
    },
    dropIdle() {
      takeAhead()?.destroy();
      for (const sockets of agents.flatMap((agent) => Object.values(agent.freeSockets))) {
        for (const socket of sockets ?? []) socket.destroy();
      }
    },
    close() {
      takeAhead()?.destroy();
      for (const agent of agents) agent.destroy();
    },
  };
}
