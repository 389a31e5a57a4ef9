import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CertificateCheck } from '../../../../functions/node/http/certificate.ts';
import { type Listener, listen } from '../../../../functions/node/http/listener.ts';
import { type Certificate, makeCertificate } from '../../../clients/harness/certificate.ts';

let folder: string;
let first: Certificate;
let second: Certificate;
let used: Certificate;
let listener: Listener;
const checks: CertificateCheck[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-certificate-'));
  first = await makeCertificate(folder, 'first', 'DNS:first.example');
  second = await makeCertificate(folder, 'second', 'DNS:second.example');
  used = { cert: join(folder, 'used.pem'), key: join(folder, 'used.key') };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  checks.length = 0;
  await issue(first);
  const config = { listen: { host: '127.0.0.1', port: 0 }, tls: used };
  listener = await listen(
    config,
    async () => undefined,
    (check) => void checks.push(check),
  );
});

afterEach(() => listener.close(0));

async function issue({ cert, key }: Certificate): Promise<void> {
  await copyFile(cert, used.cert);
  await copyFile(key, used.key);
}

async function served({ port }: AddressInfo): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

test('a renewed certificate is served without a restart', async () => {
  expect(await served(listener.address)).toBe('first.example');
  await issue(second);
  await expect.poll(() => served(listener.address), { timeout: 10_000 }).toBe('second.example');
  expect(checks.map(({ kind }) => kind)).toEqual(['changed']);
});

test('a certificate without its key changes nothing and is reported once', async () => {
  await copyFile(second.cert, used.cert);
  await expect.poll(() => checks, { timeout: 10_000 }).toHaveLength(1);
  expect(checks[0]).toMatchObject({
    kind: 'unusable',
    reason: expect.stringMatching(/^tls\.key: the key in .* does not belong/),
  });
  expect(await served(listener.address)).toBe('first.example');
  await issue(second);
  await expect.poll(() => served(listener.address), { timeout: 10_000 }).toBe('second.example');
  expect(checks.map(({ kind }) => kind)).toEqual(['unusable', 'changed']);
});

test('a reload reads the files at once, also other ones', async () => {
  await listener.reloadCertificate(second);
  expect(await served(listener.address)).toBe('second.example');
  const missing = { ...second, key: join(folder, 'missing.key') };
  expect((await listener.reloadCertificate(missing)).kind).toBe('unusable');
  expect(await served(listener.address)).toBe('second.example');
});

test('a certificate that expires soon is reported at the start, and when it is put in place', async () => {
  const old = await makeCertificate(folder, 'old', 'DNS:old.example', 2);
  await issue(old);
  await listener.reloadCertificate(used);
  expect(checks.map(({ kind }) => kind)).toEqual(['changed', 'expiring']);
  const atStart: CertificateCheck[] = [];
  const other = await listen(
    { listen: { host: '127.0.0.1', port: 0 }, tls: used },
    async () => undefined,
    (check) => void atStart.push(check),
  );
  expect(atStart).toEqual([
    {
      kind: 'expiring',
      reason: expect.stringContaining(`the certificate in ${used.cert} expires on`),
    },
  ]);
  await other.close(0);
});
