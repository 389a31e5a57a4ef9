import { expect, test } from 'vitest';
import { authorityOf, parseListenAddress } from '../../../../functions/core/config/units.ts';
import { mistakes, parsed } from './parsing.ts';

test.each([
  ['127.0.0.1:5000', { host: '127.0.0.1', port: 5000 }, '127.0.0.1:5000'],
  ['[::1]:5000', { host: '::1', port: 5000 }, '[::1]:5000'],
  ['mirror.example:80', { host: 'mirror.example', port: 80 }, 'mirror.example:80'],
  // As in Go, all addresses.
  [':5000', { host: '::', port: 5000 }, '[::]:5000'],
  ['5000', { host: '127.0.0.1', port: 5000 }, '127.0.0.1:5000'],
  ['unix:/run/p.sock', { socket: '/run/p.sock' }, 'unix:/run/p.sock'],
  ['unix:///run/p.sock', { socket: '/run/p.sock' }, 'unix:/run/p.sock'],
])('listen %s', (text, address, authority) => {
  expect(parseListenAddress(text)).toEqual(address);
  expect(authorityOf(address)).toBe(authority);
  expect(parsed({ listen: text }).listen).toEqual(address);
  expect(parsed({}, { PULLFRONT_LISTEN: text }).listen).toEqual(address);
});

test('a port may be a number in the file', () => {
  expect(parsed({ listen: 5000 }).listen).toEqual({ host: '127.0.0.1', port: 5000 });
});

test.each([
  '',
  ':',
  '65536',
  ':65536',
  'localhost',
  'localhost5000',
  '::1:5000',
  'unix:',
  `unix:/${'a'.repeat(103)}`,
])('listen %j is a mistake', (text) => {
  expect(parseListenAddress(text)).toBeUndefined();
});

const units = '\\(B, KB, MB, GB, TB, KiB, MiB, GiB or TiB\\) such as "50GB"';

test.each([
  ['100', ''],
  ['100G', '; did you mean "100GB"?'],
  ['20 GB', '; did you mean "20GB"?'],
  ['32m', '; did you mean "32MB"?'],
  ['1.5gib', '; did you mean "1.5GiB"?'],
])('the size %j lacks its unit', (text, question) => {
  const [mistake] = mistakes({ limits: { memoryBytes: text } });
  expect(mistake).toMatch(
    new RegExp(`^limits.memoryBytes: expected a size with a unit ${units}, got `),
  );
  expect(mistake?.endsWith(`got "${text}"${question}`)).toBe(true);
});

test('0 needs no unit', () => {
  expect(parsed({ limits: { memoryBytes: '0' } }).limits.memoryBytes).toBe(0);
});
