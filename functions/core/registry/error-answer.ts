import type { AnswerNote } from '../observe/request-line.ts';
import { repositoryKey } from '../oci/repository.ts';
import type { Unobtained } from '../sources/unobtained.ts';
import type { Answer, ReadRequest, RepositoryRequest } from './answer.ts';
import { headersFor } from './answer-headers.ts';
import { looksLikeHost } from './choose-repository.ts';
import { errorBody, type Refusal } from './refusal.ts';
import { parseRoute, parseTarget, type RegistryForm, type Route } from './route.ts';
import { refusalOf, refusalOfFailure, type Wanted } from './status-policy.ts';

const encoder = new TextEncoder();

/** What the request was for, in the log line of an error. */
export type Subject = Pick<AnswerNote, 'kind' | 'repository' | 'reference'>;

/** The answer that refuses a request, with the JSON of distribution-spec §Error codes. */
export function errorAnswer(
  request: Pick<ReadRequest, 'ns' | 'form'> & Partial<Pick<RepositoryRequest, 'mirrored'>>,
  refusal: Refusal,
  subject: Subject,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body = encoder.encode(errorBody(refusal.code, refusal.message));
  return {
    status: refusal.status,
    headers: {
      ...headersFor(request),
      'content-type': 'application/json',
      'content-length': String(body.byteLength),
      'cache-control': 'no-store',
      ...(refusal.retryAfter !== undefined && { 'retry-after': String(refusal.retryAfter) }),
      ...headers,
    },
    body,
    note: {
      ...subject,
      form: request.form,
      upstreamCalls: request.mirrored?.upstreamCalls ?? 0,
      reason: refusal.message,
    },
  };
}

/**
 * The answer when the mirror itself failed: by the status policy, it sends the client to the origin
 * at once. `reason` goes to the log and must hold no secret.
 */
export function failureAnswer(target: string, reason?: string): Answer {
  const { path, ns } = parseTarget(target);
  const route = parseRoute(path);
  const kind = route.kind === 'unknown' ? 'other' : route.kind;
  const wanted = isWanted(kind) ? kind : 'manifest';
  const refusal = refusalOfFailure({ wanted, form: formOf(route, ns) });
  const request = { ns: undefined, form: ns === undefined ? 'root' : 'ns' } as const;
  const answer = errorAnswer(request, refusal, { kind });
  return reason === undefined ? answer : { ...answer, note: { ...answer.note, reason } };
}

/** The form of a request by its target alone, without the configured registries. */
function formOf(route: Route, ns: string | undefined): RegistryForm {
  if (ns !== undefined) return 'ns';
  if (!('name' in route)) return 'none';
  if (route.prefix !== '') return 'before-v2';
  const slash = route.name.indexOf('/');
  return slash > 0 && looksLikeHost(route.name.slice(0, slash)) ? 'after-v2' : 'none';
}

function isWanted(kind: string): kind is Wanted {
  return kind === 'manifest' || kind === 'blob' || kind === 'tags' || kind === 'referrers';
}

/** The answer for content that the mirror could not get, by the status policy. */
export function unobtainedAnswer(
  request: RepositoryRequest,
  unobtained: Unobtained,
  wanted: Wanted,
  reference?: string,
): Answer {
  const { registry } = request.repository;
  const refusal = refusalOf(unobtained, registry, { wanted, form: request.registryForm });
  return errorAnswer(request, refusal, subjectOf(request, wanted, reference));
}

/** The subject of a request for a repository. */
export function subjectOf(request: RepositoryRequest, kind: string, reference?: string): Subject {
  const repository = repositoryKey(request.repository);
  return reference === undefined ? { kind, repository } : { kind, repository, reference };
}
