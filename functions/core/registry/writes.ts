import type { Answer } from './answer.ts';
import { errorAnswer } from './error-answer.ts';
import { refusal } from './refusal.ts';

/**
 * The answer to every push, upload and delete: a mirror is read-only (distribution-spec §Read-only
 * registries). `ns` plays no part, and the body is not read.
 */
export function answerWrite(): Answer {
  const message = 'this mirror is read-only; push to the registry itself';
  const asked = { ns: undefined, form: 'root', calls: { upstreamCalls: 0 } } as const;
  return errorAnswer(
    asked,
    refusal(405, 'UNSUPPORTED', message),
    { kind: 'other' },
    { allow: 'GET, HEAD' },
  );
}
