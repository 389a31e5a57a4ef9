import { withTimeout } from '../../concurrency/timeout.ts';
import type { TagRecord } from '../../ports/manifest-store.ts';
import type { TagState } from '../../ports/tag-states.ts';
import { reasonOf } from '../../ports/tolerate.ts';
import type { Source } from '../../sources/source.ts';
import { tagPolicy } from '../../tag-policy/decision.ts';
import { historyOf, withSighting } from '../../tag-policy/history.ts';
import type { Context } from '../context.ts';
import type { CheckedTag } from './checked-tag.ts';
import { changeState, policyOf } from './tag-policies.ts';
import { refusalOf } from './tag-record.ts';

/**
 * Notes in a tag's history what the upstream named just now (`now` in ms since 1970), before the record
 * says it: a cooldown must not lose the digest that it serves. Does not reject: while the index fails, the
 * next check notes it. Resolves to the record before.
 */
export async function noteSighting(
  context: Context,
  { source, tag, known, seenBy }: CheckedTag,
  digest: TagRecord['digest'],
  now: number,
): Promise<TagRecord | undefined> {
  const { rules, state: before } = await policyOf(context, source, tag);
  const cooldown = rules.cooldown?.cooldown;
  const isReturn = known !== undefined && refusalOf(known)?.isConfirmed === true;
  const isSame = known?.digest === digest && !isReturn;
  if (isSame && cooldown === undefined) return known;
  try {
    // How long a digest stood depends on what the other instances saw, so it is read again.
    const isFresh = cooldown !== undefined;
    const [newest] = historyOf(known, before);
    // Once for each digest, whether there is an answer or not.
    const isAsked = newest?.digest === digest && newest.pushed !== undefined && !isReturn;
    const pushed =
      cooldown?.clock === 'hub' && cooldown.age > 0 && !isAsked
        ? await pushTime(source, tag, digest)
        : undefined;
    const sighting = { digest, now, seenBy, isReturn, cooldown, pushed };
    const { manifests } = context.ports;
    const latest = isFresh ? await manifests.getTag(source.repository, tag, 'strong') : known;
    const change = (state: TagState) => withSighting(state, latest, sighting);
    await changeState(context, source, tag, change, isFresh);
    return latest;
  } catch (error) {
    const reason = reasonOf(error);
    context.runtime.observe({ kind: 'store-failed', operation: 'putTagState', reason });
    return known;
  }
}

/** How long a client waits for the registry's clock, in ms. */
const clockPatience = 1_000;

/** When the registry says that a tag was pushed. Does not reject: the first sighting counts then. */
async function pushTime(
  source: Source,
  tag: string,
  digest: TagRecord['digest'],
): Promise<{ readonly at: number | undefined }> {
  try {
    const asking = source.pushTime?.(source.name, tag, digest);
    return { at: asking && (await withTimeout(clockPatience, asking)) };
  } catch {
    return { at: undefined };
  }
}

/** Whether clients would get the digest of this record, so that its manifest is needed now. */
export async function isServedNow(
  context: Context,
  { source, tag }: Pick<CheckedTag, 'source' | 'tag'>,
  record: TagRecord,
): Promise<boolean> {
  const { rules, state, isPlain } = await policyOf(context, source, tag);
  if (isPlain) return true;
  const decision = tagPolicy(record, state, rules, { now: context.runtime.now() });
  return decision.kind === 'serve' && decision.digest === record.digest;
}
