import { reasonOf } from '../../core/ports/tolerate.ts';
import {
  type Certificate,
  type CertificateFiles,
  expiryWarning,
  readCertificate,
} from './certificate-files.ts';

/** What became of the files at a check. */
export type CertificateCheck =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'changed'; readonly certificate: Certificate }
  /** The certificate in use stays. */
  | { readonly kind: 'unusable'; readonly reason: string }
  /** The certificate in use expires soon, or clients refuse it. */
  | { readonly kind: 'expiring'; readonly reason: string };

/** How often the files are read, in ms: issuers replace files and links in many ways. */
const checkInterval = 2000;

/** How often a warning of the same certificate is repeated, in ms. */
const warningInterval = 86_400_000;

/** Compares a server's certificate with its files, at intervals and on demand. */
export class CertificateWatch {
  readonly #onCheck: (check: CertificateCheck) => void;
  readonly #timer: NodeJS.Timeout;
  #files: CertificateFiles;
  #used: Certificate;
  #lastReason: string | undefined;
  /** When the certificate in use was last examined for its expiry, in ms since 1970. */
  #examined = Number.NEGATIVE_INFINITY;

  /**
   * `onCheck` gets every change, and every problem that lasts for two checks: an issuer may write one
   * file after the other. It gets a warning of an expiry now, after a change, and then once a day.
   */
  constructor(
    files: CertificateFiles,
    used: Certificate,
    onCheck: (check: CertificateCheck) => void,
  ) {
    this.#files = files;
    this.#used = used;
    this.#onCheck = onCheck;
    this.#timer = setInterval(() => void this.#poll(), checkInterval);
    this.#timer.unref();
    this.#warnOfExpiry();
  }

  /** Reads the files now, and from now on those. */
  async check(files: CertificateFiles): Promise<CertificateCheck> {
    this.#files = files;
    const check = await this.#compare();
    if (check.kind === 'changed') this.#changed(check);
    this.#lastReason = check.kind === 'unusable' ? check.reason : undefined;
    return check;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #poll(): Promise<void> {
    const check = await this.#compare();
    if (check.kind === 'changed') this.#changed(check);
    this.#warnOfExpiry();
    const reason = check.kind === 'unusable' ? check.reason : undefined;
    if (reason === undefined) this.#lastReason = undefined;
    else if (this.#lastReason === undefined) this.#lastReason = `once: ${reason}`;
    else if (this.#lastReason === `once: ${reason}`) {
      this.#lastReason = reason;
      this.#onCheck(check);
    }
  }

  #changed(check: CertificateCheck): void {
    this.#onCheck(check);
    this.#examined = Number.NEGATIVE_INFINITY;
    this.#warnOfExpiry();
  }

  #warnOfExpiry(): void {
    const now = Date.now();
    if (Math.abs(now - this.#examined) < warningInterval) return;
    this.#examined = now;
    const reason = expiryWarning(this.#files, this.#used, now);
    if (reason !== undefined) this.#onCheck({ kind: 'expiring', reason });
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
