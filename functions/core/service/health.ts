import { version } from '../config/version.ts';
import type { Answer, RegistryRequest } from '../registry/answer.ts';

/** `closing`: the mirror answers what is under way, and nothing new should come. */
export type Health = 'ok' | 'closing';

/**
 * Answers `/healthz`, the same on every platform; undefined for every other target. Anybody may ask
 * it, so nothing else is in it and no store is read for it. `closing` is a 503, so that a load
 * balancer sends no new clients.
 */
export function answerHealth(
  request: RegistryRequest,
  status: Health,
): Promise<Answer> | undefined {
  return answerPage(request, '/healthz', async () => ({
    status: status === 'ok' ? 200 : 503,
    type: 'application/json',
    body: `${JSON.stringify({ status, version })}\n`,
  }));
}

/** A page that the mirror has besides the registry. */
export interface OwnPage {
  /** 200 unless said. */
  readonly status?: number;
  readonly type: string;
  readonly body: string;
}

/** Answers the page at a path by GET and HEAD, uncached; undefined for every other target. */
export function answerPage(
  { method, target }: RegistryRequest,
  path: string,
  page: () => Promise<OwnPage>,
): Promise<Answer> | undefined {
  if (target !== path && !target.startsWith(`${path}?`)) return undefined;
  const kind = path.slice(1);
  if (method === 'GET' || method === 'HEAD') return page().then((made) => pageAnswer(kind, made));
  const refused = pageAnswer(kind, { status: 405, type: 'text/plain', body: 'GET or HEAD only\n' });
  return Promise.resolve({ ...refused, headers: { ...refused.headers, allow: 'GET, HEAD' } });
}

const encoder = new TextEncoder();

function pageAnswer(kind: string, { status = 200, type, body }: OwnPage): Answer {
  const bytes = encoder.encode(body);
  return {
    status,
    headers: {
      'content-type': type,
      'content-length': String(bytes.byteLength),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body: bytes,
    note: { kind, form: 'root', upstreamCalls: 0 },
  };
}
