import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import type { ArrivedRequest } from './arrived-request.ts';
import { Refusal, type S3Code } from './refusal.ts';

/** The one account that this server knows. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** If given, every request must carry it. */
  readonly sessionToken?: string | undefined;
}

/** What a request is checked against; `now` in ms since 1970. */
export interface Authority {
  readonly credentials: S3Credentials;
  readonly region: string;
  readonly now: () => number;
}

/** A request that its account signed, and what was signed of the body: a SHA-256 or a word. */
export interface Authenticated {
  readonly kind: 'header' | 'query';
  readonly bodyHash: string;
}

const longestLife = 7 * 24 * 3600;
const skewMs = 15 * 60_000;

/** Checks who sent a request, by the signer of AWS's SDK. Throws a Refusal as S3 would answer. */
export async function authenticate(
  request: ArrivedRequest,
  authority: Authority,
): Promise<Authenticated> {
  const header = request.headers.get('authorization');
  const inQuery = request.query.has('X-Amz-Algorithm');
  if (header !== undefined && inQuery) {
    throw new Refusal('InvalidArgument', 'Only one auth mechanism allowed');
  }
  if (inQuery) return await byQuery(request, authority);
  if (header === undefined) throw new Refusal('AccessDenied', 'Access Denied');
  return await byHeader(header, request, authority);
}

async function byHeader(
  header: string,
  request: ArrivedRequest,
  authority: Authority,
): Promise<Authenticated> {
  const { headers } = request;
  const part = (name: string) => new RegExp(`${name}=([^, ]+)`).exec(header)?.[1] ?? '';
  const bodyHash = headers.get('x-amz-content-sha256');
  if (bodyHash === undefined) {
    throw new Refusal('InvalidRequest', 'Missing required header: x-amz-content-sha256');
  }
  checkCredential(part('Credential'), authority, 'AuthorizationHeaderMalformed');
  checkToken(headers.get('x-amz-security-token'), authority);
  const signed = checkSignedHeaders(request, part('SignedHeaders'));
  const time = timeOf(headers.get('x-amz-date'));
  const { headers: expected } = await signer(authority).sign(
    { ...toSign(request), headers: Object.fromEntries(signed) },
    { signingDate: new Date(time), signableHeaders: new Set(signed.keys()) },
  );
  checkSignature(expected.authorization?.split('Signature=')[1], part('Signature'));
  if (Math.abs(time - authority.now()) > skewMs) {
    throw new Refusal('RequestTimeTooSkewed', 'The difference to the current time is too large.');
  }
  return { kind: 'header', bodyHash };
}

async function byQuery(request: ArrivedRequest, authority: Authority): Promise<Authenticated> {
  const part = (name: string) => request.query.get(`X-Amz-${name}`) ?? '';
  const life = Number(part('Expires'));
  if (part('Expires') === '' || !Number.isInteger(life) || life < 0 || life > longestLife) {
    throw new Refusal('AuthorizationQueryParametersError', 'X-Amz-Expires must be up to a week');
  }
  checkCredential(part('Credential'), authority, 'AuthorizationQueryParametersError');
  checkToken(request.query.get('X-Amz-Security-Token'), authority);
  const signed = checkSignedHeaders(request, part('SignedHeaders'));
  const time = timeOf(part('Date'));
  if (time - authority.now() > skewMs) {
    throw new Refusal('AccessDenied', 'Request is not yet valid');
  }
  if (authority.now() > time + life * 1000) {
    throw new Refusal('AccessDenied', 'Request has expired');
  }
  const unsigned = 'x-amz-content-sha256';
  const bodyHash = 'UNSIGNED-PAYLOAD';
  const { query } = await signer(authority).presign(
    { ...toSign(request), headers: { ...Object.fromEntries(signed), [unsigned]: bodyHash } },
    {
      signingDate: new Date(time),
      expiresIn: life,
      unhoistableHeaders: new Set([unsigned]),
      unsignableHeaders: new Set([unsigned]),
    },
  );
  checkSignature(query?.['X-Amz-Signature'], part('Signature'));
  return { kind: 'query', bodyHash };
}

function signer({ credentials, region }: Authority): SignatureV4 {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const identity = {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
  };
  return new SignatureV4({
    service: 's3',
    region,
    credentials: identity,
    sha256: Hash.bind(null, 'sha256'),
    uriEscapePath: false,
    applyChecksum: false,
  });
}

/** The request as the signer takes it: without what signing adds to the query. */
function toSign({ method, path, query, headers }: ArrivedRequest) {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const strictly = encoded.replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const asked = [...query].filter(([name]) => !name.startsWith('X-Amz-'));
  const hostname = headers.get('host') ?? '';
  return { method, protocol: 'http:', hostname, path: strictly, query: Object.fromEntries(asked) };
}

function checkCredential(credential: string, { credentials, region }: Authority, code: S3Code) {
  const [accessKeyId, , found, service, end] = credential.split('/');
  if (found !== region || service !== 's3' || end !== 'aws4_request') {
    throw new Refusal(code, `The scope ${found}/${service}/${end} is wrong; expecting ${region}`);
  }
  if (accessKeyId !== credentials.accessKeyId) {
    throw new Refusal('InvalidAccessKeyId', 'The access key does not exist in our records.');
  }
}

function checkToken(token: string | undefined, { credentials }: Authority): void {
  if (token === credentials.sessionToken) return;
  throw new Refusal('InvalidToken', 'The provided token is malformed or otherwise invalid.');
}

/** Gives the headers that were signed; all of AWS's and the host must be. */
function checkSignedHeaders({ headers }: ArrivedRequest, list: string): Map<string, string> {
  const names = list.split(';');
  const unsigned = [...headers.keys()].filter(
    (name) => (name.startsWith('x-amz-') || name === 'host') && !names.includes(name),
  );
  if (unsigned.length > 0) {
    throw new Refusal('AccessDenied', `There were headers that were not signed: ${unsigned}`);
  }
  return new Map(names.map((name) => [name, headers.get(name) ?? '']));
}

function checkSignature(expected: string | string[] | null | undefined, sent: string): void {
  if (sent !== '' && expected === sent) return;
  throw new Refusal('SignatureDoesNotMatch', 'The signature is not the one that we calculated.');
}

/** Ms since 1970 of a date as `20261121T124524Z`. */
function timeOf(date = ''): number {
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const time = Date.parse(iso);
  if (Number.isNaN(time)) throw new Refusal('AccessDenied', `The date ${date} is not valid`);
  return time;
}
