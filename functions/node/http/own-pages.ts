import type { Answer } from '../../core/registry/answer.ts';
import { healthAnswer } from '../../core/service/health.ts';

/** What the server tells of itself. */
export interface OwnPages {
  readonly version: string;
  isClosing(): boolean;
  metrics(): Promise<string>;
  readonly metricsType: string;
}

/** Answers `/healthz` and `/metrics`; undefined for every other target. */
export function ownPage(
  pages: OwnPages,
  method: string,
  target: string,
): Promise<Answer> | undefined {
  if (target.startsWith('/v2')) return undefined;
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (path !== '/healthz' && path !== '/metrics') return undefined;
  if (method !== 'GET' && method !== 'HEAD') {
    return Promise.resolve(
      page(path, 405, 'text/plain', 'GET or HEAD only\n', { allow: 'GET, HEAD' }),
    );
  }
  return path === '/healthz' ? health(pages) : metrics(pages);
}

async function health({ version, isClosing }: OwnPages): Promise<Answer> {
  return healthAnswer(isClosing() ? 'closing' : 'ok', version);
}

async function metrics(pages: OwnPages): Promise<Answer> {
  return page('/metrics', 200, pages.metricsType, await pages.metrics());
}

function page(
  path: string,
  status: number,
  type: string,
  body: string,
  more: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: {
      'content-type': type,
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...more,
    },
    body,
    note: { kind: path.slice(1), form: 'root', upstreamCalls: 0 },
  };
}
