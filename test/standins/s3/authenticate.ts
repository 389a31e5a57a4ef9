import { type ArrivedRequest, parameter } from './arrived-request.ts';
import { S3Error } from './s3-error.ts';
import { algorithm, isSignedBy, type Signature } from './signature.ts';

/** The one account that this server knows. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Where it is given, every request must carry it. */
  readonly sessionToken?: string | undefined;
}

/** What a request is checked against; `now` in ms since 1970. */
export interface Authority {
  readonly credentials: S3Credentials;
  readonly region: string;
  readonly now: () => number;
}

/** Where the signature of a request was found. */
export type AuthKind = 'header' | 'query';

/** A request that was signed as it should be. */
export interface Authenticated {
  readonly kind: AuthKind;
  /** What was signed of the body: its SHA-256 in hex, `UNSIGNED-PAYLOAD` or `STREAMING-…`. */
  readonly bodyHash: string;
}

const longestLife = 7 * 24 * 3600;
const skewMs = 15 * 60_000;

/** Checks who sent a request; throws an S3Error as S3 would answer. */
export function authenticate(request: ArrivedRequest, authority: Authority): Authenticated {
  const header = request.headers.get('authorization');
  const inQuery = request.query.some(([name]) => name === 'X-Amz-Algorithm');
  if (header !== undefined && inQuery) {
    throw new S3Error('InvalidArgument', 'Only one auth mechanism allowed');
  }
  if (inQuery) return byQuery(request, authority);
  if (header === undefined) throw new S3Error('AccessDenied', 'Access Denied');
  return byHeader(header, request, authority);
}

function byHeader(header: string, request: ArrivedRequest, authority: Authority): Authenticated {
  const fields = new Map<string, string>();
  const [scheme = '', ...rest] = header.split(' ');
  for (const field of rest.join(' ').split(',')) {
    const [name = '', ...value] = field.trim().split('=');
    fields.set(name, value.join('='));
  }
  const malformed = (message: string): S3Error =>
    new S3Error(
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; ${message}`,
    );
  if (scheme !== algorithm) throw new S3Error('InvalidRequest', 'Unsupported Authorization Type');
  const bodyHash = request.headers.get('x-amz-content-sha256');
  if (bodyHash === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header: x-amz-content-sha256');
  }
  const date = request.headers.get('x-amz-date') ?? '';
  const time = timeOf(date);
  if (time === undefined) throw new S3Error('AccessDenied', 'A valid x-amz-date is required');
  const claimed = claimedOf(fields, { date, bodyHash }, malformed);
  check(claimed, request, request.headers.get('x-amz-security-token'), authority, malformed);
  if (Math.abs(time - authority.now()) > skewMs) {
    throw new S3Error(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    );
  }
  return { kind: 'header', bodyHash };
}

function byQuery(request: ArrivedRequest, authority: Authority): Authenticated {
  const malformed = (message: string): S3Error =>
    new S3Error('AuthorizationQueryParametersError', message);
  const fields = new Map(
    request.query
      .filter(([name]) => name.startsWith('X-Amz-'))
      .map(([name, value]) => [name.slice(6), value]),
  );
  if (fields.get('Algorithm') !== algorithm) throw malformed('X-Amz-Algorithm is not supported');
  const date = fields.get('Date') ?? '';
  const time = timeOf(date);
  const life = fields.get('Expires');
  if (time === undefined || life === undefined) {
    throw malformed('Query-string authentication version 4 requires X-Amz-Date and X-Amz-Expires');
  }
  if (!/^-?\d+$/.test(life)) throw malformed('X-Amz-Expires should be a number');
  if (Number(life) < 0) throw malformed('X-Amz-Expires must be non-negative');
  if (Number(life) > longestLife) throw malformed('X-Amz-Expires must be less than a week');
  const bodyHash = request.headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD';
  const claimed = claimedOf(fields, { date, bodyHash }, malformed);
  const token = parameter(request, 'X-Amz-Security-Token');
  const early = time - authority.now() > skewMs;
  if (early) throw new S3Error('AccessDenied', 'Request is not yet valid');
  if (authority.now() > time + Number(life) * 1000) {
    throw new S3Error('AccessDenied', 'Request has expired');
  }
  check(claimed, request, token, authority, malformed);
  return { kind: 'query', bodyHash };
}

/** The parts of a signature, which have the same names in a header and in a query. */
function claimedOf(
  fields: ReadonlyMap<string, string>,
  known: Pick<Signature, 'date' | 'bodyHash'>,
  malformed: (message: string) => S3Error,
): Signature {
  const [accessKeyId, day, region, service, terminator, ...more] =
    fields.get('Credential')?.split('/') ?? [];
  const signed = fields.get('SignedHeaders');
  const signature = fields.get('Signature');
  if (accessKeyId === undefined || day === undefined || region === undefined) {
    throw malformed('the Credential is mal-formed');
  }
  if (service === undefined || terminator === undefined || more.length > 0) {
    throw malformed('the Credential is mal-formed');
  }
  if (signed === undefined || signature === undefined) {
    throw malformed('SignedHeaders and Signature are required');
  }
  const signedHeaders = signed.split(';');
  return { accessKeyId, day, region, service, terminator, signedHeaders, signature, ...known };
}

function check(
  claimed: Signature,
  request: ArrivedRequest,
  token: string | undefined,
  { credentials, region }: Authority,
  malformed: (message: string) => S3Error,
): void {
  const { signedHeaders } = claimed;
  if (claimed.day !== claimed.date.slice(0, 8)) throw malformed('the dates differ');
  if (claimed.region !== region) {
    throw malformed(`the region '${claimed.region}' is wrong; expecting '${region}'`);
  }
  if (claimed.service !== 's3') throw malformed('incorrect service; it must be "s3"');
  if (claimed.terminator !== 'aws4_request') throw malformed('incorrect terminal');
  if (claimed.accessKeyId !== credentials.accessKeyId) {
    throw new S3Error('InvalidAccessKeyId', 'The AWS Access Key Id does not exist in our records.');
  }
  if (token !== credentials.sessionToken) {
    throw token === undefined
      ? new S3Error('InvalidAccessKeyId', 'The AWS Access Key Id needs its session token.')
      : new S3Error('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  }
  const unsigned = [...request.headers.keys()].filter(
    (name) => (name.startsWith('x-amz-') || name === 'host') && !signedHeaders.includes(name),
  );
  if (unsigned.length > 0) {
    throw new S3Error(
      'AccessDenied',
      `There were headers present which were not signed: ${unsigned}`,
    );
  }
  if (!isSignedBy(credentials.secretAccessKey, claimed, request)) {
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided.',
    );
  }
}

/** Ms since 1970 of a date as `20261121T124524Z`. */
function timeOf(date: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}
