/** The error codes of distribution-spec §Error codes that a read-only registry can answer with. */
export type ErrorCode =
  | 'BLOB_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'PAGINATION_NUMBER_INVALID'
  | 'RANGE_INVALID'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'UNAVAILABLE'
  | 'UNKNOWN';

/** The JSON body of an error (distribution-spec §Error codes). */
export function errorBody(code: ErrorCode, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] });
}
