import { accountName, signInOf } from '../../config/accounts.ts';
import type { Account, PasswordPlace } from '../../config/resolve.ts';
import type { UpstreamEvent } from '../../ports/event.ts';
import type { Runtime } from '../../ports/runtime.ts';
import type { Upstream } from '../../ports/upstream.ts';
import type { Credentials } from '../../upstream/connection.ts';
import type { Budgets } from '../budget/budgets.ts';
import { governedUpstream } from '../budget/governed-upstream.ts';
import { AccountPool } from './account-pool.ts';
import { type IssuedCredentials, type SignInReader, signInHost } from './sign-in.ts';
import { signedClient } from './signed-client.ts';

/** Where credentials come from. */
export interface SignInPlatform {
  /** Rejects with an Error that names the place and says why it cannot be read. */
  readPassword(place: PasswordPlace): Promise<string>;
  /** Undefined where accounts have passwords only. */
  readonly readSignIn?: SignInReader | undefined;
}

type Observe = (event: UpstreamEvent) => void;

interface AccountsOptions extends SignInPlatform {
  readonly registry: string;
  readonly url: URL;
  readonly runtime: Pick<Runtime, 'now' | 'observe' | 'waitUntil'>;
  createClient(credentials: Credentials | undefined, observe: Observe): Upstream;
  readonly observe: Observe;
  readonly budgets: Budgets;
}

/**
 * The upstream of a registry with accounts. Each account has a client of its own, with its own tokens.
 * Credentials are read when they are first needed.
 */
export function openAccounts(accounts: readonly Account[], options: AccountsOptions): Upstream {
  const { registry, runtime, createClient, budgets } = options;
  const governed = (client: Upstream, name: string | undefined) =>
    governedUpstream(client, budgets.of(registry, name), () => runtime.now());
  const pool: AccountPool = new AccountPool({
    registry,
    accounts: accounts.map((account, position) => {
      const name = accountName(account, position);
      const observe = (event: UpstreamEvent) => {
        if (event.kind !== 'rate-limit') options.observe(event);
        else
          options.observe({ ...event, credentials: name, most: pool.reported(name, event.rate) });
      };
      const signed = openAccount(account, { ...options, observe });
      const client = governed(signed, name);
      return { name, client, repositories: account.repositories, isOptional: isOptional(account) };
    }),
    anonymous: governed(createClient(undefined, options.observe), undefined),
    now: () => runtime.now(),
    observe: options.observe,
  });
  return pool.upstream;
}

/** The client of one account. */
function openAccount(account: Account, options: AccountsOptions): Upstream {
  const { registry, url, runtime, createClient, observe } = options;
  return signedClient({
    registry,
    readCredentials: () => readCredentials(account, { registry, url }, options),
    createClient: (credentials) => createClient(credentials, observe),
    isCheap: account.password !== undefined && 'file' in account.password,
    isOptional: isOptional(account),
    now: () => runtime.now(),
    waitUntil: (work) => runtime.waitUntil(work),
    onUnreadable: (reason) => {
      // The pool says that requests are anonymous.
      if (isOptional(account)) return;
      runtime.observe({ kind: 'store-failed', operation: 'readPassword', reason });
    },
  });
}

/** True if requests are anonymous while a program or a file of Docker does not give the credentials. */
function isOptional({ helper, dockerConfig }: Account): boolean {
  return helper !== undefined || dockerConfig !== undefined;
}

/** Reads an account's credentials. Rejects with an Error that says why they cannot be read. */
export async function readCredentials(
  account: Account,
  { registry, url }: { readonly registry: string; readonly url: URL },
  { readPassword, readSignIn }: SignInPlatform,
): Promise<IssuedCredentials> {
  const signIn = signInOf(account);
  if (signIn.kind === 'password') {
    return { username: signIn.username, password: await readPassword(signIn.password) };
  }
  if (readSignIn === undefined) throw new Error('this platform only reads passwords');
  return readSignIn(signInHost(registry, url, signIn), signIn);
}
