import { type Repository, repositoryOf } from '../../oci/repository.ts';
import type { Source } from '../../sources/source.ts';
import { isCurrent } from '../../tag-policy/cooldown.ts';
import { acquireLease } from '../across-instances.ts';
import type { Context } from '../context.ts';
import { checkTagUnlessElsewhere } from './check-tag.ts';
import type { PinnedTag } from './known-policy.ts';
import { latestRecord, ttlOf } from './resolve-latest.ts';

/** How many rows of the index are read at once. */
const pageSize = 200;

/** The time between two checks, in ms: each costs a HEAD, and a tag that moved a GET. */
const pause = 100;

/** The shortest time between two rounds, in ms. */
const shortestInterval = 60_000;

/** How long this instance remembers which tags people pinned, in ms: it finds them by reading all states. */
const searchLife = 3_600_000;

/** How often tags are to be confirmed, in ms: the shortest `tagTtl` of a registry with pins, if there is one. */
function pinInterval({ sources }: Context, pinned: readonly PinnedTag[]): number | undefined {
  let shortest: number | undefined;
  for (const [registry, { keep, tagTtl }] of sources.policies) {
    const hasPins =
      keep.pins.length > 0 || pinned.some(({ repository }) => repository.registry === registry);
    if (hasPins) shortest = Math.max(shortestInterval, Math.min(tagTtl, shortest ?? tagTtl));
  }
  return shortest;
}

/**
 * Has the upstreams confirm the pinned tags whose time is up, so that they are fresh although nobody pulls
 * them. One instance does it in each interval, until `until` (ms since 1970). Does not reject.
 */
export async function confirmPins(
  context: Context,
  until = Number.POSITIVE_INFINITY,
): Promise<void> {
  const { memory, runtime, sources, stopping } = context;
  if (memory.pinRounds.get('all')) return;
  const mayContinue = () => !stopping.aborted && runtime.now() < until;
  const pinned = memory.pinnedTags.get('all') ?? (await findPinned(context, mayContinue));
  const interval = pinInterval(context, pinned);
  if (interval === undefined) return;
  memory.pinRounds.set('all', true, interval);
  // Never released: it is the turn of this interval.
  if ((await acquireLease(context, 'pins', interval)) === undefined) return;
  for (const [registry, { keep }] of sources.policies) {
    if (keep.pins.length === 0) continue;
    for await (const repository of repositoriesOf(context, registry)) {
      if (!mayContinue()) return;
      if (!keep.pins.some((pin) => pin.mayMatch(repository.name))) continue;
      if (!(await confirmRepository(context, repository, mayContinue))) break;
    }
  }
  for (const { repository, tag, until: end } of pinned) {
    if (!mayContinue()) return;
    const isPinned =
      isCurrent({ until: end }, runtime.now()) && sources.policies.has(repository.registry);
    if (isPinned)
      await confirmTag(context, context.sources.of(repository, { isBackground: true }), tag);
  }
}

/** The tags that people pinned. What it found is kept in memory if it could read everything. */
async function findPinned(
  context: Context,
  mayContinue: () => boolean,
): Promise<readonly PinnedTag[]> {
  const pinned: PinnedTag[] = [];
  for (const registry of context.sources.policies.keys()) {
    for await (const repository of repositoriesOf(context, registry)) {
      if (!mayContinue()) return pinned;
      for (const { tag, state } of (await context.manifests.listTagStates(repository)) ?? []) {
        if (state.pinned !== undefined) pinned.push({ repository, tag, until: state.pinned.until });
      }
    }
  }
  context.memory.pinnedTags.set('all', pinned, searchLife);
  return pinned;
}

/** The known repositories of a registry, read page by page. Ends early if the index fails. */
export async function* repositoriesOf(
  { manifests }: Context,
  registry: string,
): AsyncGenerator<Repository> {
  let last: string | undefined;
  do {
    const page = await manifests.listRepositories({ limit: pageSize, last }, registry);
    for (const key of page?.entries ?? []) yield repositoryOf(key);
    last = page?.next;
  } while (last !== undefined);
}

/** Confirms the pinned tags of one repository. False if its registry must be left alone. */
async function confirmRepository(
  context: Context,
  repository: Repository,
  mayContinue: () => boolean,
): Promise<boolean> {
  const source = context.sources.of(repository, { isBackground: true });
  const { keep } = source.policy;
  for (const tag of await tagsOf(context, repository)) {
    if (!keep.pins.some((pin) => pin.test(repository.name, tag))) continue;
    if (!mayContinue() || source.recentFailure !== undefined) return false;
    await confirmTag(context, source, tag);
  }
  return true;
}

/** Confirms a tag that is out of date, unless its registry must be left alone. */
async function confirmTag(context: Context, source: Source, tag: string): Promise<void> {
  if (source.recentFailure !== undefined) return;
  const record = await latestRecord(context, source, tag, false);
  const now = context.runtime.now();
  if (record === undefined || ttlOf(source.policy, tag, record, now) > 0) return;
  // The source notes why a check failed.
  await checkTagUnlessElsewhere(context, source, tag, record).catch(() => undefined);
  await context.runtime.sleep(pause);
}

async function tagsOf({ manifests }: Context, repository: Repository): Promise<readonly string[]> {
  const page = await manifests.listTags(repository, { limit: undefined, last: undefined });
  return page?.entries ?? [];
}
