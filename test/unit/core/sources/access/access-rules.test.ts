import { expect, test } from 'vitest';
import type { Account, UpstreamConfig } from '../../../../../functions/core/config/resolve.ts';
import { accessRules } from '../../../../../functions/core/sources/access/access-rules.ts';
import { ScriptedUpstream } from '../../mirror/scripted-upstream.ts';

const account: Account = { username: 'me', for: 'quota', readers: [], repositories: [] };
const url = new URL('https://registry.example');

function rules(accounts: readonly Account[], registry = 'registry.example', at = url) {
  const config: Pick<UpstreamConfig, 'accounts' | 'credentials' | 'url'> = {
    credentials: undefined,
    accounts: [...accounts],
    url: at,
  };
  return accessRules(registry, config, () => new ScriptedUpstream(registry));
}

test('an upstream without accounts, or with one that is open to anyone, needs none', () => {
  expect(rules([])).toBeUndefined();
  expect(rules([account, { ...account, for: 'access', readers: ['anyone'] }])).toBeUndefined();
});

test('an account for quota opens nothing, even if it names readers', () => {
  expect(rules([{ ...account, readers: ['anyone'] }])?.grants).toEqual([]);
});

test('an account for access opens its repositories to its readers', () => {
  const access: Account = { ...account, for: 'access', readers: ['office'] };
  const made = rules([account, access]);
  expect(made?.grants).toEqual([access]);
  expect(made?.anonymous).toBeDefined();
});

test('private ECR counts as access, and is never asked anonymously', () => {
  const host = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
  for (const made of [
    rules([account], host),
    rules([account], 'registry.example', new URL(`https://${host}`)),
  ]) {
    expect(made).toEqual({ grants: [account], anonymous: undefined });
  }
});
