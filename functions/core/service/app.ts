import type { MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { timeout } from 'hono/timeout';
import { Hono } from 'hono/tiny';
import { version } from '../config/version.ts';
import type { Answer } from '../registry/answer.ts';
import type { Registry } from '../registry/create-registry.ts';
import { failureAnswer } from '../registry/error-answer.ts';
import { isRegistryTarget, parseTarget } from '../registry/route.ts';
import { type AppEnvironment, fromRequest, respond, targetOf } from './web.ts';

/** A page beside the registry. */
export interface Page {
  /** 200 by default. */
  readonly status?: number;
  readonly type: string;
  readonly body: string;
}

/** `closing`: the mirror finishes its requests and should get no new ones. */
export type Health = 'ok' | 'closing';

/** What the app mounts. */
export interface AppOptions {
  readonly registry: Registry;
  health(): Health;
  /** The page for Prometheus, on platforms that keep metrics. */
  readonly metrics?: (() => Promise<Page>) | undefined;
  /** Called with unexpected errors; the client gets an answer nevertheless. */
  unexpected(error: unknown): void;
}

/** The HTTP surface of every platform: `fetch` with an Exchange as its bindings. */
export type App = Hono<AppEnvironment>;

/** How long `/metrics` may wait for the stores, in ms: Prometheus's default timeout. */
const metricsTimeout = 10_000;

/**
 * Mounts health, metrics and the registry. A further page, API or webhook is one more `app.route`
 * before the registry, which takes every other path.
 *
 * hono's routers misread legal repository names (`/v2/manifests/manifests/manifests`), take `%2F` for a
 * slash and pass broken escapes, so the registry has a wildcard and parses the path itself (route.ts).
 * No middleware encodes or compresses, because clients hash what they get, or asks for a login,
 * because dockerd answers a 401 with the user's Docker Hub password.
 */
export function createApp({ registry, health, metrics, unexpected }: AppOptions): App {
  // hono would decode the path, and a Request normalises its URL. Routes match the path as sent.
  const app = new Hono<AppEnvironment>({
    getPath: ({ url }, options) => parseTarget(targetOf(url, options?.env)).path,
  });
  app.use(secureOutsideRegistry);
  const healthApp = pageApp('healthz', async () => healthPage(health()));
  app.route('/healthz', healthApp);
  // Load balancers check the root by default.
  app.route('/', healthApp);
  if (metrics !== undefined) {
    app.use('/metrics', timeout(metricsTimeout));
    app.route('/metrics', pageApp('metrics', metrics));
  }
  app.all('*', async (context) => respond(context, await registry(fromRequest(context))));
  app.onError((error, context) => {
    if (error instanceof HTTPException) return error.getResponse();
    unexpected(error);
    const { target } = fromRequest(context);
    return respond(context, failureAnswer(target, 'the mirror failed'));
  });
  return app;
}

/** No HSTS: its `includeSubDomains` would bind hosts that are not this mirror's. */
const secure = secureHeaders({ strictTransportSecurity: false });

/** Secure headers for everything that a browser may show. */
const secureOutsideRegistry: MiddlewareHandler<AppEnvironment> = (context, next) =>
  isRegistryTarget(fromRequest(context).target) ? next() : secure(context, next);

/**
 * The page `/healthz` and `/`, the same on every platform. Anybody may request it, so it says nothing else and
 * reads no store. `closing` is a 503, so that a load balancer sends no new clients.
 */
function healthPage(status: Health): Page {
  return {
    status: status === 'ok' ? 200 : 503,
    type: 'application/json',
    body: `${JSON.stringify({ status, version })}\n`,
  };
}

/** An app of one page for GET and HEAD. `kind` is its name in the log and the metrics. */
function pageApp(kind: string, page: () => Promise<Page>): App {
  const app = new Hono<AppEnvironment>();
  app.get('/', async (context) => respond(context, pageAnswer(kind, await page())));
  app.all('/', (context) => {
    const notAllowed = { status: 405, type: 'text/plain', body: 'GET or HEAD only\n' };
    return respond(context, pageAnswer(kind, notAllowed, { allow: 'GET, HEAD' }));
  });
  return app;
}

const encoder = new TextEncoder();

function pageAnswer(
  kind: string,
  { status = 200, type, body }: Page,
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
