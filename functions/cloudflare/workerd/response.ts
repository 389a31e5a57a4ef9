import type { Answer } from '../../core/registry/answer.ts';
import { toResponse } from '../../core/service/web.ts';

/**
 * The response of an answer. workerd ends a stream of unknown length as if it were whole when it
 * breaks, so a stream whose length is known goes out with its length: a break is then a cut.
 */
export function workerResponse(answer: Answer, method: string): Response {
  const { body, headers } = answer;
  const length = headers['content-length'];
  if (method === 'HEAD' || length === undefined || !(body instanceof ReadableStream)) {
    return toResponse(answer, method);
  }
  const { readable, writable } = new FixedLengthStream(Number(length));
  // Its failure reaches the client by the cut, and the log by the mirror's own event.
  body.pipeTo(writable).catch(() => undefined);
  return toResponse({ ...answer, body: readable }, method);
}
