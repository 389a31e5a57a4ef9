import type { TagRecord } from '../../ports/manifest-store.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import { manifestOutcome } from '../manifests/manifest-cache.ts';
import type { ManifestOutcome } from '../mirror.ts';
import { type CandidatesOf, withPolicy } from './candidates.ts';
import { checkTagUnlessElsewhere } from './check-tag.ts';
import { lastImage } from './last-image.ts';
import { refusalOf } from './tag-record.ts';

/** If a check takes longer than this, later clients wait for the upstream as usual. In ms. */
const longestCheck = 2_000;

/** How long a failed or unfinished check is remembered, in ms. */
const noteLife = 3_600_000;

/**
 * How long a platform that freezes between requests waits for a check, in ms: a frozen one ends with the
 * instance's next request, which may be hours later.
 */
const awakeTime = 1_000;

/**
 * Serves the last known image of a tag whose time is up, and checks the tag after the answer. Undefined if
 * the policy or the image does not allow that, or if the last such check failed or hangs: then the
 * upstream must be asked before the answer, so that an image never stays out of date without a Warning.
 */
export async function serveBehind(
  context: Context,
  source: Source,
  tag: string,
  candidatesOf: CandidatesOf,
  record: TagRecord | undefined,
): Promise<ManifestOutcome | undefined> {
  const { revalidate, maxStale, tagTtl } = source.policy;
  if (revalidate !== 'behind' || record === undefined) return undefined;
  const now = context.runtime.now();
  const age = now - record.checked;
  // A record from the future is not trusted: the clock was set back.
  if (age < 0 || age > maxStale || refusalOf(record) !== undefined) return undefined;
  const began = context.memory.backgroundChecks.get(`${source.key}:${tag}`);
  if (began !== undefined && now - began > longestCheck) return undefined;
  for (const image of candidatesOf(record).images) {
    const cached = await lastImage(context, source, image);
    if (cached === undefined) continue;
    context.runtime.waitUntil(checkBehind(context, source, tag, record), awakeTime);
    const ttl = Math.min(0, Math.floor((tagTtl - age) / 1000));
    return withPolicy(manifestOutcome(cached, { kind: 'revalidating', ttl }), image.policy);
  }
  return undefined;
}

/** Checks a tag that no client waits for, in the background. */
export function checkInBackground(
  context: Context,
  source: Source,
  tag: string,
  record: TagRecord,
): void {
  context.runtime.waitUntil(checkBehind(context, source, tag, record), awakeTime);
}

/** Checks a tag that no client waits for. Does not reject. */
async function checkBehind(
  context: Context,
  { key: repository, repository: { registry, name } }: Source,
  tag: string,
  record: TagRecord,
): Promise<void> {
  const { backgroundChecks } = context.memory;
  const key = `${repository}:${tag}`;
  if (backgroundChecks.get(key) === undefined) {
    backgroundChecks.set(key, context.runtime.now(), noteLife);
  }
  // Not the client's source: its request may end before the check does.
  const source = context.sources.of({ registry, name }, { isBackground: true });
  try {
    const checked = await checkTagUnlessElsewhere(context, source, tag, record);
    if (checked?.kind !== 'unobtainable') return backgroundChecks.delete(key);
  } catch {
    // The source noted why.
  }
  backgroundChecks.set(key, Number.NEGATIVE_INFINITY, noteLife);
}
