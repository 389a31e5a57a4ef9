import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import { cooled, movingSince } from '../../tag-policy/cooldown.ts';
import { historyOf } from '../../tag-policy/history.ts';
import { type Cooldown, rulesOf, type TagRule } from '../../tag-policy/tag-rule.ts';
import type { Context } from '../context.ts';
import { repositoriesOf } from './pinned-tags.ts';

/** A tag that moves before any of its digests has stood for its cooldown. */
export interface StuckTag {
  readonly repository: Repository;
  readonly tag: string;
  /** The rule's `match`. */
  readonly rule: string;
  readonly mode: TagRule['mode'];
  /** In ms. */
  readonly cooldown: number;
  /** Since when, in ms since 1970. */
  readonly since: number;
  /** What the rule serves; undefined: nothing is old enough. */
  readonly served: Digest | undefined;
  readonly newest: Digest;
}

/**
 * The tags that have moved too soon for longer than their cooldown, the longest first. Reads all states of
 * tags in repositories with a cooldown. Rejects if the index fails.
 */
export async function stuckTags(context: Context): Promise<readonly StuckTag[]> {
  const stuck: StuckTag[] = [];
  for (const [registry, { tags }] of context.sources.policies) {
    const cooldowns = tags.filter(({ cooldown }) => cooldown !== undefined && cooldown.age > 0);
    if (cooldowns.length === 0) continue;
    for await (const repository of repositoriesOf(context, registry)) {
      if (!cooldowns.some(({ match }) => match.mayMatch(repository.name))) continue;
      for (const one of await stuckIn(context, repository, tags)) stuck.push(one);
    }
  }
  return stuck.sort((a, b) => a.since - b.since);
}

async function stuckIn(
  { ports: { manifests }, runtime }: Context,
  repository: Repository,
  tags: readonly TagRule[],
): Promise<readonly StuckTag[]> {
  const stuck: StuckTag[] = [];
  const now = runtime.now();
  // A tag without a state never moved.
  for (const { tag, state } of await manifests.listTagStates(repository)) {
    const { cooldown: rule } = rulesOf(tags, repository.name, tag);
    const cooldown: Cooldown | undefined = rule?.cooldown;
    if (rule === undefined || cooldown === undefined || cooldown.age === 0) continue;
    const runs = historyOf(await manifests.getTag(repository, tag, 'eventual'), state);
    const since = movingSince(runs, cooldown);
    if (since === undefined || now - since <= cooldown.age) continue;
    const { held, digest: served } = cooled(runs, state, cooldown, now);
    if (held === undefined) continue;
    const { match, mode } = rule;
    const { age } = cooldown;
    const { digest: newest } = held;
    stuck.push({ repository, tag, rule: match.text, mode, cooldown: age, since, served, newest });
  }
  return stuck;
}
