import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Config } from '../../core/config/resolve.ts';
import { reasonOf } from '../../core/ports/tolerate.ts';

type Files = NonNullable<Config['tls']>;

/** A certificate chain and its private key, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What became of the files at a check. */
export type CertificateCheck =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'changed'; readonly certificate: Certificate }
  /** The certificate in use stays. */
  | { readonly kind: 'unusable'; readonly reason: string };

/** Reads a certificate and its key. Rejects if a file cannot be read or the key is another's. */
export async function readCertificate(files: Files): Promise<Certificate> {
  const [cert, key] = await Promise.all([
    readFile(files.cert, 'utf8'),
    readFile(files.key, 'utf8'),
  ]);
  createSecureContext({ cert, key });
  return { cert, key };
}

/** How often the files are read, in ms: issuers replace files and links in many ways. */
const checkInterval = 2000;

/** Compares a server's certificate with its files, at intervals and on demand. */
export class CertificateWatch {
  readonly #onCheck: (check: CertificateCheck) => void;
  readonly #timer: NodeJS.Timeout;
  #files: Files;
  #used: Certificate;
  #lastReason: string | undefined;

  /**
   * `onCheck` gets every change, and every problem that lasts for two checks: an issuer may write one
   * file after the other.
   */
  constructor(files: Files, used: Certificate, onCheck: (check: CertificateCheck) => void) {
    this.#files = files;
    this.#used = used;
    this.#onCheck = onCheck;
    this.#timer = setInterval(() => void this.#poll(), checkInterval);
    this.#timer.unref();
  }

  /** Reads the files now, and from now on those. */
  async check(files: Files): Promise<CertificateCheck> {
    this.#files = files;
    const check = await this.#compare();
    if (check.kind === 'changed') this.#onCheck(check);
    this.#lastReason = check.kind === 'unusable' ? check.reason : undefined;
    return check;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #poll(): Promise<void> {
    const check = await this.#compare();
    if (check.kind === 'changed') this.#onCheck(check);
    const reason = check.kind === 'unusable' ? check.reason : undefined;
    if (reason === undefined) this.#lastReason = undefined;
    else if (this.#lastReason === undefined) this.#lastReason = `once: ${reason}`;
    else if (this.#lastReason === `once: ${reason}`) {
      this.#lastReason = reason;
      this.#onCheck(check);
    }
  }

  async #compare(): Promise<CertificateCheck> {
    try {
      const certificate = await readCertificate(this.#files);
      const { cert, key } = this.#used;
      if (certificate.cert === cert && certificate.key === key) return { kind: 'unchanged' };
      this.#used = certificate;
      return { kind: 'changed', certificate };
    } catch (error) {
      return { kind: 'unusable', reason: reasonOf(error) };
    }
  }
}
