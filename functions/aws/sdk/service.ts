import { withTimeout } from '../../core/concurrency/timeout.ts';
import type { CredentialSource } from '../../core/signing/credentials.ts';
import { sdkCredentials } from './aws-credentials.ts';
import { type Connections, openConnections } from './connections.ts';
import { Outages } from './outage.ts';
import { maxAttempts, PromptRetries } from './retries.ts';
import { isThrottling, ServiceError, serviceError } from './service-error.ts';

export interface ServiceOptions {
  readonly region: string;
  readonly credentials: CredentialSource;
  /** Default: as the SDK resolves it. */
  readonly endpoint?: URL | undefined;
  /** In ms; default: Date.now. */
  readonly now?: () => number;
  /** How long a read may take in all, in ms; 1.5 s by default, because clients wait. */
  readonly readPatience?: number | undefined;
  /** Shared by the services of a process. */
  readonly outages?: Outages;
}

/** What every client of the SDK gets here. */
export interface Service {
  /** The configuration of the client. */
  readonly settings: ReturnType<typeof settingsOf>;
  readonly connections: Connections;
  /** The circuit breaker and safe errors. */
  readonly guard: Guard;
}

/** Middleware. */
type Guard = <Args, Result>(
  next: (args: Args) => Promise<Result>,
  context: { readonly commandName?: string },
) => (args: Args) => Promise<Result>;

/** Where `guard` goes in a client's middleware stack: first. */
export const guardPlace = { step: 'initialize', priority: 'high', name: 'pullfrontGuard' } as const;

/**
 * Connections that were idle for longer are closed instead of reused: a frozen function instance does
 * not notice that the other side closed one, and would wait for the timeout. In ms.
 */
const longestIdle = 45_000;

/** How long a read may take, for which clients wait, in ms. */
const readPatience = 1500;

/** How long a call may take that probes a service, or while another service is down, in ms. */
const shortPatience = 500;

/** Reads of DynamoDB. */
const reads = /^(?:Get|Query|BatchGet)/;
const writes = /^(?:Put|Update|Delete|BatchWrite|TransactWrite)/;

/** Waits for messages on purpose. */
const longPoll = 'ReceiveMessageCommand';

/** Clients of the SDK would print errors to the console that they also reject with. */
export const silentLogger = { debug() {}, info() {}, warn() {}, error() {} };

/** Creates the parts of a service's client; errors contain its `name`. Nothing is connected yet. */
export function openService(name: string, options: ServiceOptions): Service {
  const { now = Date.now, outages = new Outages(now) } = options;
  const connections = openConnections();
  const outage = outages.add();
  let lastUsed = now();
  const guard: Guard =
    (next, { commandName = '' }) =>
    async (args) => {
      const call = `${name}.${commandName.replace(/Command$/, '')}`;
      if (outage.isResting) {
        const about = { code: 'Unreachable' };
        throw new ServiceError(`${call}: skipped, the service is not responding`, about);
      }
      if (now() - lastUsed > longestIdle) connections.dropIdle();
      lastUsed = now();
      const patience = patienceFor(commandName, outages, options.readPatience);
      const begun = outage.begin(writes.test(commandName) ? 'write' : 'read');
      try {
        const result = await inTime(call, patience, next(args));
        begun.answered();
        return result;
      } catch (error) {
        if (error instanceof Error && error.name === 'AbortError') throw error;
        const failure = error instanceof ServiceError ? error : serviceError(call, error);
        if (isOutage(failure)) begun.failed();
        // A failure to get credentials says nothing about the service.
        else if (failure.status !== undefined) begun.answered();
        throw failure;
      }
    };
  return {
    settings: settingsOf(options, connections, now),
    connections,
    guard,
  };
}

/** How long a call may take, in ms; undefined: as long as its attempts. */
function patienceFor(
  command: string,
  outages: Outages,
  forReads = readPatience,
): number | undefined {
  if (outages.isAnyDown && command !== longPoll) return shortPatience;
  return reads.test(command) ? forReads : undefined;
}

/** A call that takes longer goes on, but nothing waits for it. */
async function inTime<Result>(
  call: string,
  milliseconds: number | undefined,
  calling: Promise<Result>,
): Promise<Result> {
  if (milliseconds === undefined) return calling;
  const result = await withTimeout(
    milliseconds,
    calling.then((value) => ({ value })),
  );
  if (result !== undefined) return result.value;
  calling.catch(() => undefined);
  throw new ServiceError(`${call}: timed out waiting for the response`, { code: 'Timeout' });
}

/** True if a service did not respond, or failed at every attempt. */
function isOutage(failure: ServiceError): boolean {
  const { code, status = 0 } = failure;
  if (status >= 500) return !isThrottling(failure);
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
      connectionTimeout: 500,
      requestTimeout: 3000,
      throwOnRequestTimeout: true,
      httpAgent,
      httpsAgent,
    },
  };
}
