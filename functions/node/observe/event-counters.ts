import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { MirrorEvent } from '../../core/ports/event.ts';

/** Registers a counter. */
export function counter<const Label extends string = never>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[] = [],
): Counter<Label> {
  return new Counter({ name, help, labelNames, registers: [registry] });
}

/** Registers the metrics of upstreams, fills and failures; returns what counts an event. */
export function eventMetrics(registry: Registry): (event: MirrorEvent) => void {
  const registers = [registry];
  const requests = counter(
    registry,
    'pullfront_upstream_requests_total',
    'Requests sent to upstreams. If there was no answer, the status is a word that says why.',
    ['registry', 'purpose', 'method', 'status'],
  );
  const limit = new Gauge({
    name: 'pullfront_upstream_rate_limit',
    help: 'Pulls per window that the upstream allows.',
    labelNames: ['registry', 'credentials'],
    registers,
  });
  const remaining = new Gauge({
    name: 'pullfront_upstream_rate_remaining',
    help: 'Pulls that remain, as last reported by the upstream.',
    labelNames: ['registry', 'credentials'],
    registers,
  });
  const pulls = counter(
    registry,
    'pullfront_upstream_pulls_total',
    "GETs of manifests sent to upstreams, by the client's network.",
    ['registry', 'network'],
  );
  const refusedPulls = counter(
    registry,
    'pullfront_upstream_refused_pulls_total',
    "GETs of manifests that were not sent because of an upstream's limit.",
    ['registry', 'account'],
  );
  const limited = counter(
    registry,
    'pullfront_clients_limited_total',
    'Requests over a limit of `clients`, refused or warned; the tier is a network, or "anonymous".',
    ['tier', 'limit', 'outcome'],
  );
  const circuits = new Gauge({
    name: 'pullfront_upstream_circuit_open',
    help: "1 while requests are stopped because of an upstream's limit, else 0.",
    labelNames: ['registry', 'account', 'circuit'],
    registers,
  });
  const backoffs = counter(
    registry,
    'pullfront_upstream_backoffs_total',
    'Times that the mirror began to back off from a registry, repository, token service or blob host.',
    ['registry', 'scope'],
  );
  const failing = new Gauge({
    name: 'pullfront_upstream_failing',
    help: '1 while the mirror backs off from a whole registry, else 0.',
    labelNames: ['registry'],
    registers,
  });
  const gone = counter(registry, 'pullfront_gone_tags_total', 'Tags found to be gone upstream.', [
    'registry',
  ]);
  const policies = counter(
    registry,
    'pullfront_tag_policy_total',
    'Pulls of tags that a rule or a person decided, or would have in mode observe.',
    ['registry', 'mode', 'decision'],
  );
  const policyCounters = new Map<string, ReturnType<typeof policies.labels>>();
  const alternates = counter(
    registry,
    'pullfront_alternate_answers_total',
    'Manifests and blobs that another registry served in place of an upstream.',
    ['registry', 'alternate'],
  );
  const fills = counter(registry, 'pullfront_fills_total', 'Fills by outcome.', ['outcome']);
  const fillSeconds = new Histogram({
    name: 'pullfront_fill_seconds',
    help: 'Duration of fills.',
    buckets: [0.1, 0.5, 2, 10, 60, 300, 1800],
    registers,
  });
  const passed = counter(
    registry,
    'pullfront_passed_through_bytes_total',
    'Bytes passed from upstreams to clients without being stored.',
  );
  const evicted = counter(registry, 'pullfront_evicted_bytes_total', 'Bytes evicted.');
  const failures = counter(
    registry,
    'pullfront_store_failures_total',
    'Store operations that failed.',
    ['operation'],
  );
  return (event) => {
    switch (event.kind) {
      case 'upstream-request': {
        const { registry, purpose, method, status } = event;
        requests.inc({ registry, purpose, method, status });
        return;
      }
      case 'rate-limit': {
        const { registry, credentials, rate } = event;
        limit.set({ registry, credentials }, rate.limit);
        remaining.set({ registry, credentials }, rate.remaining);
        return;
      }
      case 'pull':
        pulls.inc({ registry: event.registry, network: event.network });
        return;
      case 'pull-refused':
        refusedPulls.inc({ registry: event.registry, account: event.account });
        return;
      case 'client-limited': {
        const { tier, limit, outcome } = event;
        limited.inc({ tier, limit, outcome });
        return;
      }
      case 'circuit': {
        const { registry, account, circuit, isOpen } = event;
        circuits.set({ registry, account, circuit }, isOpen ? 1 : 0);
        return;
      }
      case 'backed-off':
        backoffs.inc({ registry: event.registry, scope: event.scope });
        if (event.scope === 'registry') failing.set({ registry: event.registry }, 1);
        return;
      case 'answers-again':
        if (event.scope === 'registry') failing.set({ registry: event.registry }, 0);
        return;
      case 'alternate-used': {
        const { registry, alternate } = event;
        if (alternate !== undefined) alternates.inc({ registry, alternate });
        return;
      }
      case 'tag-policy': {
        const { registry, mode, reason } = event;
        // Each pull of such a tag is counted, and hashing its labels takes as long as deciding.
        const key = `${registry} ${mode} ${reason.kind}`;
        let counted = policyCounters.get(key);
        if (counted === undefined) {
          counted = policies.labels({ registry, mode, decision: reason.kind });
          policyCounters.set(key, counted);
        }
        counted.inc();
        return;
      }
      case 'gone-upstream':
        gone.inc({ registry: event.registry });
        return;
      case 'fill':
        fills.inc({ outcome: event.outcome });
        fillSeconds.observe(event.milliseconds / 1000);
        return;
      case 'passed-through':
        passed.inc(event.bytes);
        return;
      case 'evicted':
        evicted.inc(event.bytes);
        return;
      case 'store-failed':
        failures.inc({ operation: event.operation });
        return;
    }
  };
}
