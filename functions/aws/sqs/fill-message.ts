import {
  fillMessage,
  type ReadFillMessage,
  readFillMessage,
} from '../../core/mirror/fills/fill-message.ts';
import type { FillJob } from '../../core/ports/fill-queue.ts';

/**
 * A fill as the body of a message. It is ASCII: SQS refuses some characters, and a media type that
 * has one must not keep the other blobs of its manifest from being filled.
 */
export function fillText(job: FillJob): string {
  return JSON.stringify(fillMessage(job)).replace(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Reads the body of a message. Who may send to the queue may have written anything. */
export function readFillText(body: string): ReadFillMessage {
  return readFillMessage(parseJson(body));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
