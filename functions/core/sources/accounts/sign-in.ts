import type { SignIn } from '../../config/accounts.ts';
import { isEcr, wellKnownRegistries } from '../../config/known-registries.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Credentials } from '../../upstream/connection.ts';

/** Credentials, and how long they are good. */
export interface IssuedCredentials extends Credentials {
  /** When they expire, in ms since 1970; undefined if unknown or never. */
  readonly expires?: number | undefined;
}

/** How an account signs in, other than by a password of the configuration. */
export type IssuedSignIn = Exclude<SignIn, { kind: 'password' }>;

/**
 * Gets the credentials for a registry, given by its host, from Amazon ECR, a credential helper or
 * Docker's configuration. Rejects with an Error that says why it cannot, without a secret.
 */
export type SignInReader = (registry: string, signIn: IssuedSignIn) => Promise<IssuedCredentials>;

/**
 * The host whose credentials an upstream needs. With another URL than its own, a registry's name does not
 * say who gets them.
 */
export function signInHost(registry: string, url: URL, { kind }: SignIn): string {
  if (kind === 'ecr' && isEcr(registry)) return registry;
  return wellKnownRegistries.get(registry) === url.origin && url.pathname === '/'
    ? registry
    : url.host;
}

/** The credentials of an account cannot be read. */
export class UnreadableSignIn extends UpstreamError {
  /** For the log: it may name secrets, so clients must not see it. */
  readonly reason: string;

  constructor(message: string, reason: string, cause: unknown) {
    super('unavailable', message, { cause });
    this.reason = reason;
  }
}
