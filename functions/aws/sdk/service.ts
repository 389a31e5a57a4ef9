import type { CredentialSource } from '../../core/signing/credentials.ts';
import { sdkCredentials } from './aws-credentials.ts';
import { type Connections, openConnections } from './connections.ts';
import { Outage } from './outage.ts';
import { maxAttempts, PromptRetries } from './retries.ts';
import { ServiceError, serviceError } from './service-error.ts';

/** Where a service is and who asks it. */
export interface ServiceOptions {
  readonly region: string;
  readonly credentials: CredentialSource;
  /** The SDK's own rules and variables say it when absent. */
  readonly endpoint?: URL | undefined;
  /** The clock in ms; Date.now when absent. */
  readonly now?: () => number;
}

/** What this project adds to the SDK's client of one service. */
export interface Service {
  /** The client's configuration. */
  readonly settings: ReturnType<typeof settingsOf>;
  readonly connections: Connections;
  /** Is added to the client's stack, in front of all else. */
  guard<Args, Result>(
    next: (args: Args) => Promise<Result>,
    context: { readonly commandName?: string },
  ): (args: Args) => Promise<Result>;
}

/** The place of `guard` in a client's stack. */
export const guardPlace = { step: 'initialize', priority: 'high', name: 'pullfrontGuard' } as const;

/**
 * A connection that was unused for so long is closed instead of used: a frozen function instance
 * does not hear that the other side closed it, and would wait for the timeout. In ms.
 */
const longestIdle = 45_000;

/** For every client of the SDK, which says on the console what it also rejects with. */
export const silentLogger = { debug() {}, info() {}, warn() {}, error() {} };

/** The parts of a client of a service, which errors call by `name`. Nothing is connected yet. */
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
          throw new ServiceError(`${call}: not tried, the service did not answer`, about);
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
          // Credentials that cannot be fetched say nothing of the service.
          else if (isSilence(failure)) outage.failed();
          throw failure;
        }
      };
    },
  };
}

function isSilence({ code }: ServiceError): boolean {
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
    // The strategy's own; the SDK tells the service, and would look for it in files.
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
