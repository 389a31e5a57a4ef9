import ipaddr from 'ipaddr.js';

/** One client has all addresses of such a network. In bits. */
const ofOneClient = 64;

/**
 * Identifies a client by its address: an IPv4 address, or the /64 network of an IPv6 address, because a
 * client can use any address in its network. Returns other text unchanged.
 */
export function clientKey(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/${ofOneClient}`).toString();
}
