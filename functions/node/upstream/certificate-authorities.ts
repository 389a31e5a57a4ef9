import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import tls, { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Environment } from '../../core/config/environment.ts';
import { reasonOf } from '../../core/ports/tolerate.ts';
import { FetchError } from '../../core/upstream/fetch-error.ts';

/** Where systems keep the certificates that they trust, as one file. */
const systemFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * The certificate authorities that are trusted besides Node's own: those of SSL_CERT_FILE and
 * SSL_CERT_DIR, else, if `useSystem`, the system's; and those of NODE_EXTRA_CA_CERTS. Files that cannot
 * be read are skipped, as Go and OpenSSL do.
 */
export function additionalAuthorities(
  environment: Environment,
  useSystem: boolean,
): readonly string[] {
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: folders, NODE_EXTRA_CA_CERTS: extra } = environment;
  const chosen = [
    ...(file ? [read(file)] : []),
    ...(folders ?? '').split(':').filter(Boolean).flatMap(readFolder),
  ];
  if (chosen.length === 0 && useSystem) chosen.push(...systemCertificates());
  if (extra) chosen.push(read(extra));
  const known = new Set(rootCertificates.map(withoutSpace));
  const added = new Map<string, string>();
  for (const certificate of chosen.flatMap(certificatesIn)) {
    const key = withoutSpace(certificate);
    if (!known.has(key)) added.set(key, certificate);
  }
  return [...added.values()];
}

/**
 * The TLS settings that trust these authorities and an upstream's `ca` (PEM text or the path of a file)
 * besides Node's own; undefined if there are none. One context serves all connections: Node would parse
 * every certificate again for each. Throws a FetchError if `ca` cannot be used.
 */
export function trusting(
  authorities: readonly string[],
  ca: string | undefined,
): SecureContext | undefined {
  const all = [...authorities, ...(ca === undefined ? [] : authoritiesOf(ca))];
  return all.length === 0 ? undefined : createSecureContext({ ca: [...rootCertificates, ...all] });
}

function authoritiesOf(ca: string): readonly string[] {
  try {
    const certificates = certificatesIn(ca.includes('-----BEGIN') ? ca : readFileSync(ca, 'utf8'));
    if (certificates.length > 0) return certificates;
  } catch (error) {
    throw new FetchError('unreachable', `cannot read the file of "ca": ${reasonOf(error)}`);
  }
  throw new FetchError('unreachable', 'there is no PEM certificate in "ca"');
}

function systemCertificates(): string[] {
  for (const file of systemFiles) {
    const text = read(file);
    if (text !== '') return [text];
  }
  // Not in every version of Node.
  const { getCACertificates } = tls as { getCACertificates?: (type: 'system') => string[] };
  return getCACertificates?.('system') ?? [];
}

function certificatesIn(text: string): string[] {
  return text.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END[^-]+-----/g) ?? [];
}

function withoutSpace(text: string): string {
  return text.replace(/\s+/g, '');
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => read(join(folder, name)));
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
