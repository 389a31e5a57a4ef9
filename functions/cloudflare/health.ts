import type { Ports } from '../core/mirror/parts.ts';
import type { Answer } from '../core/registry/answer.ts';

/** Answers `/healthz`, which also has the counters and the rate limits; undefined for other paths. */
export function healthPage(
  ports: Ports,
  version: string,
  target: string,
): Promise<Answer> | undefined {
  return /^\/healthz(?:\?|$)/.test(target) ? health(ports, version) : undefined;
}

/** Still 200 without the index: pulls go on without it, and the Worker cannot be restarted anyway. */
async function health({ blobs, ledger }: Ports, version: string): Promise<Answer> {
  const index = await Promise.all([blobs.usedBytes(), ledger.counters(), ledger.rateLimits()]).then(
    ([storeBytes, counters, rateLimits]) => ({ storeBytes, counters, rateLimits }),
    () => undefined,
  );
  const state = { status: index === undefined ? 'degraded' : 'ok', version, ...index };
  const body = `${JSON.stringify(state)}\n`;
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'content-length': String(new TextEncoder().encode(body).byteLength),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body,
    note: { kind: 'healthz', form: 'root', upstreamCalls: 0 },
  };
}
