import { expect, test } from 'vitest';
import { mistakes } from './parsing.ts';

const hub = (upstream: object) => ({ upstreams: { 'docker.io': upstream } });

test.each<[string, unknown, RegExp]>([
  ['a list', [], /^the configuration: found a list, expected an object/],
  ['a text', 'x', /^the configuration: found "x", expected an object/],
  ['null', null, /^the configuration: found null/],
  [
    'listen without a port',
    { listen: 'localhost' },
    /^listen: found "localhost", expected HOST:PORT/,
  ],
  ['a port too high', { listen: 'localhost:70000' }, /^listen: found "localhost:70000"/],
  ['a number for listen', { listen: 5000 }, /^listen: found 5000/],
  ['tls without a key', { tls: { cert: 'a' } }, /^tls\.key: found nothing, expected the path/],
  ['an empty folder name', { data: '' }, /^data: found "", expected the path of a folder/],
  ['an unknown key', { uptreams: {} }, /^uptreams: found an unknown key, expected "upstreams"/],
  ['a key like none', { zzzzzzzzzz: 1 }, /^zzzzzzzzzz: found an unknown key, expected one of /],
  ['a key of __proto__', JSON.parse('{"__proto__": {}}'), /^__proto__: found an unknown key/],
  [
    'a bad duration',
    hub({ tagTtl: '5 min' }),
    /^upstreams\.docker\.io\.tagTtl: found "5 min", expected a duration/,
  ],
  [
    'a fill time longer than Cloudflare lets a consumer run',
    { cloudflare: { fillTime: '15m' } },
    /^cloudflare\.fillTime: found "15m", expected a duration from 1s to 14m/,
  ],
  ['a number for a duration', hub({ maxStale: 30 }), /^upstreams\.docker\.io\.maxStale: found 30/],
  [
    'a bad size',
    { limits: { storeBytes: '5 gigs' } },
    /^limits\.storeBytes: found "5 gigs", expected a size/,
  ],
  ['a negative size', { limits: { maxBlobBytes: -1 } }, /^limits\.maxBlobBytes: found -1/],
  [
    'a bad expression',
    hub({ immutableTags: ['^v', '('] }),
    /^upstreams\.docker\.io\.immutableTags\[1\]: found "\(", expected a regular expression/,
  ],
  [
    'allow as a text',
    hub({ allow: 'library/**' }),
    /^upstreams\.docker\.io\.allow: found "library\/\*\*", expected a list/,
  ],
  [
    'an unknown delivery',
    hub({ delivery: 'push' }),
    /^upstreams\.docker\.io\.delivery: found "push", expected "stream" or "redirect"/,
  ],
  [
    'another protocol',
    hub({ url: 'ftp://x' }),
    /^upstreams\.docker\.io\.url: found "ftp:\/\/x", expected a URL/,
  ],
  ['a query', hub({ url: 'https://x/?a' }), /^upstreams\.docker\.io\.url: found/],
  [
    'no url',
    { upstreams: { 'my.registry': {} } },
    /^upstreams\.my\.registry\.url: found nothing, expected the URL/,
  ],
  ...['headersTimeout', 'stallTimeout'].flatMap((key) =>
    ['0s', '25d'].map((given): [string, object, RegExp] => [
      `${key} of ${given}`,
      hub({ [key]: given }),
      new RegExp(
        `^upstreams\\.docker\\.io\\.${key}: found "${given}", expected a duration from 1ms`,
      ),
    ]),
  ),
  [
    'a shutdown after more than a timer can wait',
    { shutdownTimeout: '30d' },
    /^shutdownTimeout: found "30d", expected a duration from 1ms to 24d/,
  ],
  [
    'the API in the url',
    hub({ url: 'https://registry.example/v2/' }),
    /^upstreams\.docker\.io\.url: found "https:\/\/registry\.example\/v2\/", expected a URL without the \/v2\//,
  ],
  [
    'a URL for a realm',
    hub({ realms: ['https://auth.example.com'] }),
    /^upstreams\.docker\.io\.realms\[0\]: found "https:\/\/auth\.example\.com", expected a host/,
  ],
  [
    'the registry in a pattern',
    hub({ allow: ['library/**', 'docker.io/library/**'] }),
    /^upstreams\.docker\.io\.allow\[1\]: found "docker\.io\/library\/\*\*", expected a pattern without the registry: "library\/\*\*"/,
  ],
  [
    'room for nothing',
    { limits: { storeBytes: 0 } },
    /^limits\.storeBytes: found 0, expected a size, .*, not 0/,
  ],
  ['a name nearly known', { upstreams: { 'ghrc.io': {} } }, /or "ghcr\.io" as its name/],
  [
    'upper case',
    { upstreams: { 'GHCR.io': {} } },
    /^upstreams\.GHCR\.io: found "GHCR\.io", expected a registry/,
  ],
  [
    "docker.io's other name",
    { upstreams: { 'index.docker.io': {} } },
    /^upstreams\.index\.docker\.io: found "index\.docker\.io", expected "docker\.io"/,
  ],
  ['upstreams as a list', { upstreams: ['docker.io'] }, /^upstreams: found a list/],
  [
    'a default not configured',
    { defaultUpstream: 'my.registry' },
    /^defaultUpstream: found "my\.registry", expected one of the upstreams/,
  ],
  [
    'a log level',
    { log: { level: 'loud' } },
    /^log\.level: found "loud", expected "debug", "info"/,
  ],
])('%s', (_, json, expected) => {
  const found = mistakes(json);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(expected);
});

