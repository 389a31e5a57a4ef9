import { beforeEach, expect, test } from 'vitest';
import {
  type AuthScheme,
  AuthSchemes,
} from '../../../../../functions/core/upstream/auth/auth-schemes.ts';

const bearer = (host: string): AuthScheme => ({
  kind: 'bearer',
  realm: new URL(`https://${host}/token`),
  service: undefined,
  scope: undefined,
});
const [first, second] = [bearer('first.example'), bearer('second.example')];
const basic: AuthScheme = { kind: 'basic' };

let now: number;
let schemes: AuthSchemes;
beforeEach(() => {
  now = 1_000_000;
  schemes = new AuthSchemes(() => now);
});

const nothing = { scheme: undefined, isOwn: false };

test('nothing is known at first', () => {
  expect(schemes.of('a')).toEqual(nothing);
});

test('a challenge is that of its repository, and the usual one once it worked', () => {
  schemes.remember('a', first);
  expect(schemes.of('a')).toEqual({ scheme: first, isOwn: true });
  expect(schemes.of('b')).toEqual(nothing);
  schemes.confirm(first, false);
  expect(schemes.of('b')).toEqual({ scheme: first, isOwn: false });
});

test('another one that works is not the usual one, unless that moved', () => {
  schemes.confirm(first, false);
  schemes.confirm(second, false);
  expect(schemes.of('b').scheme).toEqual(first);
  schemes.confirm(second, true);
  expect(schemes.of('b').scheme).toEqual(second);
});

test('when the usual one moves, repositories with its realm forget theirs', () => {
  schemes.remember('old', first);
  schemes.remember('other', bearer('other.example'));
  schemes.remember('basic', basic);
  schemes.rememberOpen('open');
  schemes.confirm(first, false);
  schemes.confirm(second, true);
  expect(schemes.of('old')).toEqual({ scheme: second, isOwn: false });
  expect(schemes.of('other').isOwn).toBe(true);
  expect(schemes.of('basic')).toEqual({ scheme: basic, isOwn: true });
  expect(schemes.of('open')).toEqual({ scheme: undefined, isOwn: true });
});

test('a usual scheme without a realm moves alone', () => {
  schemes.remember('a', basic);
  schemes.confirm(basic, false);
  schemes.confirm(second, true);
  expect(schemes.of('a')).toEqual({ scheme: basic, isOwn: true });
});

test.each([
  [0, true],
  [59_999, true],
  [60_000, false],
  [-1, false],
])('a repository is read without a token for a minute: after %s ms, %s', (passed, isOpen) => {
  schemes.confirm(first, false);
  schemes.rememberOpen('a');
  now += passed;
  expect(schemes.of('a')).toEqual(
    isOpen ? { scheme: undefined, isOwn: true } : { scheme: first, isOwn: false },
  );
});

test('of 1,001 repositories the first is forgotten', () => {
  for (let at = 0; at <= 1000; at++) schemes.remember(String(at), first);
  expect(schemes.of('0').isOwn).toBe(false);
  expect(schemes.of('1').isOwn).toBe(true);
});
