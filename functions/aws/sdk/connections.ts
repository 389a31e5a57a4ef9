import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

/** The connections to one service. */
export interface Connections {
  readonly agent: HttpAgent;
  /**
   * Opens one ahead of the first request, which takes it. A new function instance looks up the name
   * and shakes hands while the rest of it loads. When that fails, the request opens its own.
   */
  openAhead(): void;
  /** Closes those that no request uses. */
  dropIdle(): void;
  /** Closes all. */
  close(): void;
}

/** An IP address, which TLS does not take for a server's name. */
const address = /^[\d.]+$|:/;

const kept = { keepAlive: true, noDelay: true };

/** Opens nothing yet; the connections are kept alive between requests. */
export function connectionsTo({ protocol, hostname, port }: URL): Connections {
  const isSecure = protocol !== 'http:';
  const Agent = isSecure ? HttpsAgent : HttpAgent;
  const agent: HttpAgent = new Agent({ ...kept, maxSockets: 64 });
  const connect = agent.createConnection.bind(agent);
  let ahead: Duplex | undefined;

  agent.createConnection = (options, callback) => {
    const opened = ahead;
    ahead = undefined;
    return opened === undefined || opened.destroyed ? connect(options, callback) : opened;
  };
  const dropAhead = () => {
    ahead?.destroy();
    ahead = undefined;
  };

  return {
    agent,
    openAhead() {
      dropAhead();
      const host = hostname.replace(/^\[|\]$/g, '');
      const servername = address.test(host) ? '' : host;
      const place = { host, port: port || (isSecure ? 443 : 80), servername };
      ahead = connect({ ...kept, ...place }) ?? undefined;
      // Without a listener an error would end the process; the request meets it again.
      ahead?.on('error', () => undefined);
    },
    dropIdle() {
      dropAhead();
      for (const sockets of Object.values(agent.freeSockets)) {
        for (const socket of sockets ?? []) socket.destroy();
      }
    },
    close() {
      dropAhead();
      agent.destroy();
    },
  };
}
