import type {
  CreateTableCommandInput,
  UpdateTimeToLiveCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Digest } from '../../core/oci/digest.ts';
import { type Repository, repositoryKey } from '../../core/oci/repository.ts';
import type { Key } from './item.ts';

/*
 * The key design. R is a repository, `docker.io/library/alpine`; D a digest.
 *
 * | item            | pk               | sk             | read by                                     |
 * |-----------------|------------------|----------------|---------------------------------------------|
 * | tag             | tag#R            | the tag        | GetItem; a list of tags is a Query          |
 * | manifest        | manifest#D       | R              | GetItem; of a registry: a Query             |
 * | entry of a blob | entry#D          | R@D (manifest) | Query of one item: by R@, or by anyone      |
 * | member          | member#R         | D (manifest)   | Query of one item: has R a manifest?        |
 * | catalogue       | catalogue        | R              | Query                                       |
 * | pull            | pull             | time#D#R       | Query, oldest first                         |
 * | list            | list#R           | name[#version] | GetItem; a long one also a Query            |
 * | location        | location#R@D     | location       | GetItem                                     |
 * | lease           | lease#name       | lease          | UpdateItem; GetItem by those who wait       |
 * | rate limit      | rate-limit       | account        | Query                                       |
 * | counters        | ledger           | counters       | GetItem                                     |
 *
 * A partition takes 1,000 writes and 3,000 reads of 4 KB a second. Everything that pulls touch is
 * spread by digest, repository or lease. Three partitions are one for all: `catalogue` (one write
 * for each new manifest), `pull` (two for each manifest and day) and `rate-limit` (one for each
 * upstream answer); all stay orders of magnitude below the bound, and the order of the first two
 * over all repositories is what they are for.
 *
 * `#` and `@` stand in no registry, no repository's name and no tag, so no key begins like
 * another's.
 */

export function tagPartition(repository: Repository): string {
  return `tag#${repositoryKey(repository)}`;
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

/** What the sort keys of a repository's entries of a blob begin with. */
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

/** As many digits as the last moment of a Date has, so that texts sort as times do. */
const timeDigits = 16;

/** `pulled` in ms since 1970. */
export function pullKey(pulled: number, repository: string, digest: Digest): Key {
  const time = String(Math.max(0, Math.floor(pulled))).padStart(timeDigits, '0');
  return { pk: pullPartition, sk: `${time}#${digest}#${repository}` };
}

export function listPartition(repository: Repository): string {
  return `list#${repositoryKey(repository)}`;
}

export function locationKey(repository: Repository, digest: Digest): Key {
  return { pk: `location#${repositoryKey(repository)}@${digest}`, sk: 'location' };
}

/** The key of a lease. Names have at most 600 characters, keys at most 2,048 bytes. */
export function leaseKey(name: string): Key {
  return { pk: `lease#${name}`, sk: 'lease' };
}

export const rateLimitPartition = 'rate-limit';

export const countersKey: Key = { pk: 'ledger', sk: 'counters' };

/** The attribute after which DynamoDB may delete an item: seconds since 1970. */
const timeToLiveAttribute = 'ttl';

/** The table as CreateTable takes it; no index besides its key. */
export function tableDefinition(name: string): CreateTableCommandInput {
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  };
}

/** The table's time to live as UpdateTimeToLive takes it. */
export function timeToLive(name: string): UpdateTimeToLiveCommandInput {
  return {
    TableName: name,
    TimeToLiveSpecification: { AttributeName: timeToLiveAttribute, Enabled: true },
  };
}
