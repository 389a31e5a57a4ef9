import type { Digest } from '../../oci/digest.ts';
import type { TagRecord } from '../../ports/manifest-store.ts';
import type { PolicyReason } from '../../ports/policy-reason.ts';
import { reasonOf } from '../../ports/tolerate.ts';
import type { Source } from '../../sources/source.ts';
import { parseDatedTag } from '../../tag-policy/as-of.ts';
import { tagPolicy } from '../../tag-policy/decision.ts';
import type { RuleMode } from '../../tag-policy/tag-rule.ts';
import type { Context } from '../context.ts';
import type { ManifestOutcome, Method, Provenance } from '../mirror.ts';
import { checkInBackground } from './background-check.ts';
import { serveFirst } from './candidate-answer.ts';
import { candidatesOf, imageOf, latestOnly } from './candidates.ts';
import type { KnownPolicy } from './known-policy.ts';
import { latestRecord, resolveLatest, ttlOf } from './resolve-latest.ts';
import { cachedPolicy, changeState, policyOf } from './tag-policies.ts';

/**
 * Serves a tag: what its upstream says that it names, unless a rule or a person decided otherwise
 * (functions/README.md, "Tags over time").
 */
export async function resolveTag(
  context: Context,
  source: Source,
  tag: string,
  method: Method,
  mustConfirm = false,
): Promise<ManifestOutcome> {
  const dated = source.policy.asOf ? parseDatedTag(tag) : undefined;
  if (dated !== undefined) return resolveDated(context, source, dated, method);
  const cached = cachedPolicy(context, source, tag);
  if (cached?.isPlain) {
    return resolveLatest(context, source, tag, method, mustConfirm, latestOnly);
  }
  // Both are read at the same time.
  const reading = latestRecord(context, source, tag, mustConfirm);
  const known = cached ?? (await policyOf(context, source, tag));
  if (known.isPlain) {
    return resolveLatest(context, source, tag, method, mustConfirm, latestOnly, reading);
  }
  return resolveByPolicy(context, source, tag, method, mustConfirm, known, reading);
}

async function resolveByPolicy(
  context: Context,
  source: Source,
  tag: string,
  method: Method,
  mustConfirm: boolean,
  known: KnownPolicy,
  reading: Promise<TagRecord | undefined>,
): Promise<ManifestOutcome> {
  const { rules, state } = known;
  const now = context.runtime.now();
  const decision = known.order.of(undefined, now, () =>
    tagPolicy(undefined, state, rules, { now }),
  );
  if (decision.kind === 'refuse') {
    report(context, source, tag, decision.reason, 'enforce');
    return { kind: 'refused', policy: decision.reason };
  }
  const { kind } = decision.reason;
  if (decision.kind === 'serve' && decision.digest !== undefined && isOrder(kind)) {
    await observe(context, source, tag, reading);
    return serveDecided(context, source, decision.digest, decision.reason, method);
  }
  let observed: PolicyReason | undefined =
    decision.kind === 'serve' ? decision.observed : undefined;
  const outcome = await resolveLatest(
    context,
    source,
    tag,
    method,
    mustConfirm,
    (record) => {
      // A check may have noted a move.
      const hasMoved = record.changed >= known.read;
      const latest = hasMoved ? (cachedPolicy(context, source, tag) ?? known) : known;
      const candidates = candidatesOf(record, latest, context.runtime.now());
      observed = candidates.observed;
      return candidates;
    },
    reading,
  );
  const reason = outcome.kind === 'found' || outcome.kind === 'held' ? outcome.policy : undefined;
  if (reason !== undefined) report(context, source, tag, reason, 'enforce');
  else if (observed !== undefined) report(context, source, tag, observed, 'observe');
  const { freeze } = rules;
  if (outcome.kind !== 'found' || freeze?.freeze !== true) return outcome;
  return freezeFirst(context, source, tag, freeze.match.text, outcome, method);
}

