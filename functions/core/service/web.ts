import type { Answer, RegistryRequest } from '../registry/answer.ts';

/** A request of a platform that speaks fetch. Its URL is already normalised by the platform. */
export function fromRequest(request: Request): RegistryRequest {
  const { method, url, headers } = request;
  const path = url.indexOf('/', url.indexOf('://') + '://'.length);
  return {
    method,
    target: path < 0 ? '/' : url.slice(path),
    header: (name) => headers.get(name) ?? undefined,
  };
}

/** The response for a platform that speaks fetch; a HEAD's has no body, as fetch demands. */
export function toResponse(answer: Answer, method: string): Response {
  const { status, headers, body } = answer;
  if (method !== 'HEAD') return new Response(body ?? null, { status, headers });
  // A stream nobody reads would hold its source open. Its failure to close is not the client's.
  if (body instanceof ReadableStream) body.cancel().catch(() => undefined);
  return new Response(null, { status, headers });
}
