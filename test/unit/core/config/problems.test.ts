import { expect, test } from 'vitest';
import { parseConfig } from '../../../../functions/core/config/parse-config.ts';
import { mistakes } from './parsing.ts';

const hub = (upstream: object) => ({ upstreams: { 'docker.io': upstream } });

test.each<[string, unknown, RegExp]>([
  ['a list', [], /^expected an object.*, got a list$/],
  ['a text', 'x', /^expected an object.*, got "x"$/],
  ['null', null, /^expected .*, got null$/],
  [
    'listen without a port',
    { listen: 'localhost' },
    /^listen: expected HOST:PORT.*, got "localhost"$/,
  ],
  [
    'a port too high',
    { listen: 'localhost:70000' },
    /^listen: expected .*, got "localhost:70000"$/,
  ],
  ['a port too high alone', { listen: 70_000 }, /^listen: expected .*, got 70000$/],
  ['an empty port', { listen: ':' }, /^listen: expected .*, got ":"$/],
  ['a socket without a path', { listen: 'unix:' }, /^listen: expected .*, got "unix:"$/],
  ['tls without a key', { tls: { cert: 'a' } }, /^tls\.key: missing; expected the path/],
  ['an empty folder name', { data: '' }, /^data: expected the path of a folder.*, got ""$/],
  ['an unknown key', { uptreams: {} }, /^unknown key "uptreams"; did you mean "upstreams"\?$/],
  ['a key like none', { zzzzzzzzzz: 1 }, /^unknown key "zzzzzzzzzz"; the keys are listen, tls, /],
  ['a key of __proto__', JSON.parse('{"__proto__": {}}'), /^unknown key "__proto__"/],
  [
    'a bad duration',
    hub({ tagTtl: '5 min' }),
    /^upstreams\.docker\.io\.tagTtl: expected a duration.*, got "5 min"$/,
  ],
  [
    'a fill time longer than Cloudflare lets a consumer run',
    { cloudflare: { fillTime: '15m' } },
    /^cloudflare\.fillTime: expected a duration from 1s to 14m.*, got "15m"$/,
  ],
  [
    'a number for a duration',
    hub({ maxStale: 30 }),
    /^upstreams\.docker\.io\.maxStale: expected .*, got 30$/,
  ],
  [
    'a bad size',
    { limits: { storeBytes: '5 gigs' } },
    /^limits\.storeBytes: expected a size.*, got "5 gigs"$/,
  ],
  [
    'a negative size',
    { limits: { maxBlobBytes: -1 } },
    /^limits\.maxBlobBytes: expected .*, got -1$/,
  ],
  [
    'a bad expression',
    hub({ immutableTags: ['^v', '('] }),
    /^upstreams\.docker\.io\.immutableTags\[1\]: expected a regular expression.*, got "\("$/,
  ],
  [
    'allow as a text',
    hub({ allow: 'library/**' }),
    /^upstreams\.docker\.io\.allow: expected a list.*, got "library\/\*\*"$/,
  ],
  [
    'an unknown delivery',
    hub({ delivery: 'push' }),
    /^upstreams\.docker\.io\.delivery: expected one of "stream", "redirect", got "push"$/,
  ],
  [
    'another protocol',
    hub({ url: 'ftp://x' }),
    /^upstreams\.docker\.io\.url: expected an http or https URL.*, got "ftp:\/\/x"$/,
  ],
  [
    'a query',
    hub({ url: 'https://x/?a' }),
    /^upstreams\.docker\.io\.url: expected an http or https URL/,
  ],
  [
    'no url',
    { upstreams: { 'my.registry': {} } },
    /^upstreams\.my\.registry\.url: missing; "my\.registry" is not a well-known registry; expected its URL/,
  ],
  ...['headersTimeout', 'stallTimeout'].flatMap((key) =>
    ['0s', '25d'].map((given): [string, object, RegExp] => [
      `${key} of ${given}`,
      hub({ [key]: given }),
      new RegExp(
        `^upstreams\\.docker\\.io\\.${key}: expected a duration from 1ms.*, got "${given}"$`,
      ),
    ]),
  ),
  [
    'a shutdown after more than a timer can wait',
    { shutdownTimeout: '30d' },
    /^shutdownTimeout: expected a duration from 1ms to 24d.*, got "30d"$/,
  ],
  [
    'the API in the url',
    hub({ url: 'https://registry.example/v2/' }),
    /^upstreams\.docker\.io\.url: expected an http or https URL without \/v2\/.*, got "https:\/\/registry\.example\/v2\/"$/,
  ],
  ...['/v2/Hub Proxy', '/v2//a', '/v2/a/v2', '/v2/v2/'].map((path): [string, object, RegExp] => [
    `a path after /v2 that no repository begins with: ${path}`,
    hub({ url: `https://registry.example${path}` }),
    /^upstreams\.docker\.io\.url: expected an http or https URL without \/v2\/ at its end/,
  ]),
  [
    'a URL for a realm',
    hub({ realms: ['https://auth.example.com'] }),
    /^upstreams\.docker\.io\.realms\[0\]: expected a host.*, got "https:\/\/auth\.example\.com"$/,
  ],
  [
    'the registry in a pattern',
    hub({ allow: ['library/**', 'docker.io/library/**'] }),
    /^upstreams\.docker\.io\.allow\[1\]: leave out the registry: "library\/\*\*"$/,
  ],
  [
    'room for nothing',
    { limits: { storeBytes: 0 } },
    /^limits\.storeBytes: expected a size above 0 .*, got 0$/,
  ],
  ['a name nearly known', { upstreams: { 'ghrc.io': {} } }, /did you mean "ghcr\.io"\?$/],
  [
    'upper case',
    { upstreams: { 'GHCR.io': {} } },
    /^upstreams\.GHCR\.io: expected a registry.*, got "GHCR\.io"; did you mean "ghcr\.io"\?$/,
  ],
  [
    "docker.io's other name",
    { upstreams: { 'index.docker.io': {} } },
    /^upstreams\.index\.docker\.io: expected "docker\.io".*, got "index\.docker\.io"$/,
  ],
  ['upstreams as a list', { upstreams: ['docker.io'] }, /^upstreams: expected .*, got a list$/],
  [
    'a default not configured',
    { defaultUpstream: 'my.registry' },
    /^defaultUpstream: "my\.registry" is neither in "upstreams" nor a well-known registry$/,
  ],
  [
    'a log level',
    { log: { level: 'loud' } },
    /^log\.level: expected one of "debug", "info".*, got "loud"$/,
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
  expect(found.map((line) => line.match(/^[\w.[\]]+(?=: )/)?.[0])).toEqual([
    'listen',
    'upstreams.docker.io.tagTtl',
    'upstreams.docker.io.deny[0]',
    'limits.storeBytes',
    'log.format',
    undefined,
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
  expect(found[0]).toMatch(
    /^upstreams\.docker\.io\.url: expected .*, got a string with @ \(not shown\)$/,
  );
});

test('a mistake is reported once', () => {
  expect(mistakes({ limits: { storeBytes: -1 }, shutdownTimeout: '-5s' })).toEqual([
    expect.stringMatching(/^limits\.storeBytes: /),
    expect.stringMatching(/^shutdownTimeout: /),
  ]);
});

test('both wrong upstreams of one variable are reported', () => {
  expect(mistakes({}, { PULLFRONT_UPSTREAMS: 'A,B' })).toHaveLength(2);
});

test.each([
  [{ upstreams: { 'ghcr.io': {} } }, {}, true],
  [{}, { PULLFRONT_UPSTREAMS: 'ghcr.io' }, true],
  [{}, {}, false],
  [{ upstreams: { 'docker.io': {}, 'ghcr.io': {} } }, {}, false],
  [{ upstreams: { 'ghcr.io': {} }, defaultUpstream: 'ghcr.io' }, {}, false],
  [{ upstreams: { 'ghcr.io': {} }, defaultUpstream: 'docker.io' }, {}, false],
])('%j with %j says that docker.io is mirrored too: %s', (json, environment, isNoted) => {
  const { notes } = parseConfig(json, environment);
  const note =
    'docker.io is mirrored too, as the default upstream; "defaultUpstream": "ghcr.io" replaces it';
  expect(notes).toEqual(isNoted ? [note] : []);
});

test('a variable for a password must be set', () => {
  const json = hub({ credentials: { username: 'me', password: { env: 'HUB_TOKEN' } } });
  const place = 'upstreams.docker.io.credentials.password.env';
  const expected = [`${place}: environment variable HUB_TOKEN is not set`];
  expect(mistakes(json)).toEqual(expected);
  expect(mistakes(json, { HUB_TOKEN: '' })).toEqual(expected);
  expect(mistakes(json, { HUB_TOKEN: secret })).toEqual([]);
});

test('a password is in one place', () => {
  const password = { env: 'HUB_TOKEN', file: 'token' };
  const found = mistakes(hub({ credentials: { username: 'me', password } }), { HUB_TOKEN: secret });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(
    /^upstreams\.docker\.io\.credentials\.password: expected .*, got an object$/,
  );
});
