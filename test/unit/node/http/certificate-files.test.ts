import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  certificateMistakes,
  expiryWarning,
  readCertificate,
} from '../../../../functions/node/http/certificate-files.ts';
import { makeCertificate } from '../../../clients/harness/certificate.ts';
import { runWell } from '../../../clients/harness/run.ts';

let folder: string;

/** Runs openssl; words with a dot are names of files in the folder. */
const openssl = (args: string) =>
  runWell(
    'openssl',
    args.split(' ').map((word) => (word.includes('.') ? join(folder, word) : word)),
  );
const textOf = (name: string) => readFile(join(folder, name), 'latin1');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-certificate-files-'));
  for (const name of ['one', 'two']) await makeCertificate(folder, name, `DNS:${name}.example`);
  await openssl('x509 -in one.pem -outform der -out one.der');
  await openssl('pkey -in one.key -outform der -out key.der');
  await openssl('pkey -in one.key -aes256 -passout pass:secret -out encrypted.key');
  await openssl('req -new -key one.key -subj /CN=one -out one.csr');
  await openssl('req -x509 -newkey rsa:512 -nodes -subj /CN=weak -keyout weak.key -out weak.pem');
  const [one, two, key] = await Promise.all(['one.pem', 'two.pem', 'one.key'].map(textOf));
  const files = {
    'chain.pem': `${one}${two}`,
    'reversed.pem': `${two}${one}`,
    'both.pem': `${key}${one}`,
    'broken.pem': one?.replace(/\nMII/, '\nAAA') ?? '',
    'broken.key': key?.replace(/\nMIG/, '\nAAA') ?? '',
    junk: 'hello',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ['one.pem', 'one.key'],
  ['chain.pem', 'one.key'],
  ['both.pem', 'both.pem'],
])('%s and %s are a pair', async (cert, key) => {
  const pair = await readCertificate({ cert: join(folder, cert), key: join(folder, key) });
  expect(pair).toEqual({ cert: await textOf(cert), key: await textOf(key) });
});

test.each([
  [
    'one.pem',
    'two.key',
    ['tls.key: the key in two.key does not belong to the certificate in one.pem'],
  ],
  [
    'reversed.pem',
    'one.key',
    ["tls.cert: reversed.pem has the chain in the wrong order: the server's certificate is first"],
  ],
  ['one.der', 'one.key', [/^tls\.cert: one\.der has no certificate in PEM.* -inform der /]],
  ['one.pem', 'key.der', [/^tls\.key: key\.der has no private key in PEM.* -inform der /]],
  [
    'junk',
    'junk',
    [/^tls\.cert: junk has no certificate in PEM$/, /^tls\.key: junk has no private/],
  ],
  ['one.csr', 'one.key', [/^tls\.cert: one\.csr has no certificate in PEM$/]],
  ['one.pem', 'encrypted.key', [/^tls\.key: the key in encrypted\.key is encrypted/]],
  ['broken.pem', 'one.key', ['tls.cert: broken.pem has a damaged certificate; copy it again']],
  ['one.pem', 'broken.key', ['tls.key: broken.key has a damaged private key; copy it again']],
  [
    'weak.pem',
    'weak.key',
    [/^tls\.cert: cannot use weak\.pem with the key weak\.key: .*too small/],
  ],
])('%s and %s are not', async (cert, key, expected) => {
  const pair = { cert: await textOf(cert), key: await textOf(key) };
  const mistakes = certificateMistakes({ cert, key }, pair);
  const texts = mistakes.map(({ path, message }) => `${path}: ${message}`);
  expect(texts).toEqual(
    expected.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))),
  );
});

test('a file that vanished is named', async () => {
  const files = { cert: join(folder, 'one.pem'), key: join(folder, 'none') };
  await expect(readCertificate(files)).rejects.toThrow(`tls.key: cannot read ${files.key}: ENOENT`);
});

test.each([
  ['a day before it begins', -1, / is not valid before /],
  ['a month before it expires', 60, undefined],
  ['two weeks before', 76.1, / expires on /],
  ['a day after', 91, / expired on .*; clients refuse it$/],
])('the warning of an expiry, %s', async (_, days, expected) => {
  const warning = expiryWarning(
    { cert: 'one.pem', key: 'one.key' },
    { cert: await textOf('one.pem') },
    Date.now() + days * 86_400_000,
  );
  if (expected === undefined) expect(warning).toBeUndefined();
  else expect(warning).toMatch(expected);
});

test('a certificate is valid at its first and its last second, and warns two weeks before', async () => {
  const cert = await textOf('one.pem');
  const { validFrom, validTo } = new X509Certificate(cert);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  const at = (now: number) => expiryWarning({ cert: 'one.pem', key: 'one.key' }, { cert }, now);
  expect(at(from - 1)).toMatch(/ is not valid before /);
  expect(at(from)).toBeUndefined();
  expect(at(to - 14 * 86_400_000)).toBeUndefined();
  expect(at(to - 14 * 86_400_000 + 1)).toMatch(/ expires on /);
  expect(at(to)).toMatch(/ expires on /);
  expect(at(to + 1)).toMatch(/ expired on /);
});