/** How often an instance warns of a tag that always moves too soon, in ms. */
const stuckInterval = 86_400_000;

/** Counts what rules did, or would have done. */
function report(
  { memory, runtime }: Context,
  { key, repository: { registry } }: Source,
  tag: string,
  reason: PolicyReason,
  mode: RuleMode,
): void {
  runtime.observe({ kind: 'tag-policy', registry, repository: key, tag, mode, reason });
  if (reason.kind !== 'cooling' || reason.stuckSince === undefined) return;
  const name = `${key}:${tag}`;
  if (memory.stuckTags.get(name)) return;
  memory.stuckTags.set(name, true, stuckInterval);
  const since = new Date(reason.stuckSince).toISOString();
  const { rule } = reason;
  runtime.observe({ kind: 'tag-stuck', registry, repository: key, tag, since, rule });
}

/** Whether a rule or a person named the digest, whatever the upstream says. */
function isOrder(kind: PolicyReason['kind']): boolean {
  return kind === 'rolled-back' || kind === 'frozen' || kind === 'frozen-by-rule';
}

/**
 * Stores the digest that a rule `"freeze": true` saw first, for all instances. If another instance stored
 * one meanwhile, that is served. While the index fails, the tag is served as it is now.
 */
async function freezeFirst(
  context: Context,
  source: Source,
  tag: string,
  rule: string,
  outcome: Extract<ManifestOutcome, { kind: 'found' }>,
  method: Method,
): Promise<ManifestOutcome> {
  const { digest } = outcome;
  const since = context.runtime.now();
  try {
    const { state } = await changeState(context, source, tag, (before) =>
      before.ruleFreeze?.rule === rule
        ? undefined
        : { ...before, ruleFreeze: { rule, digest, since } },
    );
    const frozen = state.ruleFreeze?.digest ?? digest;
    const policy = { kind: 'frozen-by-rule', digest: frozen, rule } as const;
    if (frozen === digest) return { ...outcome, policy };
    return serveDecided(context, source, frozen, policy, method);
  } catch (error) {
    const reason = reasonOf(error);
    context.runtime.observe({ kind: 'store-failed', operation: 'putTagState', reason });
    return outcome;
  }
}

/** Serves what a tag named at a date. The upstream is not asked about the tag. */
async function resolveDated(
  context: Context,
  source: Source,
  { tag, moment }: { readonly tag: string; readonly moment: number | undefined },
  method: Method,
): Promise<ManifestOutcome> {
  const [known, record] = await Promise.all([
    policyOf(context, source, tag),
    latestRecord(context, source, tag, false),
  ]);
  const now = context.runtime.now();
  const asOf = moment ?? Number.NEGATIVE_INFINITY;
  const decision = tagPolicy(record, known.state, known.rules, { now, asOf });
  if (decision.kind !== 'serve' || decision.digest === undefined) {
    return { kind: 'refused', policy: decision.reason };
  }
  return serveDecided(context, source, decision.digest, decision.reason, method);
}

/** Serves a digest that does not depend on what the upstream says of the tag. */
function serveDecided(
  context: Context,
  source: Source,
  digest: Digest,
  reason: PolicyReason,
  method: Method,
): Promise<ManifestOutcome> {
  const images = [imageOf(digest, undefined, reason)];
  const provenance: Provenance = { kind: 'hit', ttl: Math.ceil(source.policy.tagTtl / 1000) };
  return serveFirst(context, source, { images }, method, provenance);
}

/** The upstream is still asked what a frozen tag names, after the answer, so that people can see it. */
async function observe(
  context: Context,
  source: Source,
  tag: string,
  reading: Promise<TagRecord | undefined>,
): Promise<void> {
  const record = await reading;
  if (record === undefined) return;
  if (ttlOf(source.policy, tag, record, context.runtime.now()) > 0) return;
  checkInBackground(context, source, tag, record);
}
