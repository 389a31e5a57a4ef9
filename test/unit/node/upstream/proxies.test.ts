import { expect, test } from 'vitest';
import { proxyChoice } from '../../../../functions/node/upstream/proxies.ts';

const proxy = 'http://proxy.example:3128';

test.each([
  ['127.0.0.1', 'http://127.0.0.1:5000', undefined],
  ['127.0.0.0/8', 'http://127.9.9.9', undefined],
  ['127.0.0.0/8', 'http://126.0.0.1', proxy],
  ['10.0.0.0/8, 192.168.0.0/16', 'https://192.168.1.1', undefined],
  ['10.0.0.0/8', 'https://registry.example', proxy],
  ['fd00::/8', 'https://[fd12::1]:5000', undefined],
  ['::1', 'https://[::1]', undefined],
  ['[::1]:5000', 'https://[::1]', proxy],
  ['[::1]:5000', 'https://[::1]:5000', undefined],
  ['example.com', 'https://registry.example.com', undefined],
  ['example.com', 'https://notexample.com', proxy],
  ['.svc', 'https://registry.default.svc', undefined],
  ['*.Example.com', 'https://a.b.example.com', undefined],
  ['example.com:5000', 'https://example.com', proxy],
  ['example.com:443', 'https://example.com', undefined],
  ['a.example,*', 'https://example.com', undefined],
  ['', 'https://example.com', proxy],
])('with NO_PROXY=%s, %s goes through %s', (list, url, expected) => {
  const choose = proxyChoice({ HTTP_PROXY: proxy, NO_PROXY: list });
  expect(choose(new URL(url))).toBe(expected);
});

test('each scheme has its proxy, in lower case first, and without a scheme of its own', () => {
  const choose = proxyChoice({ http_proxy: 'a:1', HTTP_PROXY: 'b:2', HTTPS_PROXY: '127.0.0.1:3' });
  expect(choose(new URL('http://registry.example'))).toBe('http://a:1');
  expect(choose(new URL('https://registry.example'))).toBe('http://127.0.0.1:3');
  expect(proxyChoice({ HTTPS_PROXY: 'a:1' })(new URL('http://registry.example'))).toBe(undefined);
  expect(proxyChoice({})(new URL('https://registry.example'))).toBe(undefined);
});

test.each(['ftp://user:secret@proxy:1', 'http://', 'user:secret@proxy:port'])(
  'a proxy that is not a URL is named without its password: %s',
  (text) => {
    expect(() => proxyChoice({ HTTPS_PROXY: text })).toThrow(/^HTTPS_PROXY: expected the URL/);
    expect(() => proxyChoice({ HTTPS_PROXY: text })).not.toThrow(/secret/);
  },
);
