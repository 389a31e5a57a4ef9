import type { Answer } from '../../core/registry/answer.ts';
import { errorAnswer } from '../../core/registry/error-answer.ts';
import { parseRoute, parseTarget } from '../../core/registry/route.ts';
import { refusalOfFailure } from '../../core/registry/status-policy.ts';

/**
 * The answer when this function has none: the one that sends the client to the origin at once, by
 * the status policy. `reason` is for the log and holds no secret.
 */
export function failureAnswer(target: string, reason: string): Answer {
  const { path, ns } = parseTarget(target);
  const kind = parseRoute(path).kind === 'blob' ? 'blob' : 'manifest';
  const hasNs = ns !== undefined;
  const refusal = refusalOfFailure({ wanted: kind, registry: '', hasNs });
  const form = hasNs ? 'ns' : 'root';
  const asked = { ns: undefined, form, calls: { upstreamCalls: 0 } } as const;
  const answer = errorAnswer(asked, refusal, { kind });
  return { ...answer, note: { ...answer.note, reason } };
}
