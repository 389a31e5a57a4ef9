import type { MirrorEvent, UpstreamEvent } from '../ports/event.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Runtime } from '../ports/runtime.ts';
import { goOnWithout } from '../ports/tolerate.ts';

/** What an upstream client reports to, so that the rate limits it reads reach the ledger. */
export function keepRateLimits(
  ledger: Ledger,
  runtime: Runtime<MirrorEvent>,
): (event: UpstreamEvent) => void {
  return (event) => {
    runtime.observe(event);
    if (event.kind !== 'rate-limit') return;
    const { registry, credentials: account, rate } = event;
    const record = ledger.recordRateLimit({ registry, account, rate, seen: runtime.now() });
    runtime.waitUntil(goOnWithout({ runtime }, 'record rate limit', record));
  };
}
