import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Config } from '../../core/config/resolve.ts';
import type { ListenAddress } from '../../core/config/units.ts';
import { type CertificateCheck, CertificateWatch } from './certificate.ts';
import { readCertificate } from './certificate-files.ts';
import { OpenConnections } from './open-connections.ts';
import { hasCode, listening, listenOnSocket } from './unix-socket.ts';
import { MeteredResponse } from './write-answer.ts';

/** Answers one request. Does not reject. */
export type RequestHandler = (request: IncomingMessage, response: MeteredResponse) => Promise<void>;

/** A listening server. */
export interface Listener {
  /** The path of a Unix socket has the port -1. */
  readonly address: AddressInfo;
  /** Reads the certificate again, now and from now on from these files. Nothing without TLS. */
  reloadCertificate(files: Config['tls']): Promise<CertificateCheck>;
  /** Stops accepting connections and waits for answers in flight; cuts them after `milliseconds`. */
  close(milliseconds: number): Promise<void>;
}

const options = {
  ServerResponse: MeteredResponse,
  // Load balancers keep idle connections for 60 s; the server must not close one first.
  keepAliveTimeout: 75_000,
  // These bound what clients send; answers may take as long as they need.
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 32 * 1024,
  // Detects clients that vanished without closing their connection.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
};

/**
 * Listens for http, or for https with the configured files. Rejects with the system's error. A changed
 * certificate is used for new connections; `onCertificate` gets that and what is wrong with the files.
 */
export async function listen(
  config: Pick<Config, 'listen' | 'tls'>,
  handler: RequestHandler,
  onCertificate: (check: CertificateCheck) => void = () => undefined,
): Promise<Listener> {
  const connections = new OpenConnections();
  const answer = (request: IncomingMessage, response: MeteredResponse) => {
    connections.admit(request.socket, response, () => {
      // Request bodies are never read; draining one could take arbitrarily long.
      if (hasBody(request)) response.shouldKeepAlive = false;
      void handler(request, response);
    });
  };
  const { server, certificate } = await createHttpServer(config.tls, onCertificate);
  server.on(config.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) =>
    connections.opened(socket),
  );
  server.on('request', answer);
  // Without this listener Node would ask the client for the body.
  server.on('checkContinue', answer);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A refusal must not be written into an answer in flight.
    if (error.code === 'ECONNRESET' || !socket.writable || connections.isAnswering(socket)) {
      socket.destroy();
    } else {
      refuse(error, socket);
    }
  });
  await begin(server, config.listen);
  return {
    address: addressOf(server),
    async reloadCertificate(files) {
      if (certificate === undefined || files === undefined) return { kind: 'unchanged' };
      return certificate.check(files);
    },
    async close(milliseconds) {
      certificate?.stop();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      connections.close();
      const timer = setTimeout(() => connections.cut(), milliseconds);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function begin(server: Server, address: ListenAddress): Promise<void> {
  if ('socket' in address) return listenOnSocket(server, address.socket);
  try {
    await listening(server, { ...address });
  } catch (error) {
    const isWithoutIpv6 = hasCode(error, ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL']);
    if (address.host !== '::' || !isWithoutIpv6) throw error;
    await listening(server, { ...address, host: '0.0.0.0' });
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null) throw new Error('the server does not listen');
  return typeof address === 'string' ? { address, family: 'unix', port: -1 } : address;
}

const tlsOptions = { minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const;

async function createHttpServer(
  files: Config['tls'],
  onCertificate: (check: CertificateCheck) => void,
) {
  if (files === undefined) return { server: createServer(options) };
  const used = await readCertificate(files);
  const server: TlsServer<typeof IncomingMessage, typeof MeteredResponse> = createTlsServer({
    ...options,
    ...tlsOptions,
    ...used,
  });
  const certificate = new CertificateWatch(files, used, (check) => {
    if (check.kind === 'changed') {
      server.setSecureContext({ ...check.certificate, minVersion: tlsOptions.minVersion });
    }
    onCertificate(check);
  });
  return { server, certificate };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** How long a client may take to read a refusal and close the connection, in ms. */
const refusalTime = 1000;

/** Answers what is not valid HTTP, and closes the connection even if the client does not. */
function refuse({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
  const status = statuses[code] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  const timer = setTimeout(() => socket.destroy(), refusalTime);
  socket.once('close', () => clearTimeout(timer));
}

const statuses: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
