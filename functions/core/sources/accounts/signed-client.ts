import { reasonOf } from '../../ports/tolerate.ts';
import type { Upstream } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Credentials } from '../../upstream/connection.ts';
import { delegatingUpstream } from './delegation.ts';
import { type IssuedCredentials, UnreadableSignIn } from './sign-in.ts';

interface SignedClientOptions {
  readonly registry: string;
  readCredentials(): Promise<IssuedCredentials>;
  createClient(credentials: Credentials): Upstream;
  /** True if reading costs nothing, as from a file: it is then read again before requests. */
  readonly isCheap: boolean;
  /** True if requests may be anonymous instead: credentials that were refused are not kept then. */
  readonly isOptional: boolean;
  /** Ms since 1970. */
  now(): number;
  waitUntil(work: Promise<unknown>): void;
  /** Called with the reason for the log: it names secrets, so clients must not see it. */
  onUnreadable(reason: string): void;
}

/** The shortest time between two readings of credentials, in ms. */
const shortestInterval = 1_000;

/** The same for those that were unchanged the last time or that expire, if reading costs something. */
const unchangedInterval = 60_000;

/** Credentials that expire sooner are read again, in ms; those of Amazon ECR are good for 12 hours. */
const refreshAhead = 3_600_000;

interface Client {
  readonly upstream: Upstream;
  readonly credentials: IssuedCredentials;
  /** When its credentials were last read, in ms since 1970. */
  readonly read: number;
  /** True if the last reading changed nothing. */
  readonly isUnchanged: boolean;
  /** How often in a row they could not be read. */
  readonly failures: number;
}

/**
 * The client of an upstream with an account, which reads the credentials before the first request, and
 * again when the upstream refused them, because they may have changed, or before they expire. Cheap ones
 * are also read again once a second. Until they can be read, every request rejects with an
 * UnreadableSignIn: an anonymous request would count against a shared address. Later the last ones are
 * used meanwhile.
 */
export function signedClient(options: SignedClientOptions): Upstream {
  let current: Promise<Client> | undefined;
  let rereading: Promise<Client> | undefined;
  let last: Upstream | undefined;

  const getClient = (): Promise<Client> => {
    current ??= firstClient(options).catch((error: unknown) => {
      current = undefined;
      throw error;
    });
    return current;
  };

  const reread = (client: Client): Promise<Client> => {
    rereading ??= nextClient(options, client)
      .then((next) => {
        current = Promise.resolve(next);
        return next;
      })
      .finally(() => {
        rereading = undefined;
      });
    return rereading;
  };

  const isDue = ({ read, isUnchanged, credentials: { expires } }: Client): boolean => {
    const age = options.now() - read;
    // Amazon ECR issues other credentials with every reading.
    const isSlow = (isUnchanged || expires !== undefined) && !options.isCheap;
    return age < 0 || age >= (isSlow ? unchangedInterval : shortestInterval);
  };

  /** The client with the credentials to use now. */
  const readyClient = async (): Promise<Client> => {
    const client = await getClient();
    const { expires = Number.POSITIVE_INFINITY } = client.credentials;
    const left = expires - options.now();
    if ((!options.isCheap && left >= refreshAhead) || !isDue(client)) return client;
    if (options.isCheap || left <= 0) return reread(client);
    // They are still good.
    options.waitUntil(reread(client).catch(() => undefined));
    return client;
  };

  return delegatingUpstream(
    options.registry,
    (name) => last?.tokenServiceOf(name),
    async (_, send) => {
      const { upstream } = await readyClient();
      last = upstream;
      /** A client with other credentials, if there is one by now. */
      const another = async (): Promise<Upstream | undefined> => {
        const known = await getClient();
        const isNew = known.upstream !== upstream;
        const latest = isNew || !isDue(known) ? known : await reread(known);
        return latest.upstream === upstream ? undefined : latest.upstream;
      };
      const [outcome] = await Promise.allSettled([send(upstream)]);
      const next = isRefusal(outcome) ? await another() : undefined;
      if (next !== undefined) return send(next);
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    },
  );
}

/** True if the credentials may be the reason. ECR answers 403 to those that have expired. */
function isRefusal(outcome: PromiseSettledResult<{ readonly kind: string }>): boolean {
  if (outcome.status === 'fulfilled') return outcome.value.kind === 'denied';
  return outcome.reason instanceof UpstreamError && outcome.reason.kind === 'credentials';
}

async function firstClient(options: SignedClientOptions): Promise<Client> {
  const read = options.now();
  const credentials = await options.readCredentials().catch((cause: unknown) => {
    throw unreadable(options, cause);
  });
  return clientOf(options, credentials, read);
}

function unreadable(options: SignedClientOptions, cause: unknown): UnreadableSignIn {
  const reason = reasonOf(cause);
  options.onUnreadable(reason);
  return new UnreadableSignIn(`${options.registry}: cannot read the password`, reason, cause);
}

function clientOf(
  options: SignedClientOptions,
  credentials: IssuedCredentials,
  read: number,
): Client {
  const upstream = options.createClient(credentials);
  return { upstream, credentials, read, isUnchanged: false, failures: 0 };
}

/** The client with the credentials as they are now; the same if unchanged or unreadable. */
async function nextClient(options: SignedClientOptions, client: Client): Promise<Client> {
  const read = options.now();
  try {
    const credentials = await options.readCredentials();
    if (!isSame(credentials, client.credentials)) return clientOf(options, credentials, read);
    return { ...client, credentials, read, isUnchanged: true, failures: 0 };
  } catch (cause) {
    if (options.isOptional) throw unreadable(options, cause);
    const failures = client.failures + 1;
    // Another process may be about to write a file; a second later it has.
    if (!options.isCheap || failures === 2) options.onUnreadable(reasonOf(cause));
    return { ...client, read, isUnchanged: true, failures };
  }
}

function isSame(one: Credentials, other: Credentials): boolean {
  return one.username === other.username && one.password === other.password;
}
