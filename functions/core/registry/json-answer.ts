import type { Answer, AnswerNote } from './answer.ts';

const encoder = new TextEncoder();

/** A 200 whose body is JSON text; the headers given here win over the usual Content-Type. */
export function jsonAnswer(
  json: string,
  headers: Readonly<Record<string, string>>,
  note: AnswerNote,
): Answer {
  const body = encoder.encode(json);
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'content-length': String(body.byteLength),
      ...headers,
    },
    body,
    note,
  };
}
