import type { Context } from 'hono';
import type { Answer, RegistryRequest } from '../registry/answer.ts';

/** What the platform passes to the app for one request, as hono's bindings. */
export interface Exchange {
  /**
   * Path and query as sent. Absent where the platform has only a Request, which normalises its URL:
   * `/v2/../x` becomes `/x`.
   */
  readonly target?: string;
  /** The other end of the connection, where it is not in a header. */
  readonly remoteAddress?: string | undefined;
  /** Receives the answer before it becomes a Response: for the log, metrics and a HEAD's length. */
  answered(answer: Answer): void;
}

/** The hono environment of the app and of each app that it mounts. */
export interface AppEnvironment {
  Bindings: Exchange;
}

/** Path and query, as sent if the platform knows that. */
export function targetOf(url: string, exchange: Exchange | undefined): string {
  if (exchange?.target !== undefined) return exchange.target;
  const path = url.indexOf('/', url.indexOf('://') + '://'.length);
  return path < 0 ? '/' : url.slice(path);
}

/** The registry's form of a request. */
export function fromRequest({ req, env }: Context<AppEnvironment>): RegistryRequest {
  const { method, url, headers } = req.raw;
  const header = (name: string) => headers.get(name) ?? undefined;
  return { method, target: targetOf(url, env), remoteAddress: env?.remoteAddress, header };
}

/** Passes the answer to the platform and turns it into a Response; HEAD gets no body. */
export function respond({ env, req }: Context<AppEnvironment>, answer: Answer): Response {
  env.answered(answer);
  const { status, headers, body } = answer;
  if (req.method !== 'HEAD') return new Response(body ?? null, { status, headers });
  // An unread stream would keep its source open. If closing fails, the client need not know.
  if (body instanceof ReadableStream) body.cancel().catch(() => undefined);
  return new Response(null, { status, headers });
}
