/** Why S3 gave no result. Its message holds no request, header or URL. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  /** S3's own code (`SlowDown`), or that of the connection (`ECONNRESET`). */
  readonly code: string;
  /** Of the HTTP answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(operation: string, code: string, status: number | undefined, cause?: unknown) {
    const answered = status === undefined ? '' : ` (${status})`;
    super(`S3 ${operation}: ${code}${answered}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
  }

  /** True when the same request may succeed a little later. */
  get isPassing(): boolean {
    const { code, status } = this;
    return status === undefined || status >= 500 || status === 429 || code === 'RequestTimeout';
  }
}

/** A code without anything that the peer made up. */
export function safeCode(code: unknown): string {
  return typeof code === 'string' && /^[A-Za-z0-9._]{1,100}$/.test(code) ? code : 'Unknown';
}
