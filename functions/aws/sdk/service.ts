import type { CredentialSource } from '../../core/signing/credentials.ts';
import { sdkCredentials } from './aws-credentials.ts';
import { type Connections, openConnections } from './connections.ts';
import { Outage } from './outage.ts';
import { maxAttempts, PromptRetries } from './retries.ts';
import { ServiceError, serviceError } from './service-error.ts';

export interface ServiceOptions {
  readonly region: string;
  readonly credentials: CredentialSource;
  /** Default: as the SDK resolves it. */
  readonly endpoint?: URL | undefined;
  /** In ms; default: Date.now. */
  readonly now?: () => number;
}

/** What every client of the SDK gets here. */
export interface Service {
  /** The configuration of the client. */
  readonly settings: ReturnType<typeof settingsOf>;
  readonly connections: Connections;
  /** Middleware: the circuit breaker and safe errors. */
  guard<Args, Result>(
    next: (args: Args) => Promise<Result>,
    context: { readonly commandName?: string },
  ): (args: Args) => Promise<Result>;
}

/** Where `guard` goes in a client's middleware stack: first. */
export const guardPlace = { step: 'initialize', priority: 'high', name: 'pullfrontGuard' } as const;

/**
 * Connections that were idle for longer are closed instead of reused: a frozen function instance does
 * not notice that the other side closed one, and would wait for the timeout. In ms.
 */
const longestIdle = 45_000;

/** Clients of the SDK would print errors to the console that they also reject with. */
export const silentLogger = { debug() {}, info() {}, warn() {}, error() {} };

/** Creates the parts of a service's client; errors contain its `name`. Nothing is connected yet. */
export function openService(name: string, options: ServiceOptions): Service {
  const { now = Date.now } = options;
  const connections = openConnections();
  const outage = new Outage(now);
  let lastUsed = now();
  return {
    settings: settingsOf(options, connections, now),
    connections,
    guard(next, { commandName = '' }) {
      return async (args) => {
        const call = `${name}.${commandName.replace(/Command$/, '')}`;
        if (outage.isResting) {
          const about = { code: 'Unreachable' };
          throw new ServiceError(`${call}: skipped, the service is not responding`, about);
        }
        if (now() - lastUsed > longestIdle) connections.dropIdle();
        lastUsed = now();
        try {
          const result = await next(args);
          outage.answered();
          return result;
        } catch (error) {
          if (error instanceof Error && error.name === 'AbortError') throw error;
          const failure = serviceError(call, error);
          if (failure.status !== undefined) outage.answered();
          // A failure to get credentials says nothing about the service.
          else if (isOutage(failure)) outage.failed();
          throw failure;
        }
      };
    },
  };
}

function isOutage({ code }: ServiceError): boolean {
  return code === 'Unreachable' || code === 'Timeout';
}

function settingsOf(options: ServiceOptions, connections: Connections, now: () => number) {
  const { region, credentials, endpoint } = options;
  const { httpAgent, httpsAgent } = connections;
  return {
    region,
    credentials: () => sdkCredentials(credentials),
    ...(endpoint !== undefined && { endpoint: endpoint.href }),
    logger: silentLogger,
    // Same as the strategy's. The SDK sends it to the service, and would look it up in files.
    maxAttempts,
    retryStrategy: new PromptRetries(now),
    requestHandler: {
      connectionTimeout: 1000,
      requestTimeout: 3000,
      throwOnRequestTimeout: true,
      httpAgent,
      httpsAgent,
    },
  };
}
