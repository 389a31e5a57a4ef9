import type { Digest } from '../../core/oci/digest.ts';
import { type Repository, repositoryKey } from '../../core/oci/repository.ts';
import type { Key } from './item.ts';

/*
 * The keys of the items. R is a repository, `docker.io/library/alpine`; D a digest. DynamoDB deletes
 * items after the time in their attribute `ttl`, in seconds since 1970.
 *
 * | item            | pk               | sk             | read by                                     |
 * |-----------------|------------------|----------------|---------------------------------------------|
 * | tag             | tag#R            | the tag        | GetItem; a list of tags is a Query          |
 * | gone tag        | gone             | R#tag          | Query                                       |
 * | manifest        | manifest#D       | R              | GetItem; those of a registry: a Query       |
 * | entry of a blob | entry#D          | R@D (manifest) | Query of one item: by R@, or by anyone      |
 * | member          | member#R         | D (manifest)   | Query of one item: has R a manifest?        |
 * | catalogue       | catalogue        | R              | Query                                       |
 * | pull            | pull             | time#D#R       | Query, oldest first                         |
 * | list            | list#R           | name[#version] | GetItem; a long one also a Query            |
 * | location        | location#R@D     | location       | GetItem                                     |
 * | hold            | hold#R           | D              | Query                                       |
 * | state of a tag  | tag-state#R      | the tag        | GetItem; those of a repository: a Query     |
 * | decision        | audit            | time#random    | Query, newest first                         |
 * | public          | public#R         | public         | BatchGetItem                                |
 * | lease           | lease#name       | lease          | UpdateItem; GetItem by waiting instances    |
 * | rate limit      | rate-limit       | account        | Query                                       |
 * | counters        | ledger           | counters       | GetItem                                     |
 * | usage           | usage#client     | month          | UpdateItem                                  |
 *
 * A partition allows 1,000 writes and 3,000 reads of 4 KB per second. Everything that pulls touch is
 * spread by digest, repository or lease. Three partitions are shared by all: `catalogue` (one write
 * per new manifest), `pull` (two per manifest and hour) and `rate-limit` (one per instance and 10 s).
 * They stay orders of magnitude below the limit, and the first two have to be ordered across all
 * repositories.
 *
 * Registries, repositories and tags contain neither `#` nor `@`, so no key is a prefix of another's.
 */

export function tagPartition(repository: Repository): string {
  return `tag#${repositoryKey(repository)}`;
}

export const gonePartition = 'gone';

/** Sorts by repository, then by tag: `#` sorts before all their characters. */
export function goneKey(repository: Repository, tag: string): Key {
  return { pk: gonePartition, sk: `${repositoryKey(repository)}#${tag}` };
}

export function manifestPartition(digest: Digest): string {
  return `manifest#${digest}`;
}

export function manifestItemKey(repository: string, digest: Digest): Key {
  return { pk: manifestPartition(digest), sk: repository };
}

export function entryPartition(blob: Digest): string {
  return `entry#${blob}`;
}

/** The prefix of the sort keys of a repository's entries for a blob. */
export function entryPrefix(repository: string): string {
  return `${repository}@`;
}

export function entryKey(repository: string, blob: Digest, manifest: Digest): Key {
  return { pk: entryPartition(blob), sk: `${entryPrefix(repository)}${manifest}` };
}

export function memberPartition(repository: string): string {
  return `member#${repository}`;
}

export const cataloguePartition = 'catalogue';

export const pullPartition = 'pull';

/** Zero-padded to this many digits, times sort correctly as strings; no Date needs more. */
const timeDigits = 16;

/** A sort key that begins with a time, in ms since 1970. */
export function timeKey(time: number, ...rest: readonly string[]): string {
  const digits = String(Math.max(0, Math.floor(time))).padStart(timeDigits, '0');
  return [digits, ...rest].join('#');
}

/** `pulled` in ms since 1970. */
export function pullKey(pulled: number, repository: string, digest: Digest): Key {
  return { pk: pullPartition, sk: timeKey(pulled, digest, repository) };
}

export function listPartition(repository: Repository): string {
  return `list#${repositoryKey(repository)}`;
}

export function locationKey(repository: Repository, digest: Digest): Key {
  return { pk: `location#${repositoryKey(repository)}@${digest}`, sk: 'location' };
}

export function holdPartition(repository: Repository): string {
  return `hold#${repositoryKey(repository)}`;
}

export function tagStatePartition(repository: Repository): string {
  return `tag-state#${repositoryKey(repository)}`;
}

/** People decide seldom, so that one partition is enough. */
export const auditPartition = 'audit';

/** The key of the note that a repository is public. */
export function publicKey(repository: string): Key {
  return { pk: `public#${repository}`, sk: 'public' };
}

/** The key of a lease. Names have at most 600 characters, keys at most 2,048 bytes. */
export function leaseKey(name: string): Key {
  return { pk: `lease#${name}`, sk: 'lease' };
}

export const rateLimitPartition = 'rate-limit';

export const countersKey: Key = { pk: 'ledger', sk: 'counters' };

/** What a client got in a month. An address has neither `#` nor `@`. */
export function usageKey(client: string, month: string): Key {
  return { pk: `usage#${client}`, sk: month };
}

/** What names spent of accounts' limits on a day. */
export function spendingPartition(day: string): string {
  return `spending#${day}`;
}

/**
 * The partitions that an instance which fills nothing writes, as patterns of IAM: all but those of
 * blobs, which decide what clients are redirected to in the bucket.
 *
 * @public infra/aws makes a role of them.
 */
export const pullPartitions = [
  'tag#*',
  gonePartition,
  'manifest#*',
  'entry#*',
  'member#*',
  cataloguePartition,
  pullPartition,
  'list#*',
  'location#*',
  'hold#*',
  'tag-state#*',
  'lease#*',
  rateLimitPartition,
  countersKey.pk,
  'spending#*',
  'usage#*',
] as const;
