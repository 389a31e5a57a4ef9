import { type Answer, jsonAnswer, type RegistryRequest } from '../registry/answer.ts';

/**
 * What `/healthz` says, on every platform: anybody may ask it, so nothing else is in it and no store
 * is read for it. `closing` is a 503, so that a load balancer sends no new clients.
 */
export function healthAnswer(status: 'ok' | 'closing', version: string): Answer {
  const answer = jsonAnswer(
    `${JSON.stringify({ status, version })}\n`,
    { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    { kind: 'healthz', form: 'root', upstreamCalls: 0 },
  );
  return status === 'ok' ? answer : { ...answer, status: 503 };
}

/** Answers `/healthz` where no server has pages of its own; undefined for every other request. */
export function answerHealth(
  version: string,
  { method, target }: RegistryRequest,
): Answer | undefined {
  const isAsked = /^\/healthz(?:\?|$)/.test(target) && (method === 'GET' || method === 'HEAD');
  return isAsked ? healthAnswer('ok', version) : undefined;
}
