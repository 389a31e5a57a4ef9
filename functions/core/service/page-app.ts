import { Hono } from 'hono/tiny';
import type { Answer } from '../registry/answer.ts';
import { type AppEnvironment, respond } from './web.ts';

/** A page that the mirror has besides the registry. */
export interface OwnPage {
  /** 200 unless said. */
  readonly status?: number;
  readonly type: string;
  readonly body: string;
}

/** An app of one page, uncached, for GET and HEAD. `kind` is its name in the log and the metrics. */
export function pageApp(kind: string, page: () => Promise<OwnPage>): Hono<AppEnvironment> {
  const app = new Hono<AppEnvironment>();
  app.get('/', async (context) => respond(context, pageAnswer(kind, await page())));
  app.all('/', (context) => {
    const refused = { status: 405, type: 'text/plain', body: 'GET or HEAD only\n' };
    return respond(context, pageAnswer(kind, refused, { allow: 'GET, HEAD' }));
  });
  return app;
}

const encoder = new TextEncoder();

function pageAnswer(
  kind: string,
  { status = 200, type, body }: OwnPage,
  headers: Answer['headers'] = {},
): Answer {
  const bytes = encoder.encode(body);
  return {
    status,
    headers: {
      'content-type': type,
      'content-length': String(bytes.byteLength),
      'cache-control': 'no-store',
      ...headers,
    },
    body: bytes,
    note: { kind, form: 'root', upstreamCalls: 0 },
  };
}
