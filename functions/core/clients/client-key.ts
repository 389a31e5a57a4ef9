import ipaddr from 'ipaddr.js';

/** One client has all addresses of such a network. In bits. */
const ofOneClient = 64;

/**
 * What tells clients apart by their address: an IPv4 address, or the network of an IPv6 address, of which
 * a client has as many as it likes. The text itself if it is no address.
 */
export function clientKey(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/${ofOneClient}`).toString();
}
