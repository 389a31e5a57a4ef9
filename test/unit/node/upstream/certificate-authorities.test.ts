import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CertificateAuthorities } from '../../../../functions/node/upstream/certificate-authorities.ts';
import { makeCertificate } from '../../../clients/harness/certificate.ts';

let folder: string;
let one: string;
let two: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-authorities-'));
  one = (await makeCertificate(folder, 'one', 'DNS:one.example')).cert;
  two = (await makeCertificate(folder, 'two', 'DNS:two.example')).cert;
  await writeFile(join(folder, 'none.pem'), 'hello');
  await writeFile(join(folder, 'root.pem'), rootCertificates[0] ?? '');
});
afterAll(() => rm(folder, { recursive: true }));

const of = (environment = {}, useSystem = false) =>
  new CertificateAuthorities(environment, useSystem);

test("Node's own authorities need no context", () => {
  expect(of().contextFor(undefined)).toBeUndefined();
  expect(
    of({ SSL_CERT_FILE: '', SSL_CERT_DIR: '', NODE_EXTRA_CA_CERTS: '' }).contextFor(undefined),
  ).toBeUndefined();
  expect(of({ SSL_CERT_FILE: join(folder, 'root.pem') }).contextFor(undefined)).toBeUndefined();
});

test.each(['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'])('%s adds authorities', (name) => {
  expect(of({ [name]: one }).contextFor(undefined)).toBeDefined();
});

test('SSL_CERT_DIR names folders', () => {
  expect(of({ SSL_CERT_DIR: `/none:${folder}` }).contextFor(undefined)).toBeDefined();
});

test.each(['/none', 'none.pem'])('files without certificates are skipped: %s', (name) => {
  const file = join(folder, name);
  expect(
    of({ SSL_CERT_FILE: file, NODE_EXTRA_CA_CERTS: file }).contextFor(undefined),
  ).toBeUndefined();
});

test('connections share the context of the same authorities', async () => {
  const authorities = of({ SSL_CERT_FILE: one });
  const usual = authorities.contextFor(undefined);
  expect(authorities.contextFor(undefined)).toBe(usual);
  const more = authorities.contextFor(two);
  expect(more).not.toBe(usual);
  expect(authorities.contextFor(await readFile(two, 'utf8'))).toBe(more);
});

test.each([
  ['/none/ca.pem', 'cannot read the file of "ca": ENOENT'],
  ['none.pem', 'there is no PEM certificate in "ca"'],
  ['-----BEGIN CERTIFICATE-----', 'there is no PEM certificate in "ca"'],
])('a "ca" that cannot be used is an error: %s', (name, message) => {
  const ca = name.endsWith('.pem') && !name.startsWith('/') ? join(folder, name) : name;
  expect(() => of().contextFor(ca)).toThrow(message);
});
