import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import { repositoryKey } from '../../oci/repository.ts';
import type { AuditAction } from '../../ports/audit-log.ts';
import { mostBypasses, type TagOrder, type TagRun, type TagState } from '../../ports/tag-states.ts';
import type { Source } from '../../sources/source.ts';
import { historyOf } from '../../tag-policy/history.ts';
import type { Context } from '../context.ts';
import { getManifest } from '../manifests/manifest-cache.ts';
import type { KnownPolicy } from './known-policy.ts';
import { latestRecord } from './resolve-latest.ts';
import { changeState, policyOf } from './tag-policies.ts';

/** Who decides, and why. Both are shown to everybody who may see the image. */
export interface Decider {
  readonly by: string;
  readonly why: string;
  /** When the decision ends, in ms since 1970; undefined: by another decision. */
  readonly until?: number | undefined;
}

/** A tag of a repository. */
export interface NamedTag {
  readonly repository: Repository;
  readonly tag: string;
}

/** A decision that cannot be carried out; the message says why, for people. */
export class OrderRefused extends Error {
  override readonly name = 'OrderRefused';
}

/** Makes a tag keep a digest: by default the one that it names now. */
export async function freeze(
  context: Context,
  named: NamedTag,
  decider: Decider,
  digest?: Digest,
): Promise<TagOrder> {
  const source = sourceOf(context, named);
  const record = await latestRecord(context, source, named.tag, false);
  const kept = digest ?? record?.digest;
  if (kept === undefined) {
    throw new OrderRefused(`${nameOf(named)} was never pulled here: say which digest it keeps`);
  }
  const frozen = orderOf(context, kept, decider);
  await carryOut(context, source, named, 'freeze', frozen, (state) => ({ ...state, frozen }));
  return frozen;
}

/**
 * Ends a freeze or a rollback of a person, so that the tag names what its upstream says. A freeze in the
 * configuration stays.
 */
export async function thaw(context: Context, named: NamedTag, decider: Decider): Promise<void> {
  const source = sourceOf(context, named);
  const order = { ...orderOf(context, undefined, decider) };
  await carryOut(context, source, named, 'thaw', order, (state) => {
    if (state.frozen === undefined && state.rolledBack === undefined) {
      throw new OrderRefused(`${nameOf(named)} is neither frozen nor rolled back by a person`);
    }
    return { ...state, frozen: undefined, rolledBack: undefined };
  });
}

/** Has a tag name an earlier digest: by default the one before the present one. */
export async function rollBack(
  context: Context,
  named: NamedTag,
  decider: Decider,
  digest?: Digest,
): Promise<TagOrder> {
  const source = sourceOf(context, named);
  const runs = await historyOfTag(context, named);
  const earlier = digest ?? runs.find((run) => run.digest !== runs[0]?.digest)?.digest;
  if (earlier === undefined) {
    throw new OrderRefused(`${nameOf(named)} has named no other digest here: say which one`);
  }
  const rolledBack = orderOf(context, earlier, decider);
  await carryOut(context, source, named, 'rollback', rolledBack, (state) => ({
    ...state,
    rolledBack,
  }));
  return rolledBack;
}

/** Lets one digest pass the cooldown of a tag. */
export async function bypass(
  context: Context,
  named: NamedTag,
  digest: Digest,
  decider: Decider,
): Promise<void> {
  const order = orderOf(context, digest, decider);
  await carryOut(context, sourceOf(context, named), named, 'bypass', order, (state) => {
    const others = state.bypassed.filter((one) => one.digest !== digest);
    return { ...state, bypassed: [order, ...others].slice(0, mostBypasses) };
  });
}

/** Keeps the images of a tag from eviction. */
export async function pin(context: Context, named: NamedTag, decider: Decider): Promise<void> {
  const { by, why, since, until } = orderOf(context, undefined, decider);
  const pinned = { by, why, since, until };
  await carryOut(context, sourceOf(context, named), named, 'pin', pinned, (state) => ({
    ...state,
    pinned,
  }));
  context.memory.pinnedTags.delete('all');
}

/** Ends a pin of a person. A pin in the configuration stays. */
export async function unpin(context: Context, named: NamedTag, decider: Decider): Promise<void> {
  const order = orderOf(context, undefined, decider);
  await carryOut(context, sourceOf(context, named), named, 'unpin', order, (state) => ({
    ...state,
    pinned: undefined,
  }));
  context.memory.pinnedTags.delete('all');
}

/** A digest of a tag's history, and whether its manifest is still stored. */
export interface HistoryEntry extends TagRun {
  readonly isStored: boolean;
}

/** What a tag named over time, newest first. */
export async function tagHistory(
  context: Context,
  named: NamedTag,
): Promise<readonly HistoryEntry[]> {
  const runs = await historyOfTag(context, named);
  return Promise.all(
    runs.map(async (run) => {
      const stored = await getManifest(context, named.repository, run.digest, 'eventual');
      return { ...run, isStored: stored !== undefined };
    }),
  );
}

async function historyOfTag(context: Context, named: NamedTag): Promise<readonly TagRun[]> {
  const source = sourceOf(context, named);
  const { state } = await policyOf(context, source, named.tag);
  return historyOf(await latestRecord(context, source, named.tag, false), state);
}

function sourceOf(context: Context, { repository }: NamedTag): Source {
  return context.sources.of(repository, { isBackground: true });
}

function nameOf({ repository, tag }: NamedTag): string {
  return `${repositoryKey(repository)}:${tag}`;
}

function orderOf<Named extends Digest | undefined>(
  { runtime }: Context,
  digest: Named,
  { by, why, until }: Decider,
) {
  const since = runtime.now();
  if (until !== undefined && until <= since) throw new OrderRefused('it would end in the past');
  return { digest, by, why, since, until };
}

/** Changes the tag's state, then says so in the audit log: an entry never lacks its change. */
async function carryOut(
  context: Context,
  source: Source,
  named: NamedTag,
  action: AuditAction,
  order: Omit<TagOrder, 'digest'> & { readonly digest?: Digest | undefined },
  change: (state: TagState) => TagState,
): Promise<KnownPolicy> {
  const known = await changeState(context, source, named.tag, change);
  const { digest, by, why, since, until } = order;
  const repository = repositoryKey(named.repository);
  await context.ports.manifests.putAuditEntry({
    at: since,
    action,
    by,
    why,
    repository,
    tag: named.tag,
    digest,
    until,
  });
  return known;
}
