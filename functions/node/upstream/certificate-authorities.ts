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
export class CertificateAuthorities {
  readonly #environment: Environment;
  readonly #useSystem: boolean;
  #additional: readonly string[] | undefined;
  /** By the additional certificates of an upstream. A context takes 60 ms. */
  readonly #contexts = new Map<string, SecureContext>();

  /** Reads nothing yet. */
  constructor(environment: Environment, useSystem: boolean) {
    this.#environment = environment;
    this.#useSystem = useSystem;
  }

  /**
   * The TLS settings that also trust an upstream's `ca`, PEM text or the path of a file; undefined if
   * Node's own authorities are all. Throws a FetchError if `ca` cannot be used. All connections share a
   * context: Node would parse every certificate again for each.
   */
  contextFor(ca: string | undefined): SecureContext | undefined {
    this.#additional ??= this.#read();
    const added = [...this.#additional, ...(ca === undefined ? [] : authoritiesOf(ca))];
    if (added.length === 0) return undefined;
    const key = added.join();
    const context =
      this.#contexts.get(key) ?? createSecureContext({ ca: [...rootCertificates, ...added] });
    this.#contexts.set(key, context);
    return context;
  }

  #read(): readonly string[] {
    const {
      SSL_CERT_FILE: file,
      SSL_CERT_DIR: folders = '',
      NODE_EXTRA_CA_CERTS: extra,
    } = this.#environment;
    const named = [
      ...(file ? [read(file)] : []),
      ...folders.split(':').filter(Boolean).flatMap(readFolder),
    ];
    const texts = [
      ...(named.length === 0 && this.#useSystem ? systemCertificates() : named),
      ...(extra ? [read(extra)] : []),
    ];
    if (texts.length === 0) return [];
    const known = new Set(rootCertificates.map(withoutSpace));
    const certificates = texts.flatMap(certificatesIn).map((one) => [withoutSpace(one), one]);
    return [
      ...new Map(
        certificates.filter(([key = '']) => !known.has(key)) as [string, string][],
      ).values(),
    ];
  }
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
