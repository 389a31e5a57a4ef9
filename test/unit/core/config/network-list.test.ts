import { expect, test } from 'vitest';
import { problemText } from '../../../../functions/core/config/problems.ts';
import { resolveFile } from '../../../../functions/core/config/resolve-file.ts';
import { readResolved } from '../../../../functions/core/config/resolved.ts';
import { mistakes, parsed } from './parsing.ts';

const hub = 'PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_';

const variables = {
  PULLFRONT_NETWORKS: 'office=203.0.113.0/24, office=2001:db8::/32 ci=192.0.2.7',
  [`${hub}USERNAME`]: 'me',
  [`${hub}PASSWORD_ENV`]: 'HUB_TOKEN',
  [`${hub}FOR`]: 'access',
  [`${hub}READERS`]: 'office ci',
  HUB_TOKEN: 'secret',
};

const networks = { office: ['203.0.113.0/24', '2001:db8::/32'], ci: ['192.0.2.7'] };

/** Starts as a function or a Worker does. */
function started(json: unknown, environment: Readonly<Record<string, string>>) {
  const file = resolveFile(json, 'cloudflare');
  if ('problems' in file) throw new Error(file.problems.map(problemText).join('\n'));
  const { config, problems } = readResolved(JSON.parse(JSON.stringify(file.ok)), environment);
  return { config, mistakes: problems.map(problemText) };
}

test('variables alone open an account to networks', () => {
  const deployed = started({}, variables);
  expect(deployed.mistakes).toEqual([]);
  for (const config of [parsed({}, variables), deployed.config]) {
    expect(config.networks).toEqual(networks);
    const account = { for: 'access', readers: ['office', 'ci'] };
    expect(config.upstreams.get('docker.io')?.credentials).toMatchObject(account);
  }
});

test('a variable replaces the networks that it names', () => {
  const file = { networks: { office: ['10.0.0.0/8'], lab: ['10.1.0.0/16'] } };
  const environment = { PULLFRONT_NETWORKS: 'office=192.0.2.0/24' };
  for (const config of [parsed(file, environment), started(file, environment).config]) {
    expect(config.networks).toEqual({ office: ['192.0.2.0/24'], lab: ['10.1.0.0/16'] });
  }
});

test.each([
  ['false', false],
  ['cloudfront', 'cloudfront'],
  ['10.0.0.0/8, fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
])('a variable trusts proxies: %s', (text, trustProxy) => {
  const environment = { PULLFRONT_TRUST_PROXY: text };
  expect(parsed({ trustProxy: ['192.0.2.1'] }, environment).trustProxy).toEqual(trustProxy);
});

const expectedNetworks =
  'an object such as {"office": ["203.0.113.0/24"]}, or in a variable "office=203.0.113.0/24"';
const expectedProxies = 'false, "cloudfront", or a list of networks of proxies';

test.each([
  ['PULLFRONT_NETWORKS', '203.0.113.0/24', expectedNetworks],
  ['PULLFRONT_NETWORKS', 'office=words', expectedNetworks],
  ['PULLFRONT_NETWORKS', 'office=10.0.0.0/40', expectedNetworks],
  ['PULLFRONT_NETWORKS', 'office=10.0.0.0/8=', expectedNetworks],
  ['PULLFRONT_NETWORKS', 'anyone=10.0.0.0/8', expectedNetworks],
  ['PULLFRONT_NETWORKS', 'Office=10.0.0.0/8', expectedNetworks],
  ['PULLFRONT_TRUST_PROXY', 'true', expectedProxies],
  ['PULLFRONT_TRUST_PROXY', '10.0.0.0/40', expectedProxies],
])('a mistake in %s=%s, of a server and of a function', (name, text, expected) => {
  const file = { networks: { office: ['10.0.0.0/8'] } };
  const message = `${name}: expected ${expected}, got "${text}"`;
  expect(mistakes(file, { [name]: text })).toEqual([message]);
  const deployed = started(file, { [name]: text });
  expect(deployed.mistakes).toEqual([message]);
  expect(deployed.config).toMatchObject({ ...file, trustProxy: false });
});

test('a variable of one network', () => {
  expect(mistakes({}, { PULLFRONT_NETWORKS_OFFICE: '10.0.0.0/8' })).toEqual([
    'PULLFRONT_NETWORKS_OFFICE: unknown variable; networks are in PULLFRONT_NETWORKS, such as "office=203.0.113.0/24"',
  ]);
});

test('a reader that no variable defines is reported', () => {
  const { PULLFRONT_NETWORKS: _, ...others } = variables;
  const message = 'no network "office"; there is no "networks"';
  expect(mistakes({}, others).join()).toContain(message);
  expect(started({}, others).mistakes.join()).toContain(message);
});
