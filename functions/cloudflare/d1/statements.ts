import { counterNames } from '../../core/ports/ledger.ts';

/**
 * Every statement for D1. D1 bills rows that are read, so a test checks with SQLite's query plans that
 * each one uses an index.
 *
 * Lists are passed as one JSON parameter, because a statement has at most 100 parameters.
 */

const tagColumns = [
  'digest',
  'mediaType',
  'size',
  'firstSeen',
  'changed',
  'checked',
  'history',
  'refusedSince',
  'goneSince',
];

/** Inserts a row or replaces the one with the same keys. Parameters: the keys, then the columns. */
function put(table: string, keys: readonly string[], columns: readonly string[]): string {
  const names = [...keys, ...columns];
  const values = names.map((_, at) => `?${at + 1}`);
  const changes = columns.map((column) => `${column} = excluded.${column}`);
  return `INSERT INTO ${table} (${names}) VALUES (${values})
    ON CONFLICT (${keys}) DO UPDATE SET ${changes}`;
}

export const getTag = `SELECT ${tagColumns} FROM tags WHERE repository = ?1 AND tag = ?2`;
// A record that was checked before the stored one is a late write.
export const putTag = `${put('tags', ['repository', 'tag'], tagColumns)}
  WHERE excluded.checked >= tags.checked`;
export const listTags = `SELECT tag AS name FROM tags WHERE repository = ?1 AND tag > ?2
  ORDER BY tag LIMIT ?3`;
// Without INDEXED BY, SQLite reads every tag.
export const listGone = `SELECT repository, tag, digest, goneSince AS since
  FROM tags INDEXED BY tags_gone
  WHERE goneSince IS NOT NULL AND (repository, tag) > (?1, ?2) ORDER BY repository, tag LIMIT ?3`;

export const getManifest = `SELECT m.mediaType, m.pulled, m.complete, t.text
  FROM manifests m JOIN manifest_texts t ON t.digest = m.digest
  WHERE m.repository = ?1 AND m.digest = ?2`;
// The plus keeps SQLite from going through all manifests of a registry.
export const findManifest = `SELECT m.mediaType, t.text
  FROM manifests m JOIN manifest_texts t ON t.digest = m.digest
  WHERE m.digest = ?1 AND +m.repository > ?2 AND +m.repository < ?3 LIMIT 1`;
export const putManifestText = `INSERT INTO manifest_texts (digest, text) VALUES (?1, ?2)
  ON CONFLICT DO NOTHING`;
export const putBlobEntries = `INSERT INTO blob_entries (repository, blob, manifest, descriptor)
  SELECT ?1, value ->> '$.digest', ?2, value FROM json_each(?3) WHERE true
  ON CONFLICT DO NOTHING`;
export const putRepository = `INSERT INTO catalogue (repository) VALUES (?1) ON CONFLICT DO NOTHING`;
export const putManifest = `INSERT INTO manifests (repository, digest, mediaType, pulled)
  VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING`;
export const removeManifest = `DELETE FROM manifests WHERE repository = ?1 AND digest = ?2`;
export const removeBlobEntries = `DELETE FROM blob_entries WHERE repository = ?1 AND manifest = ?2`;
export const removeRepository = `DELETE FROM catalogue WHERE repository = ?1
  AND NOT EXISTS (SELECT 1 FROM manifests WHERE repository = ?1) RETURNING repository`;
export const removeManifestText = `DELETE FROM manifest_texts WHERE digest = ?1
  AND NOT EXISTS (SELECT 1 FROM manifests WHERE digest = ?1)
  RETURNING text IS NULL AS isElsewhere`;

export const getBlobEntry = `SELECT descriptor FROM blob_entries
  WHERE repository = ?1 AND blob = ?2 LIMIT 1`;
export const isBlobNamed = `SELECT 1 AS named FROM blob_entries WHERE blob = ?1 LIMIT 1`;
export const listRepositories = `SELECT repository AS name FROM catalogue
  WHERE repository > ?1 AND repository < ?2 ORDER BY repository LIMIT ?3`;

export const markPulled = `UPDATE manifests SET pulled = ?3
  WHERE repository = ?1 AND digest = ?2 AND pulled < ?3`;
export const markComplete = `UPDATE manifests SET complete = ?3 WHERE repository = ?1 AND digest = ?2`;
export const leastRecentlyPulled = `SELECT repository, digest, pulled FROM manifests
  WHERE pulled >= ?2 AND (pulled, repository, digest) > (?2, ?3, ?4)
  ORDER BY pulled, repository, digest LIMIT ?1`;

