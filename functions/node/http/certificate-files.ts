import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Config } from '../../core/config/resolve.ts';
import { reasonOf } from '../../core/ports/tolerate.ts';

/** The paths of a certificate chain and its private key, as PEM. */
export type CertificateFiles = NonNullable<Config['tls']>;

/** A certificate chain and its private key, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What is wrong with a file, and the key of the configuration that names it. */
export interface FileMistake {
  readonly path: 'tls.cert' | 'tls.key';
  readonly message: string;
}

const certificatePattern =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** Reads a certificate and its key. Rejects if a file cannot be read, or with all their mistakes. */
export async function readCertificate(files: CertificateFiles): Promise<Certificate> {
  const textOf = (path: 'cert' | 'key') =>
    readFile(files[path], 'latin1').catch((error: unknown) => {
      throw misuse(`tls.${path}: cannot read ${files[path]}: ${reasonOf(error)}`);
    });
  const [cert, key] = await Promise.all([textOf('cert'), textOf('key')]);
  const mistakes = certificateMistakes(files, { cert, key });
  if (mistakes.length === 0) return { cert, key };
  throw misuse(mistakes.map(({ path, message }) => `${path}: ${message}`).join('; '));
}

function misuse(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_MISUSE' });
}

/** Finds what keeps a certificate and its key from being used. */
export function certificateMistakes(
  files: CertificateFiles,
  { cert, key }: Certificate,
): FileMistake[] {
  const chain = readChain(files, cert);
  const privateKey = readKey(files, key);
  const mistakes = [chain, privateKey].filter((one): one is FileMistake => 'message' in one);
  if (mistakes.length > 0 || 'message' in chain || 'message' in privateKey) return mistakes;
  const [first, ...others] = chain.certificates;
  if (first?.checkPrivateKey(privateKey.key) === false) {
    const isInChain = others.some((one) => one.checkPrivateKey(privateKey.key));
    return [
      isInChain
        ? ofCert(
            `${files.cert} has the chain in the wrong order: the server's certificate is first`,
          )
        : ofKey(`the key in ${files.key} does not belong to the certificate in ${files.cert}`),
    ];
  }
  try {
    createSecureContext({ cert, key });
    return [];
  } catch (error) {
    return [ofCert(`cannot use ${files.cert} with the key ${files.key}: ${reasonOf(error)}`)];
  }
}

/** A certificate is due for a renewal this long before it expires, in ms. */
const renewalTime = 14 * 86_400_000;

/** Warns of a certificate that expires soon or is not valid now (ms since 1970); else undefined. */
export function expiryWarning(
  { cert: file }: CertificateFiles,
  { cert }: Pick<Certificate, 'cert'>,
  now: number,
): string | undefined {
  const { validFrom, validTo } = new X509Certificate(cert.match(certificatePattern)?.[0] ?? cert);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  const date = (time: number) => new Date(time).toISOString().replace('.000', '');
  if (now > to) return `the certificate in ${file} expired on ${date(to)}; clients refuse it`;
  if (now < from) return `the certificate in ${file} is not valid before ${date(from)}`;
  return to - now < renewalTime ? `the certificate in ${file} expires on ${date(to)}` : undefined;
}

const ofCert = (message: string): FileMistake => ({ path: 'tls.cert', message });
const ofKey = (message: string): FileMistake => ({ path: 'tls.key', message });

const keyPattern = /-----BEGIN (?:\w+ )*PRIVATE KEY-----/;

/** The certificates of a chain. */
function readChain(
  { cert: file }: CertificateFiles,
  text: string,
): { readonly certificates: readonly X509Certificate[] } | FileMistake {
  const found = text.match(certificatePattern);
  if (found === null) {
    const isKey = keyPattern.test(text);
    return ofCert(
      isKey
        ? `${file} has a private key and no certificate; are tls.cert and tls.key swapped?`
        : `${file} has no certificate in PEM${formatHint(text, `x509 -inform der -in ${file} -out cert.pem`)}`,
    );
  }
  try {
    return { certificates: found.map((one) => new X509Certificate(one)) };
  } catch {
    return ofCert(`${file} has a damaged certificate; copy it again`);
  }
}

function readKey(
  { key: file }: CertificateFiles,
  text: string,
): { readonly key: KeyObject } | FileMistake {
  if (!keyPattern.test(text)) {
    const isCertificate = /-----BEGIN \w* ?CERTIFICATE-----/.test(text);
    return ofKey(
      isCertificate
        ? `${file} has a certificate and no private key; are tls.cert and tls.key swapped?`
        : `${file} has no private key in PEM${formatHint(text, `pkey -inform der -in ${file} -out key.pem`)}`,
    );
  }
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    return ofKey(`the key in ${file} is encrypted; decrypt it: openssl pkey -in ${file}`);
  }
  try {
    return { key: createPrivateKey(text) };
  } catch {
    return ofKey(`${file} has a damaged private key; copy it again`);
  }
}

/** How to convert a file if it is in DER: a sequence, which has a version of one byte. */
function formatHint(text: string, command: string): string {
  const isDer = text.startsWith('0') && text.includes('\u0002\u0001');
  return isDer ? `, it may be DER; convert it: openssl ${command}` : '';
}
