/** The account of requests without credentials. */
export const anonymous = 'anonymous';

/** The most source addresses of one registry that are told apart. */
export const mostSources = 64;

/**
 * The owner of a limit: the account, or for requests without one the source address that the registry
 * counts. Addresses appear as one of 64 numbers, so that neither the ledger nor a log holds them and
 * the number of owners is bounded; two that share a number are corrected by the next HEAD.
 */
export function ownerOf(account: string, source: string | undefined): string {
  if (account !== anonymous || source === undefined) return account;
  return `${anonymous} ${numberOf(source)}`;
}

/** The account of an owner. */
export function accountOf(owner: string): string {
  return owner.startsWith(`${anonymous} `) ? anonymous : owner;
}

/** FNV-1a. */
function numberOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return ((hash ^ (hash >>> 16)) >>> 0) % mostSources;
}
