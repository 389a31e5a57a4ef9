import { describe, expect, test } from 'vitest';
import {
  clientAddress,
  type TrustedProxies,
} from '../../../../functions/core/clients/client-address.ts';

const forwarded = (value: string) => ({ 'x-forwarded-for': value });

describe('the address of a client', () => {
  test.each<[string, string, TrustedProxies, Record<string, string>, string]>([
    ['a forged header, no proxy', '192.0.2.1', false, forwarded('203.0.113.9'), '192.0.2.1'],
    [
      'a forged header past the proxy',
      '192.0.2.1',
      ['10.0.0.0/8'],
      forwarded('203.0.113.9'),
      '192.0.2.1',
    ],
    ['a trusted proxy', '10.0.0.1', ['10.0.0.0/8'], forwarded('192.0.2.7'), '192.0.2.7'],
    [
      'a client that invents a first entry',
      '10.0.0.1',
      ['10.0.0.0/8'],
      forwarded('203.0.113.9, 192.0.2.7'),
      '192.0.2.7',
    ],
    [
      'two trusted proxies',
      '10.0.0.1',
      ['10.0.0.0/8'],
      forwarded('192.0.2.7, 10.0.0.2'),
      '192.0.2.7',
    ],
    ['only proxies', '10.0.0.1', ['10.0.0.0/8'], forwarded('10.0.0.3, 10.0.0.2'), '10.0.0.3'],
    ['a proxy that adds nothing', '10.0.0.1', ['10.0.0.0/8'], {}, '10.0.0.1'],
    ['garbage', '10.0.0.1', ['10.0.0.0/8'], forwarded('203.0.113.9, x'), '10.0.0.1'],
    ['a proxy by its address', '::1', ['::1'], forwarded('192.0.2.7'), '192.0.2.7'],
    [
      'CloudFront',
      '10.9.9.9',
      'cloudfront',
      { 'cloudfront-viewer-address': '192.0.2.7:49152' },
      '192.0.2.7',
    ],
    [
      'CloudFront and IPv6',
      '10.9.9.9',
      'cloudfront',
      { 'cloudfront-viewer-address': '2001:db8::7:49152' },
      '2001:db8::7',
    ],
    ['CloudFront without its header', '10.9.9.9', 'cloudfront', forwarded('192.0.2.7'), '10.9.9.9'],
  ])('%s', (_, remoteAddress, trusted, headers, expected) => {
    const header = (name: string) => headers[name];
    expect(clientAddress(trusted)({ remoteAddress, header })).toBe(expected);
  });
});
