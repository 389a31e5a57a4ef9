import type { MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { timeout } from 'hono/timeout';
import { Hono } from 'hono/tiny';
import { version } from '../config/version.ts';
import type { Registry } from '../registry/create-registry.ts';
import { failureAnswer } from '../registry/error-answer.ts';
import { isRegistryTarget, parseTarget } from '../registry/route.ts';
import { type OwnPage, pageApp } from './page-app.ts';
import { type AppEnvironment, fromRequest, respond, targetOf } from './web.ts';

/** What the app mounts. */
export interface AppParts {
  readonly registry: Registry;
  health(): Health;
  /** The page for Prometheus, where the platform counts. */
  readonly metrics?: (() => Promise<OwnPage>) | undefined;
  /** Told of what should not happen; the client gets an answer nevertheless. */
  unexpected(error: unknown): void;
}

/** The HTTP surface of every platform: `fetch` with an Exchange as its bindings. */
export type App = Hono<AppEnvironment>;

/** How long `/metrics` may wait for the stores, in ms: as long as Prometheus waits by default. */
const metricsTime = 10_000;

/**
 * Mounts health, metrics and the registry. A later page, API or webhook is one more `app.route` above
 * the registry, which takes every path that is left.
 *
 * hono's routers misread legal repository names (`/v2/manifests/manifests/manifests`), take `%2F` for a
 * slash and pass broken escapes, so the registry has a wildcard and reads the path itself (route.ts).
 * There is no middleware that encodes or compresses, or that asks for a login: clients hash what they
 * get, and dockerd answers a 401 with the user's Docker Hub password.
 */
export function createApp({ registry, health, metrics, unexpected }: AppParts): App {
  // hono would decode the path, and a Request's URL is normalised. Routes are matched as sent.
  const app = new Hono<AppEnvironment>({
    getPath: ({ url }, options) => parseTarget(targetOf(url, options?.env)).path,
  });
  app.use(secureBeside);
  app.route(
    '/healthz',
    pageApp('healthz', async () => healthPage(health())),
  );
  if (metrics !== undefined) {
    app.use('/metrics', timeout(metricsTime));
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

/** Secure headers for all that a browser may show, which is everything but the registry. */
const secureBeside: MiddlewareHandler<AppEnvironment> = (context, next) =>
  isRegistryTarget(fromRequest(context).target) ? next() : secure(context, next);

/** `closing`: the mirror answers what is under way, and nothing new should come. */
export type Health = 'ok' | 'closing';

/**
 * The page `/healthz`, the same on every platform. Anybody may ask for it, so nothing else is in it and
 * no store is read for it. `closing` is a 503, so that a load balancer sends no new clients.
 */
function healthPage(status: Health): OwnPage {
  return {
    status: status === 'ok' ? 200 : 503,
    type: 'application/json',
    body: `${JSON.stringify({ status, version })}\n`,
  };
}
