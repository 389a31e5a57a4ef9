import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../functions/cli/load-config.ts';
import { problemText } from '../../../functions/core/config/problems.ts';
import { makeCertificate } from '../../clients/harness/certificate.ts';

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-config-'));
  await makeCertificate(folder, 'one', 'DNS:one.example');
  await makeCertificate(folder, 'old', 'DNS:old.example', 2);
  await writeFile(join(folder, 'password'), 'secret');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  await mkdir(join(folder, 'etc'), { recursive: true });
  file = join(folder, 'etc', 'pullfront.json');
});

async function load(json: object, options: { from: string; path: string[]; value: string }[] = []) {
  await writeFile(file, JSON.stringify(json));
  // As a person in another folder writes it.
  return loadConfig(relative(process.cwd(), file), {}, options);
}

async function mistakesIn(json: object): Promise<string[]> {
  const loaded = await load(json);
  return 'problems' in loaded ? loaded.problems.map(problemText) : [];
}

const tls = { cert: '../one.pem', key: '../one.key' };

test('every path in a file is relative to the file', async () => {
  const credentials = { username: 'me', password: { file: '../password' } };
  const upstream = { url: 'https://registry.example', credentials, ca: '../one.pem' };
  const loaded = await load({ data: 'data', tls, upstreams: { 'registry.example': upstream } });
  if ('problems' in loaded) throw new Error(loaded.problems.map(problemText).join());
  const { data, tls: files, upstreams } = loaded.ok;
  const at = (...names: string[]) => join(folder, ...names);
  expect(data).toBe(at('etc', 'data'));
  expect(files).toEqual({ cert: at('one.pem'), key: at('one.key') });
  expect(upstreams.get('registry.example')).toMatchObject({
    ca: at('one.pem'),
    credentials: { password: { file: at('password') } },
  });
});

test('absolute paths, the text of an authority and defaults stay as they are', async () => {
  const ca = '-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----';
  const loaded = await load({
    tls: { cert: join(folder, 'one.pem'), key: join(folder, 'one.key') },
    upstreams: { 'docker.io': { ca } },
  });
  if ('problems' in loaded) throw new Error(loaded.problems.map(problemText).join());
  expect(loaded.ok.tls?.cert).toBe(join(folder, 'one.pem'));
  expect(loaded.ok.upstreams.get('docker.io')?.ca).toBe(ca);
  expect(loaded.ok.data).toBe('./pullfront-data');
});

test('the paths of options and variables are relative to the working directory', async () => {
  const loaded = await load({ data: 'data' }, [{ from: '--data', path: ['data'], value: 'x' }]);
  expect(loaded).toMatchObject({ ok: { data: 'x' } });
  const environment = { PULLFRONT_DATA: 'y' };
  expect(await loadConfig(file, environment, [])).toMatchObject({ ok: { data: 'y' } });
});

test('so is a Unix socket to listen on', async () => {
  for (const listen of ['unix:run/a.sock', `unix:${folder}/etc/run/a.sock`]) {
    expect(await load({ listen })).toMatchObject({
      ok: { listen: { socket: join(folder, 'etc', 'run', 'a.sock') } },
    });
  }
  expect(await load({ listen: ':80' })).toMatchObject({ ok: { listen: { port: 80 } } });
});

test.each([{ data: 5 }, { tls: [] }, { upstreams: { 'docker.io': null } }, { data: ' ' }, []])(
  'a path of another type is a mistake: %j',
  async (json) => expect(await mistakesIn(json)).not.toEqual([]),
);

test('a key of another certificate', async () => {
  const mixed = { cert: tls.cert, key: '../old.key' };
  expect(await mistakesIn({ tls: mixed })).toEqual([
    `tls.key: the key in ${folder}/old.key does not belong to the certificate in ${folder}/one.pem`,
  ]);
});

test('swapped files, missing files and empty ones', async () => {
  const swapped = await mistakesIn({ tls: { cert: tls.key, key: tls.cert } });
  expect(swapped).toEqual([
    `tls.cert: ${folder}/one.key has a private key and no certificate; are tls.cert and tls.key swapped?`,
    `tls.key: ${folder}/one.pem has a certificate and no private key; are tls.cert and tls.key swapped?`,
  ]);
  await writeFile(join(folder, 'etc', 'empty'), '\n');
  expect(await mistakesIn({ tls: { cert: 'none', key: 'empty' } })).toEqual([
    `tls.cert: cannot read the file ${folder}/etc/none: no such file`,
    `tls.key: the file ${folder}/etc/empty is empty`,
  ]);
});

