import ipaddr from 'ipaddr.js';
import { Networks } from './networks.ts';

/** Which proxies may say what address a client has: those of CloudFront, or of these networks. */
export type TrustedProxies = false | 'cloudfront' | readonly string[];

/** What a platform knows of the sender of a request. */
export interface Sender {
  /** The other end of the connection; undefined where the platform does not say. */
  readonly remoteAddress?: string | undefined;
  /** A header's value by its lower-case name; several lines are joined by commas. */
  header(name: string): string | undefined;
}

/** The address of the client behind the proxies that are trusted; undefined if it is unknown. */
export type ClientAddress = (sender: Sender) => string | undefined;

/**
 * Reads `X-Forwarded-For` from its end, where each proxy adds the address that it got the request from: the
 * first one that is no trusted proxy is the client. What precedes it may be the client's invention.
 * CloudFront has a header of its own, which it replaces if a client sends it.
 */
export function clientAddress(trusted: TrustedProxies): ClientAddress {
  if (trusted === false || trusted.length === 0) return ({ remoteAddress }) => remoteAddress;
  if (trusted === 'cloudfront') {
    return (sender) =>
      withoutPort(sender.header('cloudfront-viewer-address')) ?? sender.remoteAddress;
  }
  const proxies = new Networks({ proxy: trusted });
  const isProxy = (address: string) => proxies.namesOf(address).length > 0;
  return (sender) => {
    const { remoteAddress } = sender;
    if (remoteAddress === undefined || !isProxy(remoteAddress)) return remoteAddress;
    const addresses = (sender.header('x-forwarded-for') ?? '').split(',').map((one) => one.trim());
    let client = remoteAddress;
    for (const address of addresses.reverse()) {
      if (!ipaddr.isValid(address)) break;
      client = address;
      if (!isProxy(address)) break;
    }
    return client;
  };
}

/** `192.0.2.1:49152`, `2001:db8::1:49152`: CloudFront puts no brackets around an IPv6 address. */
function withoutPort(text: string | undefined): string | undefined {
  const address = text?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return address !== undefined && ipaddr.isValid(address) ? address : undefined;
}
