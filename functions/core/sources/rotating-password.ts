import { reasonOf } from '../ports/tolerate.ts';
import type { Upstream } from '../ports/upstream.ts';
import { UpstreamError } from '../ports/upstream-error.ts';

interface PasswordOptions {
  readonly registry: string;
  readPassword(): Promise<string>;
  createClient(password: string): Upstream;
  /** Ms since 1970. */
  now(): number;
  /** Called with the reason for the log: it names secrets, so clients must not see it. */
  onUnreadable(reason: string): void;
}

/** The shortest time before a refused password is read again, in ms. */
const rereadInterval = 5 * 60_000;

interface Client {
  readonly upstream: Upstream;
  /** When its password was read, in ms since 1970. */
  readonly read: number;
}

/**
 * The client of an upstream with a password, which it reads before the first request, and again when
 * the upstream refused it, because it may have changed. While the password cannot be read, every
 * request fails as `unavailable`: an anonymous request would count against a shared address.
 */
export function upstreamWithPassword(options: PasswordOptions): Upstream {
  let client: Promise<Client> | undefined;
  let last: Upstream | undefined;

  const getClient = () => {
    client ??= createClient(options).catch((error: unknown) => {
      client = undefined;
      throw error;
    });
    return client;
  };

  const request = async <Result>(send: (upstream: Upstream) => Promise<Result>) => {
    const current = getClient();
    const { upstream, read } = await current;
    last = upstream;
    try {
      return await send(upstream);
    } catch (error) {
      const isRefused = error instanceof UpstreamError && error.kind === 'credentials';
      if (!isRefused || options.now() - read < rereadInterval) throw error;
      // Another request may already be reading it.
      if (client === current) client = undefined;
      return send((await getClient()).upstream);
    }
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

async function createClient(options: PasswordOptions): Promise<Client> {
  const read = options.now();
  const password = await options.readPassword().catch((cause: unknown) => {
    options.onUnreadable(reasonOf(cause));
    const message = `${options.registry}: cannot read the password`;
    throw new UpstreamError('unavailable', message, { cause });
  });
  return { upstream: options.createClient(password), read };
}
