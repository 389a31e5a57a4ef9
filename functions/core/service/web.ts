import type { Context } from 'hono';
import type { Answer, RegistryRequest } from '../registry/answer.ts';

/** What a platform lends the app for one request, as hono's bindings. */
export interface Exchange {
  /**
   * Path and query as sent. Absent where the platform has nothing but the Request, whose URL is
   * normalised: `/v2/../x` is `/x` there.
   */
  readonly target?: string;
  /** Takes the answer before it becomes a Response: for the log, the metrics and a HEAD's length. */
  answered(answer: Answer): void;
}

/** The environment of the app and of each app that it mounts. */
export interface AppEnvironment {
  Bindings: Exchange;
}

/** Path and query as sent, percent-encoding kept, as far as the platform knows them. */
export function targetOf(url: string, exchange: Exchange | undefined): string {
  if (exchange?.target !== undefined) return exchange.target;
  const path = url.indexOf('/', url.indexOf('://') + '://'.length);
  return path < 0 ? '/' : url.slice(path);
}

/** A request as the registry takes it. */
export function fromRequest({ req, env }: Context<AppEnvironment>): RegistryRequest {
  const { method, url, headers } = req.raw;
  return {
    method,
    target: targetOf(url, env),
    header: (name) => headers.get(name) ?? undefined,
  };
}

/** Hands the answer to the platform and gives its Response: the only way from the one to the other. */
export function respond(context: Context<AppEnvironment>, answer: Answer): Response {
  context.env.answered(answer);
  return toResponse(answer, context.req.method);
}

/** The response for a platform that speaks fetch; a HEAD's has no body, as fetch demands. */
function toResponse(answer: Answer, method: string): Response {
  const { status, headers, body } = answer;
  if (method !== 'HEAD') return new Response(body ?? null, { status, headers });
  // A stream nobody reads would hold its source open. Its failure to close is not the client's.
  if (body instanceof ReadableStream) body.cancel().catch(() => undefined);
  return new Response(null, { status, headers });
}
