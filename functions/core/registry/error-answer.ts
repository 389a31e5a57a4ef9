import type { AnswerNote } from '../observe/request-line.ts';
import { repositoryKey } from '../oci/repository.ts';
import type { Unobtained } from '../sources/source.ts';
import type { Answer, Asked, AskedRepository } from './answer.ts';
import { headersFor } from './answer-headers.ts';
import { errorBody, type Refusal } from './refusal.ts';
import { parseRoute, parseTarget } from './route.ts';
import { refusalOf, refusalOfFailure, type Wanted } from './status-policy.ts';

const encoder = new TextEncoder();

/** What the log line of a refused request says besides its reason. */
export type Subject = Pick<AnswerNote, 'kind' | 'repository' | 'reference'>;

/** The answer that refuses a request, in the JSON of distribution-spec §Error codes. */
export function errorAnswer(
  asked: Pick<Asked, 'ns' | 'form'> & Partial<Pick<AskedRepository, 'mirrored'>>,
  refusal: Refusal,
  subject: Subject,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body = encoder.encode(errorBody(refusal.code, refusal.message));
  return {
    status: refusal.status,
    headers: {
      ...headersFor(asked),
      'content-type': 'application/json',
      'content-length': String(body.byteLength),
      'cache-control': 'no-store',
      ...(refusal.retryAfter !== undefined && { 'retry-after': String(refusal.retryAfter) }),
      ...headers,
    },
    body,
    note: {
      ...subject,
      form: asked.form,
      upstreamCalls: asked.mirrored?.upstreamCalls ?? 0,
      reason: refusal.message,
    },
  };
}

/**
 * The answer where there is none: by the status policy it sends the client to the origin at once.
 * `reason` is for the log and holds no secret.
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

/** The answer for what the mirror could not get, by the status policy. */
export function unobtainedAnswer(
  asked: AskedRepository,
  unobtained: Unobtained,
  wanted: Wanted,
  reference?: string,
): Answer {
  const { registry } = asked.repository;
  const refusal = refusalOf(unobtained, { wanted, registry, hasNs: asked.ns !== undefined });
  return errorAnswer(asked, refusal, subjectOf(asked, wanted, reference));
}

/** Names a request about a repository for its log line. */
export function subjectOf(asked: AskedRepository, kind: string, reference?: string): Subject {
  const repository = repositoryKey(asked.repository);
  return reference === undefined ? { kind, repository } : { kind, repository, reference };
}