export const getTagState = `SELECT state, revision FROM tag_states WHERE repository = ?1 AND tag = ?2`;
export const putTagState = `INSERT INTO tag_states (repository, tag, state, revision, expires)
  SELECT ?1, ?2, ?3, ?4, ?5 WHERE (?6 IS NULL) = NOT EXISTS (
    SELECT 1 FROM tag_states WHERE repository = ?1 AND tag = ?2)
  ON CONFLICT (repository, tag) DO UPDATE
  SET state = excluded.state, revision = excluded.revision, expires = excluded.expires
  WHERE tag_states.revision = ?6`;
export const listTagStates = `SELECT tag, state, revision FROM tag_states
  WHERE repository = ?1 AND tag > ?2 ORDER BY tag LIMIT ?3`;
export const removeOldTagStates = `DELETE FROM tag_states WHERE expires < ?1`;
export const putAuditEntry = `INSERT INTO audit (at, action, by, why, repository, tag, digest, until)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`;
export const listAuditEntries = `SELECT id, at, action, by, why, repository, tag, digest, until
  FROM audit WHERE (at, id) < (?1, ?2) ORDER BY at DESC, id DESC LIMIT ?3`;
export const removeOldAuditEntries = `DELETE FROM audit WHERE at < ?1`;

export const tagsCheckedBetween = `SELECT repository, tag, checked FROM tags
  WHERE checked >= ?1 AND checked < ?2 ORDER BY checked LIMIT ?3`;
export const removeUnneededTags = `DELETE FROM tags WHERE (repository, tag) IN (
    SELECT value ->> '$.repository', value ->> '$.tag' FROM json_each(?1)
  ) AND checked < ?2 AND NOT EXISTS (
    SELECT 1 FROM manifests WHERE repository = tags.repository AND digest = tags.digest)`;

/** What a removed list leaves: its name in the bucket, if its text is there. */
const tagListName = `'tags/' || repository AS name, text IS NULL AS isElsewhere`;
const referrersName = `'referrers/' || repository || '/' || subject AS name,
  text IS NULL AS isElsewhere`;

export const getTagList = `SELECT text FROM tag_lists WHERE repository = ?1`;
export const putTagList = put('tag_lists', ['repository'], ['text', 'written']);
export const removeTagList = `DELETE FROM tag_lists WHERE repository = ?1 RETURNING ${tagListName}`;
export const removeOldTagLists = `DELETE FROM tag_lists WHERE repository IN (
    SELECT repository FROM tag_lists WHERE written < ?1 ORDER BY written LIMIT ?2
  ) RETURNING ${tagListName}`;
export const getReferrers = `SELECT text FROM referrers WHERE repository = ?1 AND subject = ?2`;
export const putReferrers = put('referrers', ['repository', 'subject'], ['text', 'written']);
export const removeReferrers = `DELETE FROM referrers WHERE repository = ?1 AND subject = ?2
  RETURNING ${referrersName}`;
export const removeReferrersOf = `DELETE FROM referrers WHERE repository = ?1
  RETURNING ${referrersName}`;
export const removeOldReferrers = `DELETE FROM referrers WHERE (repository, subject) IN (
    SELECT repository, subject FROM referrers WHERE written < ?1 ORDER BY written LIMIT ?2
  ) RETURNING ${referrersName}`;

export const getUpstreamLocation = `SELECT url, expires FROM upstream_locations
  WHERE repository = ?1 AND digest = ?2 AND expires > ?3`;
export const putUpstreamLocation = put(
  'upstream_locations',
  ['repository', 'digest'],
  ['url', 'expires'],
);
export const removeExpiredLocations = `DELETE FROM upstream_locations WHERE expires <= ?1`;

const holdColumns = ['kind', 'since', 'until', 'failures', 'reason'];
export const listHolds = `SELECT digest, ${holdColumns} FROM holds
  WHERE repository = ?1 AND since > ?2`;
export const putHold = put('holds', ['repository', 'digest'], holdColumns);
export const removeOldHolds = `DELETE FROM holds WHERE since <= ?1`;

export const getPublic = `SELECT repository AS key, seen FROM public_repositories
  WHERE repository IN (SELECT value FROM json_each(?1)) AND seen > ?2`;
export const putPublic = put('public_repositories', ['repository'], ['seen']);
export const removePublic = `DELETE FROM public_repositories WHERE repository = ?1`;
export const removeOldPublic = `DELETE FROM public_repositories WHERE seen <= ?1`;

// If the row was deleted, fences continue from the clock.
export const acquireLease = `INSERT INTO leases (name, fence, expires) VALUES (?1, ?2, ?3)
  ON CONFLICT (name) DO UPDATE SET fence = max(leases.fence + 1, excluded.fence),
    expires = excluded.expires
  WHERE leases.expires <= ?2 OR leases.expires > ?4 RETURNING fence, note`;
export const acquireLeases = `INSERT INTO leases (name, fence, expires)
  SELECT value, ?2, ?3 FROM json_each(?1) WHERE true
  ON CONFLICT (name) DO UPDATE SET fence = max(leases.fence + 1, excluded.fence),
    expires = excluded.expires
  WHERE leases.expires <= ?2 OR leases.expires > ?4 RETURNING name AS key, fence`;
