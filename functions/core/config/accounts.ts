import type { Account, PasswordPlace, UpstreamConfig } from './resolve.ts';

/** How an account signs in at its registry. */
export type SignIn =
  | { readonly kind: 'password'; readonly username: string; readonly password: PasswordPlace }
  /** Amazon ECR, by the role of this process or by one that it assumes. */
  | { readonly kind: 'ecr'; readonly assumeRole: string | undefined }
  /** `docker-credential-NAME`. */
  | { readonly kind: 'helper'; readonly name: string }
  | { readonly kind: 'docker-config'; readonly file: string };

/** The accounts of an upstream, `credentials` first. */
export function accountsOf({
  credentials,
  accounts,
}: Pick<UpstreamConfig, 'credentials' | 'accounts'>): readonly Account[] {
  return credentials === undefined ? accounts : [{ ...credentials, repositories: [] }, ...accounts];
}

/** What logs, metrics and the ledger call an account: its label, or its position as `account-1`. */
export function accountName({ label }: Account, position: number): string {
  return label ?? `account-${position + 1}`;
}

/** How an account signs in; `account-checks.ts` made sure that it can. */
export function signInOf(account: Omit<Account, 'label' | 'repositories'>): SignIn {
  const { username, password, aws, assumeRole, helper, dockerConfig } = account;
  if (aws === 'ecr') return { kind: 'ecr', assumeRole };
  if (helper !== undefined) return { kind: 'helper', name: helper };
  if (dockerConfig !== undefined) return { kind: 'docker-config', file: dockerConfig };
  if (username === undefined || password === undefined)
    throw new Error('an account without sign-in');
  return { kind: 'password', username, password };
}

const example = 'as in {"networks": {"office": ["203.0.113.0/24"]}} and "readers": ["office"]';

/** The message about an account that opens private repositories to no network in particular. */
export const noReaders = `missing; "for": "access" opens private repositories, so name the networks that may read them, ${example}`;

/** The message about readers of an account that opens nothing. */
export const uselessReaders = 'have no effect without "for": "access"';

/** The message about a reader that is none of the `known` networks. */
export function unknownReader(reader: string, known: readonly string[]): string {
  const list = known.length === 0 ? 'there is no "networks"' : `"networks" has ${known.join(', ')}`;
  return `no network ${JSON.stringify(reader)}; ${list}`;
}

/** The message about an account at private ECR, where every account opens private repositories. */
export const noEcrReaders = `missing; everything in private ECR needs the account, so name the networks that may read it, ${example}`;
