import { createHash, createHmac } from 'node:crypto';
import {
  type AwsCredentials,
  type CredentialSource,
  type Hashing,
  millisecondsLeft,
} from '../../core/signing/credentials.ts';

/** Credentials that expire sooner are refreshed in the background. In ms. */
const refreshAhead = 10 * 60_000;

/** The pause after a refresh without newer credentials, in ms. */
const refreshPause = 30_000;

/** Fetches credentials: from a file, the role of a machine or a container, an SSO session. */
export type CredentialFetch = () => Promise<AwsCredentials>;

export interface CredentialOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ms since 1970. */
  readonly now: () => number;
  /** Used if the environment has none; default: the SDK's provider chain. */
  readonly fetch?: CredentialFetch;
}

/**
 * The credentials of this process. Those in the environment, as on Lambda, are read with every call,
 * without a promise. Others are fetched, cached, and refreshed before they expire.
 */
export function awsCredentials({
  environment,
  now,
  fetch = fetchByProviders(),
}: CredentialOptions): CredentialSource {
  const cached = cachedCredentials(fetch, now);
  return (stale) => readEnvironment(environment) ?? cached(stale);
}

/** Reads the credentials in the environment; undefined unless it has both parts of a key. */
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

/** Shares one fetch between all callers. */
function cachedCredentials(fetch: CredentialFetch, now: () => number): CredentialSource {
  let cached: AwsCredentials | undefined;
  let fetching: Promise<AwsCredentials> | undefined;
  let lastFetched = Number.NEGATIVE_INFINITY;

  function refresh(): Promise<AwsCredentials> {
    fetching ??= fetch()
      .then((found) => {
        cached = found;
        return found;
      })
      .finally(() => {
        lastFetched = now();
        fetching = undefined;
      });
    return fetching;
  }

  return (stale) => {
    const known = cached;
    if (known === undefined || millisecondsLeft(known, now()) <= 0) return refresh();
    const mayRefresh = now() - lastFetched >= refreshPause;
    if (stale !== undefined && mayRefresh) return refresh().catch(() => known);
    if (millisecondsLeft(known, now()) < refreshAhead && mayRefresh) {
      refresh().catch(() => undefined);
    }
    return known;
  };
}

/** The SDK's provider chain, loaded on first use because it is larger than a function. */
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

/** The SDK refreshes credentials that expire sooner, in ms, and keeps those without an end for good. */
const refreshTime = 4 * 60_000;

/** Credentials of a source for the SDK's clients. */
export async function sdkCredentials(source: CredentialSource) {
  const now = Date.now();
  const found = await source();
  const lasting = millisecondsLeft(found, now) > refreshTime ? found : await source(found);
  const { accessKeyId, secretAccessKey, sessionToken, expires } = lasting;
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    expiration: new Date(expires ?? now + refreshTime),
  };
}

/** Hashing with OpenSSL. */
export const nodeHashing: Hashing = {
  sha256Hex: (data) => createHash('sha256').update(data).digest('hex'),
  hmac: (key, text) => createHmac('sha256', key).update(text).digest(),
};
