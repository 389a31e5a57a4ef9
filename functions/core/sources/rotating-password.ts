import { reasonOf } from '../ports/tolerate.ts';
import type { Upstream } from '../ports/upstream.ts';
import { UpstreamError } from '../ports/upstream-error.ts';

interface PasswordOptions {
  readonly registry: string;
  readPassword(): Promise<string>;
  createClient(password: string): Upstream;
  /** True if reading costs nothing, as from a file: it is then read again before requests. */
  readonly isCheap: boolean;
  /** Ms since 1970. */
  now(): number;
  /** Called with the reason for the log: it names secrets, so clients must not see it. */
  onUnreadable(reason: string): void;
}

/** The shortest time between two readings of a password, in ms. */
const shortestInterval = 1_000;

/** The same for one that was unchanged the last time, if reading it costs something. */
const unchangedInterval = 60_000;

interface Client {
  readonly upstream: Upstream;
  readonly password: string;
  /** When its password was last read, in ms since 1970. */
  readonly read: number;
  /** True if the last reading changed nothing. */
  readonly isUnchanged: boolean;
  /** How often in a row it could not be read. */
  readonly failures: number;
}

/**
 * The client of an upstream with a password, which it reads before the first request, and again when the
 * upstream refused it, because it may have changed. A cheap one is also read again once a second. Until
 * the password can be read, every request fails as `unavailable`: an anonymous request would count
 * against a shared address. Later the last one is used meanwhile.
 */
export function upstreamWithPassword(options: PasswordOptions): Upstream {
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
    rereading ??= nextClient(options, client).then((next) => {
      current = Promise.resolve(next);
      rereading = undefined;
      return next;
    });
    return rereading;
  };

  const isDue = ({ read, isUnchanged }: Client): boolean => {
    const age = options.now() - read;
    const interval = isUnchanged && !options.isCheap ? unchangedInterval : shortestInterval;
    return age < 0 || age >= interval;
  };

  const request = async <Result extends { readonly kind: string }>(
    send: (upstream: Upstream) => Promise<Result>,
  ): Promise<Result> => {
    let client = await getClient();
    if (options.isCheap && isDue(client)) client = await reread(client);
    const { upstream } = client;
    last = upstream;
    /** A client with another password, if there is one by now. */
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
  };

  return {
    registry: options.registry,
    tokenServiceOf: (name) => last?.tokenServiceOf(name),
    headManifest: (...parameters) => request((upstream) => upstream.headManifest(...parameters)),
    getManifest: (...parameters) => request((upstream) => upstream.getManifest(...parameters)),
    headBlob: (...parameters) => request((upstream) => upstream.headBlob(...parameters)),
    openBlob: (...parameters) => request((upstream) => upstream.openBlob(...parameters)),
    openLocated: (...parameters) => request((upstream) => upstream.openLocated(...parameters)),
    locateBlob: (...parameters) => request((upstream) => upstream.locateBlob(...parameters)),
    listTags: (...parameters) => request((upstream) => upstream.listTags(...parameters)),
    listReferrers: (...parameters) => request((upstream) => upstream.listReferrers(...parameters)),
  };
}

/** True if the password may be the reason. ECR answers 403 to one that has expired. */
function isRefusal(outcome: PromiseSettledResult<{ readonly kind: string }>): boolean {
  if (outcome.status === 'fulfilled') return outcome.value.kind === 'denied';
  return outcome.reason instanceof UpstreamError && outcome.reason.kind === 'credentials';
}

async function firstClient(options: PasswordOptions): Promise<Client> {
  const read = options.now();
  const password = await options.readPassword().catch((cause: unknown) => {
    options.onUnreadable(reasonOf(cause));
    const message = `${options.registry}: cannot read the password`;
    throw new UpstreamError('unavailable', message, { cause });
  });
  return clientOf(options, password, read);
}

function clientOf(options: PasswordOptions, password: string, read: number): Client {
  const upstream = options.createClient(password);
  return { upstream, password, read, isUnchanged: false, failures: 0 };
}

/** The client with the password as it is now; the same one if that is unchanged or cannot be read. */
async function nextClient(options: PasswordOptions, client: Client): Promise<Client> {
  const read = options.now();
  try {
    const password = await options.readPassword();
    if (password !== client.password) return clientOf(options, password, read);
    return { ...client, read, isUnchanged: true, failures: 0 };
  } catch (cause) {
    const failures = client.failures + 1;
    // Another process may be about to write a file; a second later it has.
    if (!options.isCheap || failures === 2) options.onUnreadable(reasonOf(cause));
    return { ...client, read, isUnchanged: true, failures };
  }
}
