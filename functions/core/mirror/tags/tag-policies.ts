import { emptyTagState } from '../../ports/tag-state-text.ts';
import type { StoredTagState, TagState } from '../../ports/tag-states.ts';
import type { Source } from '../../sources/source.ts';
import type { TagDecision } from '../../tag-policy/decision.ts';
import { rulesOf } from '../../tag-policy/tag-rule.ts';
import type { Context } from '../context.ts';
import type { Candidates } from './candidate.ts';
import { type KnownPolicy, Recent } from './known-policy.ts';

/** How long a tag's state is used from memory where other instances may change it, in ms. */
const stateLife = 15_000;

/** The same where this process alone writes, but an index may be restored or repaired. */
const ownStateLife = 60_000;

/** The policy of a tag from memory, if it was read a moment ago. */
export function cachedPolicy(
  { memory, runtime, missingBlobs }: Context,
  { key, policy }: Source,
  tag: string,
): KnownPolicy | undefined {
  const known = memory.tagPolicies.get(`${key}:${tag}`);
  if (known?.configured !== policy.tags) return undefined;
  const life = missingBlobs.otherInstancesFill ? stateLife : ownStateLife;
  const age = runtime.now() - known.read;
  return age >= 0 && age < life ? known : undefined;
}

/**
 * The policy of a tag. While the index cannot be read, what was last known applies: a decision of a
 * person is not forgotten because of a failure.
 */
export async function policyOf(
  context: Context,
  source: Source,
  tag: string,
): Promise<KnownPolicy> {
  const cached = cachedPolicy(context, source, tag);
  if (cached !== undefined) return cached;
  const stored = await context.attempt.manifests.getTagState(source.repository, tag, 'eventual');
  if (stored === 'failed' || stored === 'busy') {
    const last = context.memory.tagPolicies.get(`${source.key}:${tag}`);
    return knownPolicy(context, source, tag, last);
  }
  return keepPolicy(context, source, tag, stored);
}

/** Keeps in memory what was just read or written. */
export function keepPolicy(
  context: Context,
  source: Source,
  tag: string,
  stored: StoredTagState | undefined,
): KnownPolicy {
  const known = knownPolicy(context, source, tag, stored);
  context.memory.tagPolicies.set(`${source.key}:${tag}`, known);
  return known;
}

function knownPolicy(
  { runtime }: Context,
  { policy, repository }: Source,
  tag: string,
  stored: Pick<KnownPolicy, 'state' | 'revision' | 'isNewer'> | undefined,
): KnownPolicy {
  const rules = rulesOf(policy.tags, repository.name, tag);
  const { state = emptyTagState, revision, isNewer = false } = stored ?? {};
  const { frozen, rolledBack } = state;
  const { access, freeze, cooldown } = rules;
  const isRuled =
    access?.access === 'deny' || freeze !== undefined || (cooldown?.cooldown?.age ?? 0) > 0;
  const isPlain = !isRuled && frozen === undefined && rolledBack === undefined;
  const read = runtime.now();
  const recent = { order: new Recent<TagDecision>(), candidates: new Recent<Candidates>() };
  return { rules, state, revision, isNewer, read, configured: policy.tags, isPlain, ...recent };
}

/** How often a change is tried again because another instance wrote meanwhile. */
const mostAttempts = 5;

/**
 * Changes a tag's state, read again if `isFresh`; `change` returns undefined to leave it. Resolves to the policy then, and rejects
 * if the index fails, or if a later version of this software wrote the state.
 */
export async function changeState(
  context: Context,
  source: Source,
  tag: string,
  change: (state: TagState) => TagState | undefined,
  isFresh = false,
): Promise<KnownPolicy> {
  const { manifests } = context.ports;
  const { repository } = source;
  let known = isFresh ? undefined : cachedPolicy(context, source, tag);
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    known ??= keepPolicy(context, source, tag, await manifests.getTagState(repository, tag));
    const state = change(known.state);
    if (state === undefined) return known;
    if (known.isNewer) throw new Error(newerState);
    if (await manifests.putTagState(repository, tag, state, known.revision)) {
      const revision = (known.revision ?? 0) + 1;
      return keepPolicy(context, source, tag, { state, revision, isNewer: false });
    }
    known = undefined;
  }
  throw new Error('other instances keep changing the state of the tag');
}

const newerState = 'a later version wrote the state of the tag; update this instance';
