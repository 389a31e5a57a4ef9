import type { Stored } from '../images/content.ts';

/** Header names and values of an answer. */
export type ReplyHeaders = { [name: string]: string | readonly string[] };

/** An answer that is decided but not sent. `ranges` lets a Range header select a part of it. */
export interface Reply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly body?: Uint8Array | Stored;
  readonly ranges?: boolean;
}

/** An answer in JSON. */
export function jsonReply(status: number, value: unknown, headers: ReplyHeaders = {}): Reply {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

/** An answer in the registry's error format (distribution-spec §Error Codes). */
export function errorReply(
  status: number,
  code: string,
  message: string,
  headers: ReplyHeaders = {},
): Reply {
  return jsonReply(status, { errors: [{ code, message, detail: null }] }, headers);
}

/** An answer in plain text or, with another type, in that. */
export function textReply(
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
  headers: ReplyHeaders = {},
): Reply {
  return { status, headers: { 'content-type': type, ...headers }, body: Buffer.from(text) };
}

/** A redirect without a body to speak of. */
export function redirectReply(status: number, location: string): Reply {
  return textReply(status, '', 'text/html; charset=utf-8', { location });
}
