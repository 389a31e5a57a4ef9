import type { Upstream } from '../ports/upstream.ts';
import { UpstreamError } from '../ports/upstream-error.ts';

/** What an upstream's client is made with once its password is known. */
export interface PasswordUse {
  readonly registry: string;
  read(): Promise<string>;
  open(password: string): Upstream;
  /** Ms since 1970. */
  now(): number;
  /** Told why the password could not be read, for the log: it names secrets. */
  onUnreadable(reason: string): void;
}

/** A password that was refused is read again after so many ms at the earliest. */
const readAgainAfter = 5 * 60_000;

interface Opened {
  readonly upstream: Upstream;
  readonly read: number;
}

/**
 * The client of an upstream whose password is read before the first request, and once more when it
 * was refused: it may have been changed. Until it can be read, every request fails as
 * `unavailable`, because an anonymous one would be counted against an address that many share.
 */
export function upstreamWithPassword(use: PasswordUse): Upstream {
  let opening: Promise<Opened> | undefined;
  let last: Upstream | undefined;

  const opened = () => {
    opening ??= openAnew(use).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };

  const ask = async <Result>(question: (upstream: Upstream) => Promise<Result>) => {
    const used = opened();
    const { upstream, read } = await used;
    last = upstream;
    try {
      return await question(upstream);
    } catch (error) {
      const isRefused = error instanceof UpstreamError && error.kind === 'credentials';
      if (!isRefused || use.now() - read < readAgainAfter) throw error;
      // Another request may be reading it already.
      if (opening === used) opening = undefined;
      return question((await opened()).upstream);
    }
  };

  return {
    registry: use.registry,
    tokenServiceOf: (name) => last?.tokenServiceOf(name),
    headManifest: (...asked) => ask((upstream) => upstream.headManifest(...asked)),
    getManifest: (...asked) => ask((upstream) => upstream.getManifest(...asked)),
    headBlob: (...asked) => ask((upstream) => upstream.headBlob(...asked)),
    openBlob: (...asked) => ask((upstream) => upstream.openBlob(...asked)),
    openLocated: (...asked) => ask((upstream) => upstream.openLocated(...asked)),
    locateBlob: (...asked) => ask((upstream) => upstream.locateBlob(...asked)),
    listTags: (...asked) => ask((upstream) => upstream.listTags(...asked)),
    listReferrers: (...asked) => ask((upstream) => upstream.listReferrers(...asked)),
  };
}

async function openAnew(use: PasswordUse): Promise<Opened> {
  const { registry, read, open } = use;
  const began = use.now();
  let password: string;
  try {
    password = await read();
  } catch (cause) {
    use.onUnreadable(cause instanceof Error ? cause.message : String(cause));
    const message = `${registry}: its password cannot be read`;
    throw new UpstreamError('unavailable', message, { cause });
  }
  return { upstream: open(password), read: began };
}
