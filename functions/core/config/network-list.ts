import ipaddr from 'ipaddr.js';

export const expectedNetwork =
  'a network such as "203.0.113.0/24" or "2001:db8::/32", or an address';

/** The form of a network; `isNetwork` checks the numbers. */
export const networkPattern = /^[\da-fA-F:.]+(?:\/\d{1,3})?$/;

export const expectedNetworkName = 'a name of a-z, 0-9 and "-" other than "anyone" and "anonymous"';

/** Names of networks; two names are reserved for everyone. */
export const networkNamePattern = /^(?!(?:anyone|anonymous)$)[a-z0-9][a-z0-9-]{0,31}$/;

/** True for an address, and for a network in CIDR notation. */
export function isNetwork(text: string): boolean {
  if (!networkPattern.test(text)) return false;
  return text.includes('/') ? ipaddr.isValidCIDR(text) : ipaddr.isValid(text);
}

/** Networks by name. */
export type NamedNetworks = Readonly<Record<string, readonly string[]>>;

/**
 * Reads `office=203.0.113.0/24`, several separated by commas or spaces; a name may come again, with another
 * network. Undefined if a name or a network is invalid.
 */
export function readNetworks(text: string): NamedNetworks | undefined {
  const networks = new Map<string, string[]>();
  for (const entry of splitNames(text)) {
    const [name = '', network = '', ...others] = entry.split('=');
    if (!networkNamePattern.test(name) || !isNetwork(network) || others.length > 0)
      return undefined;
    networks.set(name, [...(networks.get(name) ?? []), network]);
  }
  return Object.fromEntries(networks);
}

/** Which proxies are trusted: `false`, `cloudfront`, or their networks. Undefined if one is invalid. */
export function readProxies(text: string): false | 'cloudfront' | readonly string[] | undefined {
  if (text === 'false') return false;
  if (text === 'cloudfront') return text;
  const proxies = splitNames(text);
  return proxies.every(isNetwork) ? proxies : undefined;
}

/** The names in the text of a variable, separated by commas or spaces. */
export function splitNames(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((one) => one !== '');
}
