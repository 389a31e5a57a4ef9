import { expect, test } from 'vitest';
import {
  alternatesOf,
  onlyAlternates,
} from '../../../../functions/core/sources/configured-alternates.ts';
import { parsed } from '../config/parsing.ts';

const entries = ['public.ecr.aws/docker'];
const login = { username: 'me', password: { file: '/run/secrets/hub' } };
const ecr = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

function configOf(upstream: object, registry = 'docker.io') {
  const networks = { office: ['203.0.113.0/24'] };
  const { upstreams } = parsed({ networks, upstreams: { [registry]: upstream } });
  const config = upstreams.get(registry);
  if (config === undefined) throw new Error('it is configured');
  return { upstreams, of: alternatesOf(registry, config) };
}

test('an upstream has the alternates of its configuration', () => {
  expect(configOf({ alternates: entries }).of).toEqual({
    entries,
    forUnseenTags: false,
    onlyPublic: false,
  });
  expect(configOf({ alternates: entries, alternatesForUnseenTags: true }).of).toMatchObject({
    forUnseenTags: true,
  });
});

test.each([{ alternates: [] }, { alternates: entries, private: true }])(
  'there are none: %j',
  (upstream) => {
    expect(configOf(upstream).of).toBeUndefined();
  },
);

test('an account that grants access lets only public names be sent', () => {
  const onlyPublic = (upstream: object, registry?: string) =>
    configOf({ alternates: entries, ...upstream }, registry).of?.onlyPublic;
  expect(onlyPublic({ accounts: [{ ...login, for: 'quota' }] })).toBe(false);
  expect(onlyPublic({ accounts: [{ ...login, for: 'access', readers: ['office'] }] })).toBe(true);
  const own = { url: `https://${ecr}`, accounts: [{ ...login, readers: ['office'] }] };
  expect(onlyPublic(own, ecr)).toBe(true);
});

test('a well-known alternate that is no upstream is hidden, with a client of its own', () => {
  const { upstreams } = configOf({ alternates: entries, tagTtl: '7s', credentials: login });
  const hidden = onlyAlternates(upstreams).get('public.ecr.aws');
  expect(hidden).toMatchObject({
    tagTtl: 7000,
    credentials: undefined,
    alternates: [],
    accounts: [],
  });
  expect(hidden?.url.host).toBe('public.ecr.aws');
});

test('an alternate that is an upstream, or not well known, is not hidden', () => {
  const { upstreams } = parsed({
    upstreams: {
      'docker.io': { alternates: ['ghcr.io', 'mirror.example/docker'] },
      'ghcr.io': {},
      'mirror.example': { url: 'https://mirror.example' },
    },
  });
  expect([...onlyAlternates(upstreams).keys()]).toEqual([]);
});
