import type { CircuitKind } from '../../ports/ledger.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { OwnerState } from './circuits.ts';

/** The error of a request that is not sent because a circuit is open; `now` in ms since 1970. */
export function limitError(
  registry: string,
  kind: CircuitKind,
  { circuits }: OwnerState,
  now: number,
): UpstreamError {
  const { until = now, since = now, tried = since, pause = 0 } = circuits[kind] ?? {};
  const isTried = kind === 'pulls' || kind === 'heads';
  const end = isTried ? Math.min(until, tried + pause) : until;
  const seconds = Math.max(1, Math.ceil((end - now) / 1000));
  const limit = kind === 'abuse' ? 'abuse' : 'pulls';
  const message = `${registry}: ${textOf(kind, seconds)}`;
  return new UpstreamError('limited', message, { retryAfter: seconds, limit, isUnsent: true });
}

function textOf(kind: CircuitKind, seconds: number): string {
  switch (kind) {
    case 'pulls':
      return 'no pull is left of its limit';
    case 'heads':
      return `too many requests; the mirror tries again in ${seconds} s`;
    case 'requests':
    case 'abuse':
      return `too many requests; it asked to wait ${seconds} s more`;
  }
}