export const lookAtLease = `SELECT expires > ?2 AND expires <= ?3 AS isHeld, note FROM leases
  WHERE name = ?1`;
export const renewLease = `UPDATE leases SET expires = ?3
  WHERE name = ?1 AND fence = ?2 AND expires > ?4 RETURNING fence`;
export const releaseLease = `UPDATE leases SET expires = min(expires, ?3), note = ?4
  WHERE name = ?1 AND fence = ?2`;
export const removeExpiredLeases = `DELETE FROM leases WHERE expires < ?1`;

// The columns have the names of the counters, in their order.
export const getCounters = `SELECT ${counterNames} FROM counters WHERE id = 0`;
const sums = counterNames.map((name) => `${name} = ${name} + excluded.${name}`);
export const addToCounters = `INSERT INTO counters (id, ${counterNames}) VALUES (0, ?1, ?2, ?3, ?4, ?5)
  ON CONFLICT (id) DO UPDATE SET ${sums}`;
export const addUsage = `INSERT INTO usage (month, client, bytes)
  SELECT ?1, key, value FROM json_each(?2) WHERE true
  ON CONFLICT (month, client) DO UPDATE SET bytes = bytes + excluded.bytes RETURNING client, bytes`;
export const removeUsageBefore = `DELETE FROM usage WHERE month < ?1`;
export const addSpending = `INSERT INTO spending (day, registry, account, kind, name, pulls)
  SELECT ?1, value ->> '$.registry', value ->> '$.account', value ->> '$.kind', value ->> '$.name',
    value ->> '$.pulls' FROM json_each(?2) WHERE true
  ON CONFLICT (day, registry, account, kind, name) DO UPDATE SET pulls = pulls + excluded.pulls`;
export const getSpending = `SELECT registry, account, kind, name, pulls FROM spending WHERE day = ?1`;
export const removeSpendingBefore = `DELETE FROM spending WHERE day < ?1`;
// Few rows: one per account of an upstream.
export const getRateLimits = `SELECT registry, account, rate, seen FROM rate_limits WHERE registry > ''`;
export const putRateLimit = `${put('rate_limits', ['registry', 'account'], ['rate', 'seen'])}
  WHERE excluded.seen >= rate_limits.seen`;

// What is condemned does not count. The sums run before the rows change, in one batch.
export const addToUsed = `UPDATE used SET bytes = bytes + (
    SELECT coalesce(sum(value ->> '$.size'), 0) FROM json_each(?1)
    WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE digest = value ->> '$.digest'
      AND (condemned IS NULL OR deleting IS NOT NULL))
  ) WHERE id = 0`;
export const takeFromUsed = `UPDATE used SET bytes = bytes - (
    SELECT coalesce(sum(size), 0) FROM blobs
    WHERE digest IN (SELECT value FROM json_each(?1)) AND condemned IS NULL
  ) WHERE id = 0`;
export const returnToUsed = `UPDATE used SET bytes = bytes + (
    SELECT coalesce(sum(size), 0) FROM blobs
    WHERE digest = ?1 AND condemned IS NOT NULL AND deleting IS NULL
  ) WHERE id = 0`;
export const getBlob = `SELECT digest, size, stored, condemned, deleting FROM blobs WHERE digest = ?1`;
// A condemned blob is restored.
export const addBlobs = `INSERT INTO blobs (digest, size, stored)
  SELECT value ->> '$.digest', value ->> '$.size', value ->> '$.stored'
  FROM json_each(?1) WHERE true
  ON CONFLICT DO UPDATE SET condemned = NULL WHERE blobs.deleting IS NULL`;
export const removeBlobs = `DELETE FROM blobs WHERE digest IN (SELECT value FROM json_each(?1))`;
export const condemnBlob = `UPDATE blobs SET condemned = ?2 WHERE digest = ?1 AND deleting IS NULL`;
export const condemnedBefore = `SELECT digest, condemned AS since FROM blobs
  WHERE condemned < ?1 ORDER BY condemned LIMIT ?2`;
export const restoreBlob = `UPDATE blobs SET condemned = NULL WHERE digest = ?1 AND deleting IS NULL`;
export const claimBlob = `UPDATE blobs SET deleting = ?3
  WHERE digest = ?1 AND condemned = ?2 AND (deleting IS NULL OR deleting <= ?4) RETURNING digest`;
export const forgetBlob = `DELETE FROM blobs
  WHERE digest = ?1 AND condemned = ?2 AND deleting IS NOT NULL`;
export const blobsBetween = `SELECT digest, size, stored, condemned FROM blobs
  WHERE digest > ?1 AND digest <= ?2`;
export const usedBytes = `SELECT bytes FROM used WHERE id = 0`;
