import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';

/** A request to a service of AWS, and who signs it. */
export interface RequestToSign {
  readonly service: 's3' | 'dynamodb';
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string | undefined;
  };
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string | undefined;
  /** Now when absent. */
  readonly time?: Date;
}

/** The headers to send, the signature among them, by the SDK's signer. All that are given are signed. */
export async function signedHeaders(request: RequestToSign): Promise<Record<string, string>> {
  const { service, region, credentials, method, url, headers, body, time } = request;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signer = new SignatureV4({
    service,
    region,
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
    },
    sha256: Hash.bind(null, 'sha256'),
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  });
  const { protocol, hostname, host, pathname, searchParams } = url;
  const query: Record<string, string[]> = {};
  for (const name of searchParams.keys()) query[name] = searchParams.getAll(name);
  const signed = await signer.sign(
    {
      protocol,
      hostname,
      method,
      query,
      path: strictly(pathname),
      headers: { ...headers, host },
      body,
    },
    {
      signableHeaders: new Set(Object.keys(headers)),
      ...(time !== undefined && { signingDate: time }),
    },
  );
  const { host: _, ...sent } = signed.headers;
  return sent;
}

/** A URL leaves some characters as they are that a service encodes before it compares. */
function strictly(path: string): string {
  return path.replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
