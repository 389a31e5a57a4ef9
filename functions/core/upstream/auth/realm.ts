import { parseUrl } from '../../headers/link.ts';

/** Token services outside their registry's domain. */
const knownRealms: ReadonlyMap<string, string> = new Map([
  ['registry.hub.docker.com', 'auth.docker.io'],
]);

/**
 * The last two labels of a host name; undefined for an address or a single label. There is no list of
 * public suffixes: a registry below `co.uk` trusts all of `co.uk`.
 */
function domainOf(hostname: string): string | undefined {
  const labels = hostname.split('.');
  const isAddress = hostname.startsWith('[') || /^[\d.]+$/.test(hostname);
  return isAddress || labels.length < 2 ? undefined : labels.slice(-2).join('.');
}

function isTrustedHost(realm: URL, registry: URL, realms: readonly string[]): boolean {
  if (realm.hostname === registry.hostname) return true;
  if (realms.includes(realm.hostname) || realms.includes(realm.host)) return true;
  if (knownRealms.get(registry.hostname) === realm.hostname) return true;
  const domain = domainOf(realm.hostname);
  return domain !== undefined && domain === domainOf(registry.hostname);
}

/**
 * The URL of a challenge's realm if credentials may be sent there: https (http only for an http
 * registry), on the registry's host or domain, or on a host of `realms`. Otherwise a registry could have
 * credentials sent anywhere, or requests sent to internal hosts.
 */
export function trustedRealm(
  realm: string,
  registry: URL,
  realms: readonly string[],
): URL | undefined {
  const url = parseUrl(realm);
  if (url === undefined) return undefined;
  const isSecure = url.protocol === 'https:';
  if (!isSecure && !(url.protocol === 'http:' && registry.protocol === 'http:')) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  url.hash = '';
  return isTrustedHost(url, registry, realms) ? url : undefined;
}
