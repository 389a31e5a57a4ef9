import type { Ports } from '../mirror/parts.ts';
import type { Answer, RegistryRequest } from './answer.ts';
import { jsonAnswer } from './json-answer.ts';

/**
 * Answers `/healthz`, which also has the counters and the rate limits, where no server has a page of
 * its own; undefined for what is the registry's to answer.
 */
export function answerHealth(
  ports: Pick<Ports, 'blobs' | 'ledger'>,
  version: string,
  { method, target }: RegistryRequest,
): Promise<Answer> | undefined {
  const isAsked = /^\/healthz(?:\?|$)/.test(target) && (method === 'GET' || method === 'HEAD');
  return isAsked ? health(ports, version) : undefined;
}

/** Still 200 without the index: pulls go on without it, and a function cannot be restarted. */
async function health(
  { blobs, ledger }: Pick<Ports, 'blobs' | 'ledger'>,
  version: string,
): Promise<Answer> {
  const index = await Promise.all([blobs.usedBytes(), ledger.counters(), ledger.rateLimits()]).then(
    ([storeBytes, counters, rateLimits]) => ({ storeBytes, counters, rateLimits }),
    () => undefined,
  );
  const state = { status: index === undefined ? 'degraded' : 'ok', version, ...index };
  return jsonAnswer(
    `${JSON.stringify(state)}\n`,
    { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    { kind: 'healthz', form: 'root', upstreamCalls: 0 },
  );
}
