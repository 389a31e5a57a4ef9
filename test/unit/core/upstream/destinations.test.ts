import { describe, expect, it, test } from 'vitest';
import {
  Destinations,
  literalAddress,
  scopeOf,
} from '../../../../functions/core/upstream/destinations.ts';

test.each([
  ['1.1.1.1', 'public'],
  ['203.0.113.7', 'public'],
  ['198.18.0.1', 'public'],
  ['2606:4700::1', 'public'],
  ['127.0.0.1', 'loopback'],
  ['127.255.0.1', 'loopback'],
  ['0.0.0.0', 'loopback'],
  ['::1', 'loopback'],
  ['::', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['64:ff9b::7f00:1', 'loopback'],
  ['169.254.169.254', 'link-local'],
  ['fe80::1', 'link-local'],
  ['::ffff:169.254.169.254', 'link-local'],
  ['10.1.2.3', 'private'],
  ['172.16.0.1', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd00:ec2::254', 'private'],
  ['fec0::1', 'private'],
  ['64:ff9b:1::1', 'private'],
  ['2002:0a00:0001::', 'private'],
] as const)('%s is %s', (address, scope) => {
  expect(scopeOf(address)).toBe(scope);
});

test.each([
  ['http://127.1/', '127.0.0.1'],
  ['http://2130706433/', '127.0.0.1'],
  ['http://0x7f.0.0.1/', '127.0.0.1'],
  ['http://[::1]/', '::1'],
  ['http://localhost:80/', '127.0.0.1'],
  ['http://app.localhost./', '127.0.0.1'],
  ['http://localhost.example/', undefined],
  ['http://127.0.0.1.nip.io/', undefined],
])('%s has the address %s', (url, address) => {
  expect(literalAddress(new URL(url).hostname)).toBe(address);
});

describe('the destinations of an upstream', () => {
  const at = (url: string, more = {}) => new Destinations({ url: new URL(url), ...more });

  it.each([
    ['8.8.8.8', '1.1.1.1', true],
    ['8.8.8.8', '10.0.0.1', false],
    ['8.8.8.8', '127.0.0.1', false],
    ['8.8.8.8', '169.254.169.254', false],
    [undefined, '10.0.0.1', false],
    ['10.0.0.5', '10.9.9.9', true],
    ['10.0.0.5', '1.1.1.1', true],
    ['10.0.0.5', '127.0.0.1', false],
    ['10.0.0.5', '169.254.169.254', false],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '169.254.169.254', false],
  ])('of a registry at %s may be at %s: %s', (registry, address, expected) => {
    expect(at('https://registry.example').allows(address, registry)).toBe(expected);
  });

  it('are judged by the address in the registry’s URL', () => {
    expect(at('http://10.0.0.5').allows('10.9.9.9', undefined)).toBe(true);
    expect(at('http://localhost:5000').allows('127.0.0.1', undefined)).toBe(true);
  });

  it('may be at any address if they are configured', () => {
    const privateHosts = ['minio.internal', 'cache:9000', '10.20.0.0/16', 'fd00::/8'];
    const upstream = at('https://registry.example', { realms: ['auth.internal'], privateHosts });
    for (const [url, expected] of [
      ['https://registry.example:444/', true],
      ['https://auth.internal/', true],
      ['https://minio.internal:9000/', true],
      ['http://cache:9000/', true],
      ['http://cache/', false],
      ['https://other.internal/', false],
    ] as const) {
      expect(upstream.isConfigured(new URL(url)), url).toBe(expected);
    }
    expect(upstream.allows('10.20.1.1', '8.8.8.8')).toBe(true);
    expect(upstream.allows('10.21.1.1', '8.8.8.8')).toBe(false);
    expect(upstream.allows('fd12::1', '8.8.8.8')).toBe(true);
  });

  it('are refused by their URL where that has an address', () => {
    const upstream = at('https://registry.example', { privateHosts: ['10.1.0.0/16'] });
    for (const host of ['127.0.0.1', 'localhost', '169.254.169.254', '10.0.0.1', '[fd00::1]']) {
      expect(() => upstream.checkUrl(new URL(`http://${host}:80/`)), host).toThrow(
        '"privateHosts"',
      );
    }
    for (const host of ['cdn.example', '1.1.1.1', '10.1.0.1', 'registry.example']) {
      upstream.checkUrl(new URL(`https://${host}/`));
    }
    upstream.checkUrl(new URL('http://10.0.0.1/'), '10.9.9.9');
  });
});
