import { type Repository, repositoryOf } from '../../oci/repository.ts';
import { acquireLease } from '../across-instances.ts';
import type { Context } from '../context.ts';
import { checkTagUnlessElsewhere } from './check-tag.ts';
import { latestRecord, ttlOf } from './resolve-latest.ts';

/** How many rows of the index are read at once. */
const pageSize = 200;

/** The time between two checks, in ms: each costs a HEAD, and a tag that moved a GET. */
const pause = 100;

/** The shortest time between two rounds, in ms. */
const shortestInterval = 60_000;

/**
 * How often pinned tags are to be confirmed, in ms: the shortest `tagTtl` of a registry with pins. Undefined
 * if the configuration pins nothing.
 */
export function pinInterval({ sources }: Context): number | undefined {
  let shortest: number | undefined;
  for (const { keep, tagTtl } of sources.policies.values()) {
    if (keep.pins.length === 0) continue;
    shortest = Math.max(shortestInterval, Math.min(tagTtl, shortest ?? tagTtl));
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
  const interval = pinInterval(context);
  if (interval === undefined || context.memory.pinRounds.get('all')) return;
  context.memory.pinRounds.set('all', true, interval);
  // Never released: it is the turn of this interval.
  if ((await acquireLease(context, 'pins', interval)) === undefined) return;
  const mayContinue = () => !context.stopping.aborted && context.runtime.now() < until;
  for (const [registry, { keep }] of context.sources.policies) {
    if (keep.pins.length === 0) continue;
    for await (const repository of repositoriesOf(context, registry)) {
      if (!mayContinue()) return;
      if (!keep.pins.some((pin) => pin.mayMatch(repository.name))) continue;
      if (!(await confirmRepository(context, repository, mayContinue))) break;
    }
  }
}

async function* repositoriesOf(
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
  const now = context.runtime.now();
  for (const tag of await tagsOf(context, repository)) {
    if (!keep.pins.some((pin) => pin.test(repository.name, tag))) continue;
    if (!mayContinue() || source.recentFailure !== undefined) return false;
    const record = await latestRecord(context, source, tag, false);
    if (record === undefined || ttlOf(source.policy, tag, record, now) > 0) continue;
    // The source notes why a check failed.
    await checkTagUnlessElsewhere(context, source, tag, record).catch(() => undefined);
    await context.runtime.sleep(pause);
  }
  return true;
}

async function tagsOf({ manifests }: Context, repository: Repository): Promise<readonly string[]> {
  const page = await manifests.listTags(repository, { limit: undefined, last: undefined });
  return page?.entries ?? [];
}