test('all mistakes come at once', () => {
  const found = mistakes({
    listen: 'x',
    bar: 1,
    upstreams: { 'docker.io': { tagTtl: 5, deny: [1] }, 'my.registry': {} },
    limits: { storeBytes: 'x' },
    log: { format: 'xml' },
  });
  expect(found.map((line) => line.slice(0, line.indexOf(': ')))).toEqual([
    'listen',
    'upstreams.docker.io.tagTtl',
    'upstreams.docker.io.deny[0]',
    'limits.storeBytes',
    'log.format',
    'bar',
    'upstreams.my.registry.url',
  ]);
});

const secret = 'dckr_pat_hunter2';

test.each([
  ['the password as a text', { username: 'me', password: secret }],
  ['the password under another key', { username: 'me', password: { value: secret } }],
  ['the password for the name of its variable', { username: 'me', password: { env: secret } }],
  ['the password for a number', { username: secret, password: 7 }],
  ['no object', secret],
])('a secret is never printed: %s', (_, credentials) => {
  const found = mistakes(hub({ credentials }));
  expect(found.length).toBeGreaterThan(0);
  expect(found.join('\n')).not.toContain(secret);
});

test('a secret within a URL is never printed', () => {
  const found = mistakes(hub({ url: `https://me:${secret}@registry.example` }));
  expect(found[0]).toMatch(/^upstreams\.docker\.io\.url: found a text with @ \(not shown\)/);
});

test('a variable for a password must be set', () => {
  const json = hub({ credentials: { username: 'me', password: { env: 'HUB_TOKEN' } } });
  const place = 'upstreams.docker.io.credentials.password.env';
  const expected = [
    `${place}: found a variable that is not set, expected one that holds the password`,
  ];
  expect(mistakes(json)).toEqual(expected);
  expect(mistakes(json, { HUB_TOKEN: '' })).toEqual(expected);
  expect(mistakes(json, { HUB_TOKEN: secret })).toEqual([]);
});

test('a password is in one place', () => {
  const password = { env: 'HUB_TOKEN', file: 'token' };
  const found = mistakes(hub({ credentials: { username: 'me', password } }), { HUB_TOKEN: secret });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^upstreams\.docker\.io\.credentials\.password: found an object/);
});
