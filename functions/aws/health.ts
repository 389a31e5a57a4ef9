import type { Ports } from '../core/mirror/parts.ts';
import type { Answer } from '../core/registry/answer.ts';
import { version } from './version.ts';

/** Answers `/healthz`, which also has the counters and the rate limits; undefined for other paths. */
export function healthPage(
  ports: Pick<Ports, 'blobs' | 'ledger'>,
  target: string,
): Promise<Answer> | undefined {
  if (target.startsWith('/v2')) return undefined;
  return /^\/healthz(?:\?|$)/.test(target) ? health(ports) : undefined;
}

/** Still 200 without the index: pulls go on without it, and a function cannot be restarted. */
async function health({ blobs, ledger }: Pick<Ports, 'blobs' | 'ledger'>): Promise<Answer> {
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
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body,
    note: { kind: 'healthz', form: 'root', upstreamCalls: 0 },
  };
}