test('a certificate that expires soon is worth a warning, but no mistake', async () => {
  const warningsOf = async (name: string) => {
    const loaded = await load({ tls: { cert: `../${name}.pem`, key: `../${name}.key` } });
    return 'ok' in loaded ? loaded.notes : undefined;
  };
  expect(await warningsOf('one')).toEqual([]);
  expect(await warningsOf('old')).toEqual([
    expect.stringMatching(/^tls\.cert: the certificate in \S+old\.pem expires on \d{4}-\d\d-\d\dT/),
  ]);
});

test('a path that a shell would expand is a mistake, once, and is not made absolute', async () => {
  const paths = { cert: '$CERTS/one.pem', key: '~/one.key' };
  expect(await mistakesIn({ tls: paths, data: '$HOME/data', listen: 'unix:$RUN/p.sock' })).toEqual([
    'tls.cert: variables such as $CERTS are not expanded; write the value, or set PULLFRONT_TLS_CERT',
    'tls.key: "~" is not expanded; write the path',
    'data: variables such as $HOME are not expanded; write the value, or set PULLFRONT_DATA',
    'listen: variables such as $RUN are not expanded; write the value, or set PULLFRONT_LISTEN',
  ]);
});

test('all mistakes in accounts, alternates, networks and limits are reported at once, with an example', async () => {
  const login = { username: 'me', password: { file: '../nowhere' } };
  const mistakes = await mistakesIn({
    networks: { office: ['203.0.113.0/33', 'here'], anyone: [] },
    trustProxy: ['behind'],
    clients: { ofice: {}, anonymous: { pullsPerMinute: 0, bytesPerMonth: 'much', limits: 'hrad' } },
    budget: { reserve: '120%' },
    upstreams: {
      'docker.io': {
        alternates: ['mirror.gcr.oi', 'docker.io'],
        credentials: { helper: 'absent', for: 'access', readers: ['ofice'] },
        accounts: [login, { acount: 'me' }, { dockerConfig: '../password' }],
      },
      'ghcr.io': { alternates: 'hub', credentials: { ...login, for: 'access' } },
    },
  });
  const hub = 'upstreams.docker.io';
  const expected: Readonly<Record<string, string>> = {
    'networks.office[0]': 'such as "203.0.113.0/24"',
    'networks.office[1]': 'such as "203.0.113.0/24"',
    'networks.anyone': 'a name of a-z',
    'trustProxy[0]': 'such as "203.0.113.0/24"',
    'clients.ofice': 'expected one of office',
    'clients.anonymous.pullsPerMinute': 'such as 60',
    'clients.anonymous.bytesPerMonth': 'such as "50GB"',
    'clients.anonymous.limits': 'one of "soft", "hard"',
    'budget.reserve': 'such as "20%"',
    [`${hub}.alternates[0]`]: 'did you mean "mirror.gcr.io"?',
    [`${hub}.alternates[1]`]: 'such as "mirror.gcr.io"',
    [`${hub}.credentials.helper`]: 'such as "pass"',
    [`${hub}.credentials.readers[0]`]: '"networks" has office',
    [`${hub}.accounts[0].password.file`]: 'no such file',
    [`${hub}.accounts[1]`]: 'expected username and password',
    [`${hub}.accounts[1] `]: 'unknown key "acount"',
    [`${hub}.accounts[2].dockerConfig`]: 'is not a JSON object',
    'upstreams.ghcr.io.alternates': 'list the registries',
    'upstreams.ghcr.io.credentials.password.file': 'no such file',
    'upstreams.ghcr.io.credentials.readers': '"readers": ["office"]',
  };
  for (const [place, text] of Object.entries(expected)) {
    const path = place.trim();
    const said = mistakes.filter((one) => one.startsWith(`${path}: `)).join('\n');
    expect(said, path).toContain(text);
  }
  expect(mistakes).toHaveLength(Object.keys(expected).length);
});
