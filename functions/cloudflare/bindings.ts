/**
 * The bindings of the Worker, named as in infra/cloudflare/wrangler.jsonc. Its environment also has the
 * variables `PULLFRONT_…` and the secrets that the configuration names.
 */
export interface WorkerEnvironment {
  /** The index, the leases and the ledger. */
  readonly DB: D1Database;
  /** The blobs, and manifests too large for the index. */
  readonly BUCKET: R2Bucket;
  readonly FILLS: Queue;
  /** Fills that were given up, with the reason. Without it they are dropped. */
  readonly GIVEN_UP?: Queue;
  /** With all four, clients are redirected to R2's S3 endpoint for stored blobs. */
  readonly R2_ACCESS_KEY_ID?: string;
  readonly R2_SECRET_ACCESS_KEY?: string;
  /** The account's S3 endpoint: `https://ACCOUNT.r2.cloudflarestorage.com`. */
  readonly R2_ENDPOINT?: string;
  /** The bucket's name. */
  readonly R2_BUCKET?: string;
}

/** The variables and secrets of a Worker by name. */
export function variablesOf(environment: WorkerEnvironment): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    if (typeof value === 'string' && value !== '') texts.set(name, value);
  }
  return texts;
}
