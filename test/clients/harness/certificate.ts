import { join } from 'node:path';
import { runWell } from './run.ts';

/** The paths of a certificate that signs itself and of its key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes `NAME.pem` and `NAME.key` in a folder; the subject is as openssl writes it: `DNS:…`, `IP:…`. */
export async function makeCertificate(
  folder: string,
  name: string,
  subject: `${'DNS' | 'IP'}:${string}`,
  days = 90,
): Promise<Certificate> {
  const cert = join(folder, `${name}.pem`);
  const key = join(folder, `${name}.key`);
  const host = subject.slice(subject.indexOf(':') + 1);
  await runWell('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', String(days), '-subj', `/CN=${host}`, '-addext', `subjectAltName=${subject}`],
    ...['-keyout', key, '-out', cert],
  ]);
  return { cert, key };
}
