import { createHash, createHmac } from 'node:crypto';
import {
  type AwsCredentials,
  type CredentialSource,
  type Hashing,
  millisecondsLeft,
} from '../../core/signing/credentials.ts';

/** From so much life left on, newer credentials are fetched beside the work. In ms. */
const refreshAhead = 10 * 60_000;

/** After a refresh that brought nothing better, in ms. */
const refreshPause = 30_000;

/** Fetches credentials anew: from a file, a role of the machine or of the container, an SSO session. */
export type CredentialFetch = () => Promise<AwsCredentials>;

export interface CredentialOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ms since 1970. */
  readonly now: () => number;
  /** Asked only where the environment has none; the SDK's chain of providers when absent. */
  readonly fetch?: CredentialFetch;
}

/**
 * The credentials of this process. Those of the environment, as a Lambda function has them, are read
 * with every call: they cost no promise, and changed ones are seen. Others are fetched, kept, and
 * fetched again before they expire.
 */
export function awsCredentials({
  environment,
  now,
  fetch = fetchByProviders(),
}: CredentialOptions): CredentialSource {
  const fetched = keptCredentials(fetch, now);
  return (stale) => readEnvironment(environment) ?? fetched(stale);
}

/** Reads the credentials of the environment; undefined unless it has both parts of a key. */
function readEnvironment(
  environment: CredentialOptions['environment'],
): AwsCredentials | undefined {
  const accessKeyId = environment.AWS_ACCESS_KEY_ID;
  const secretAccessKey = environment.AWS_SECRET_ACCESS_KEY;
  if (!accessKeyId || !secretAccessKey) return undefined;
  const expires = Date.parse(environment.AWS_CREDENTIAL_EXPIRATION ?? '');
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: environment.AWS_SESSION_TOKEN || undefined,
    expires: Number.isNaN(expires) ? undefined : expires,
  };
}

/** One fetch at a time for all who ask. */
function keptCredentials(fetch: CredentialFetch, now: () => number): CredentialSource {
  let kept: AwsCredentials | undefined;
  let fetching: Promise<AwsCredentials> | undefined;
  let lastFetched = Number.NEGATIVE_INFINITY;

  function refresh(): Promise<AwsCredentials> {
    fetching ??= fetch()
      .then((found) => {
        kept = found;
        return found;
      })
      .finally(() => {
        lastFetched = now();
        fetching = undefined;
      });
    return fetching;
  }

  return (stale) => {
    const known = kept;
    if (known === undefined || millisecondsLeft(known, now()) <= 0) return refresh();
    const mayRefresh = now() - lastFetched >= refreshPause;
    if (stale !== undefined && mayRefresh) return refresh().catch(() => known);
    if (millisecondsLeft(known, now()) < refreshAhead && mayRefresh) {
      refresh().catch(() => undefined);
    }
    return known;
  };
}

/** The SDK's chain of providers, loaded when it is asked first: it is larger than a function. */
function fetchByProviders(): CredentialFetch {
  let chain: Promise<() => Promise<ProvidedCredentials>> | undefined;
  return async () => {
    chain ??= import('@aws-sdk/credential-provider-node').then(({ defaultProvider }) =>
      defaultProvider(),
    );
    const provide = await chain;
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await provide();
    return { accessKeyId, secretAccessKey, sessionToken, expires: expiration?.getTime() };
  };
}

interface ProvidedCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** The SDK asks again when less than this is left, in ms; what has no end it would keep for good. */
const askedAgain = 4 * 60_000;

/** The credentials of a source as the SDK's clients take them. */
export async function sdkCredentials(source: CredentialSource) {
  const now = Date.now();
  const found = await source();
  const lasting = millisecondsLeft(found, now) > askedAgain ? found : await source(found);
  const { accessKeyId, secretAccessKey, sessionToken, expires } = lasting;
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    expiration: new Date(expires ?? now + askedAgain),
  };
}

/** The hashes of a signature, by OpenSSL. */
export const nodeHashing: Hashing = {
  sha256Hex: (data) => createHash('sha256').update(data).digest('hex'),
  hmac: (key, text) => createHmac('sha256', key).update(text).digest(),
};
