/** Why a request gets no content. Never a 401: dockerd would send the user's Docker Hub password. */
export interface Refusal {
  readonly status: 400 | 403 | 404 | 405 | 416 | 424 | 429 | 503;
  readonly code: ErrorCode;
  /** For people. Holds no secret. */
  readonly message: string;
  /** In seconds. */
  readonly retryAfter?: number;
}

/** A refusal without a Retry-After. */
export function refusal(status: Refusal['status'], code: ErrorCode, message: string): Refusal {
  return { status, code, message };
}

/** The refusal of a path without a repository name, so that its prefix can only be a registry. */
export function noRegistry(name: string): Refusal {
  return refusal(404, 'NAME_UNKNOWN', `this mirror has no registry ${quoted(name)}`);
}

const longestQuote = 120;

/** Quotes text of a request for a message: shortened, with every unusual character escaped. */
export function quoted(text: string): string {
  const cut = text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text;
  return JSON.stringify(cut);
}

/** The codes of distribution-spec §Error codes that a read-only registry can answer with. */
type ErrorCode =
  | 'BLOB_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'PAGINATION_NUMBER_INVALID'
  | 'RANGE_INVALID'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'UNAVAILABLE';

/** The JSON body of an error (distribution-spec §Error codes). */
export function errorBody(code: ErrorCode, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] });
}
