import type { UpstreamEvent } from '../ports/event.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Runtime } from '../ports/runtime.ts';
import { tolerate } from '../ports/tolerate.ts';

/** What an upstream client reports to, so that the rate limits it reads reach the ledger. */
export function keepRateLimits(ledger: Ledger, runtime: Runtime): (event: UpstreamEvent) => void {
  const { recordRateLimit } = tolerate(ledger, (event) => runtime.observe(event));
  return (event) => {
    runtime.observe(event);
    if (event.kind !== 'rate-limit') return;
    const { registry, credentials: account, rate } = event;
    const seen = runtime.now();
    runtime.waitUntil(recordRateLimit({ registry, account, rate, seen }));
  };
}
