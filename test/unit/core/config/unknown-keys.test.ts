import { expect, test } from 'vitest';
import { mistakes } from './parsing.ts';

test.each<[unknown, string[]]>([
  [{ tagTtl: '1m' }, ['unknown key "tagTtl"; it belongs at upstreams.docker.io.tagTtl']],
  [{ storeBytes: '5GB' }, ['unknown key "storeBytes"; it belongs at limits.storeBytes']],
  [{ storebytes: '5GB' }, ['unknown key "storebytes"; it belongs at limits.storeBytes']],
  [{ level: 'info' }, ['unknown key "level"; it belongs at log.level']],
  [{ 'docker.io': {} }, ['unknown key "docker.io"; a registry belongs in "upstreams"']],
  [
    { upstreams: { tagTtl: '5m' } },
    ['upstreams.tagTtl: not a registry; it belongs at upstreams.docker.io.tagTtl'],
  ],
  [
    { upstreams: { 'ghcr.io': { listen: ':80', username: 'me' } } },
    [
      'upstreams.ghcr.io: unknown key "listen"; it belongs at the top level of the file',
      'upstreams.ghcr.io: unknown key "username"; it belongs at upstreams.ghcr.io.credentials.username',
    ],
  ],
  [
    { limits: { tls: {}, level: 'x' } },
    [
      'limits: unknown key "tls"; it belongs at the top level of the file',
      'limits: unknown key "level"; it belongs at log.level',
    ],
  ],
])('a key at the wrong level: %j', (json, expected) => {
  expect(mistakes(json)).toEqual(expected);
});

test.each([
  ['https://ghcr.io', 'ghcr.io'],
  ['https://ghcr.io/v2/', 'ghcr.io'],
  ['GHCR.IO', 'ghcr.io'],
  ['Registry.Example:5000', 'registry.example:5000'],
])('the registry that %j means', (name, meant) => {
  const [mistake] = mistakes({ upstreams: { [name]: {} } });
  expect(mistake).toMatch(`got "${name}"; did you mean "${meant}"?`);
});
