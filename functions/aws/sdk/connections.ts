import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

/** The connections to one service, kept alive between requests. */
export interface Connections {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
  /**
   * Opens one ahead of the first request, which takes it. A new function instance looks up the name
   * and shakes hands while the rest of it loads. When that fails, the request opens its own.
   */
  openAhead(url: URL): void;
  /** Closes those that no request uses. */
  dropIdle(): void;
  /** Closes all. */
  close(): void;
}

/** An IP address, which TLS does not take for a server's name. */
const address = /^[\d.]+$|:/;

const kept = { keepAlive: true, noDelay: true };

/** Opens nothing yet. */
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
      // Without a listener an error would end the process; the request meets it again.
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
