import type { Digest } from '../../oci/digest.ts';
import type { PolicyReason } from '../../ports/policy-reason.ts';
import type { Source } from '../../sources/source.ts';
import { tagPolicy } from '../../tag-policy/decision.ts';
import { platformRule } from '../../tag-policy/platform-rule.ts';
import type { RuleMode } from '../../tag-policy/tag-rule.ts';
import type { Context } from '../context.ts';
import { manifestKey } from '../manifests/manifest-cache.ts';
import type { ManifestOutcome } from '../mirror.ts';
import { isObtainable } from './obtainable.ts';
import { latestRecord } from './resolve-latest.ts';
import { imagesOf, isInServed, isServed, parentsOf } from './tag-images.ts';
import { policyOf } from './tag-policies.ts';

export { noteServed } from './tag-images.ts';

/**
 * Why a manifest must not be pulled by its digest; undefined if it may: a rule denies its platform in every
 * index that leads to it, or a strict cooldown holds it and no tag is served as it.
 */
export async function refusalOfDigest(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<ManifestOutcome | undefined> {
  const bound = source.policy.tags.filter(({ match }) => match.mayMatch(source.repository.name));
  if (bound.some(({ platforms }) => platforms !== undefined)) {
    const denied = await deniedPlatform(context, source, digest);
    if (denied !== undefined) return { kind: 'refused', policy: denied };
  }
  if (bound.some(({ cooldown }) => cooldown?.strict)) {
    const held = await heldDigest(context, source, digest);
    if (held !== undefined) return { kind: 'held', policy: held };
  }
  return undefined;
}

interface Found {
  readonly tag: string;
  readonly reason: PolicyReason;
  readonly mode: RuleMode;
}

async function deniedPlatform(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<PolicyReason | undefined> {
  const { policy, repository } = source;
  const verdict = async (isFresh: boolean): Promise<Found | undefined> => {
    const images = await imagesOf(context, source, digest, isFresh);
    // A digest that a tag is served as is more than an image in an index.
    if (isServed(images, digest, context.runtime.now())) return undefined;
    const found: Found[] = [];
    for (const { platform, tags } of parentsOf(images, digest)) {
      if (platform === '') return undefined;
      for (const tag of tags) {
        const rule = platformRule(policy.tags, repository.name, tag, platform);
        if (rule?.access !== 'deny') return undefined;
        const reason = { kind: 'platform', rule: rule.match.text, platform } as const;
        found.push({ tag, reason, mode: rule.mode });
      }
    }
    return found.find(({ mode }) => mode === 'observe') ?? found[0];
  };
  // Another tag may lead to it by now.
  const found = (await verdict(false)) && (await verdict(true));
  return found && reported(context, source, found);
}

async function heldDigest(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<PolicyReason | undefined> {
  const noted = context.memory.taggedDigests.get(manifestKey(source.repository, digest));
  const { named } = await imagesOf(context, source, digest);
  const tags = new Set([...(noted === undefined ? [] : [noted]), ...(named.get(digest) ?? [])]);
  let held: Found | undefined;
  for (const tag of tags) {
    const found = await heldByTag(context, source, tag, digest);
    if (found === 'served') return undefined;
    held = found?.mode === 'observe' ? found : (held ?? found);
  }
  if (held === undefined) return undefined;
  if (held.mode === 'enforce') {
    // A mature image may be, or have, the same manifest.
    const images = await imagesOf(context, source, digest, true);
    if (!images.isKnown || isInServed(images, digest)) return undefined;
    if (isServed(images, digest, context.runtime.now())) return undefined;
  }
  return reported(context, source, held);
}

/** What a tag that names a digest says of it. */
async function heldByTag(
  context: Context,
  source: Source,
  tag: string,
  digest: Digest,
): Promise<Found | 'served' | undefined> {
  const [record, { rules, state }] = await Promise.all([
    latestRecord(context, source, tag, false),
    policyOf(context, source, tag),
  ]);
  if (record?.digest !== digest) return undefined;
  const decision = tagPolicy(record, state, rules, { now: context.runtime.now() });
  const isStrict = rules.cooldown?.cooldown?.strict === true;
  if (decision.kind === 'hold') {
    return isStrict ? { tag, reason: decision.reason, mode: 'enforce' } : undefined;
  }
  if (decision.kind === 'refuse') return undefined;
  const { observed } = decision;
  if (decision.digest === digest || decision.digest === undefined) {
    const isCooling = observed?.kind === 'cooling' || observed?.kind === 'none-mature';
    return isStrict && isCooling ? { tag, reason: observed, mode: 'observe' } : 'served';
  }
  if (decision.reason.kind !== 'cooling' || !isStrict) return undefined;
  if (decision.otherwise === 'latest' && !(await isObtainable(context, source, decision.digest))) {
    return 'served';
  }
  return { tag, reason: decision.reason, mode: 'enforce' };
}

/** Counts what a rule did or would have done; the reason if it did. */
function reported(
  { runtime }: Context,
  { key, repository: { registry } }: Source,
  { tag, reason, mode }: Found,
): PolicyReason | undefined {
  runtime.observe({ kind: 'tag-policy', registry, repository: key, tag, mode, reason });
  return mode === 'enforce' ? reason : undefined;
}
