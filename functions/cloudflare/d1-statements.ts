/** The columns of the counters, in the order of their values in `addToCounters`. */
export const counterNames = [
  'pullsServed',
  'pullsAvoided',
  'pullsMade',
  'bytesServed',
  'bytesFetched',
] as const;

const tagColumns = ['digest', 'mediaType', 'size', 'firstSeen', 'changed', 'checked', 'history'];

/** Writes a row over the one with the same keys, if there is one. Its values come in this order. */
function put(table: string, keys: readonly string[], columns: readonly string[]): string {
  const names = [...keys, ...columns];
  const values = names.map((_, at) => `?${at + 1}`);
  const changes = columns.map((column) => `${column} = excluded.${column}`);
  return `INSERT INTO ${table} (${names}) VALUES (${values})
    ON CONFLICT (${keys}) DO UPDATE SET ${changes}`;
}

/**
 * Every statement that is run on D1, in one place: a test asks SQLite for the plan of each and
 * refuses one that reads more than an index leads to. D1 bills rows that are read.
 *
 * Lists come in as one JSON text, because a statement has at most 100 parameters.
 */
export const statements = {
  getTag: `SELECT ${tagColumns} FROM tags WHERE repository = ?1 AND tag = ?2`,
  // A late write is one that was checked before the stored record was.
  putTag: `${put('tags', ['repository', 'tag'], tagColumns)}
    WHERE excluded.checked >= tags.checked`,
  listTags: `SELECT tag AS name FROM tags WHERE repository = ?1 AND tag > ?2
    ORDER BY tag LIMIT ?3`,

  getManifest: `SELECT m.mediaType, m.pulled, m.complete, t.text
    FROM manifests m JOIN manifest_texts t ON t.digest = m.digest
    WHERE m.repository = ?1 AND m.digest = ?2`,
  findManifest: `SELECT m.mediaType, t.text
    FROM manifests m JOIN manifest_texts t ON t.digest = m.digest
    WHERE m.digest = ?1 LIMIT 1`,
  putManifestText: `INSERT INTO manifest_texts (digest, text) VALUES (?1, ?2)
    ON CONFLICT DO NOTHING`,
  putBlobEntries: `INSERT INTO blob_entries (repository, blob, manifest, descriptor)
    SELECT ?1, value ->> '$.digest', ?2, value FROM json_each(?3) WHERE true
    ON CONFLICT DO NOTHING`,
  putRepository: `INSERT INTO catalogue (repository) VALUES (?1) ON CONFLICT DO NOTHING`,
  putManifest: `INSERT INTO manifests (repository, digest, mediaType, pulled)
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING`,
  removeManifest: `DELETE FROM manifests WHERE repository = ?1 AND digest = ?2`,
  removeBlobEntries: `DELETE FROM blob_entries WHERE repository = ?1 AND manifest = ?2`,
  removeRepository: `DELETE FROM catalogue WHERE repository = ?1
    AND NOT EXISTS (SELECT 1 FROM manifests WHERE repository = ?1)`,
  removeManifestText: `DELETE FROM manifest_texts WHERE digest = ?1
    AND NOT EXISTS (SELECT 1 FROM manifests WHERE digest = ?1)
    RETURNING text IS NULL AS isElsewhere`,

  getBlobEntry: `SELECT descriptor FROM blob_entries
    WHERE repository = ?1 AND blob = ?2 LIMIT 1`,
  isBlobNamed: `SELECT 1 AS named FROM blob_entries WHERE blob = ?1 LIMIT 1`,
  listRepositories: `SELECT repository AS name FROM catalogue
    WHERE repository > ?1 AND repository < ?2 ORDER BY repository LIMIT ?3`,

  markPulled: `UPDATE manifests SET pulled = ?3
    WHERE repository = ?1 AND digest = ?2 AND pulled < ?3`,
  markComplete: `UPDATE manifests SET complete = ?3 WHERE repository = ?1 AND digest = ?2`,
  leastRecentlyPulled: `SELECT repository, digest, pulled FROM manifests
    WHERE pulled >= 0 ORDER BY pulled LIMIT ?1`,

  getTagList: `SELECT text FROM tag_lists WHERE repository = ?1`,
  putTagList: put('tag_lists', ['repository'], ['text']),
  getReferrers: `SELECT text FROM referrers WHERE repository = ?1 AND subject = ?2`,
  putReferrers: put('referrers', ['repository', 'subject'], ['text']),

  getUpstreamLocation: `SELECT url, expires FROM upstream_locations
    WHERE repository = ?1 AND digest = ?2 AND expires > ?3`,
  putUpstreamLocation: put('upstream_locations', ['repository', 'digest'], ['url', 'expires']),
  removeEndedLocations: `DELETE FROM upstream_locations WHERE expires <= ?1`,

  // Fences go on rising from the clock when a row was removed meanwhile.
  acquireLease: `INSERT INTO leases (name, fence, expires) VALUES (?1, ?2, ?3)
    ON CONFLICT (name) DO UPDATE SET fence = max(leases.fence + 1, excluded.fence),
      expires = excluded.expires
    WHERE leases.expires <= ?2 RETURNING fence`,
  renewLease: `UPDATE leases SET expires = ?3
    WHERE name = ?1 AND fence = ?2 AND expires > ?4 RETURNING fence`,
  releaseLease: `UPDATE leases SET expires = min(expires, ?3) WHERE name = ?1 AND fence = ?2`,
  removeEndedLeases: `DELETE FROM leases WHERE expires < ?1`,

  getCounters: `SELECT ${counterNames} FROM counters WHERE id = 0`,
  addToCounters: `INSERT INTO counters (id, ${counterNames}) VALUES (0, ?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (id) DO UPDATE SET ${counterNames.map((name) => `${name} = ${name} + excluded.${name}`)}`,
  // One row for an account of an upstream: all of them are few.
  getRateLimits: `SELECT registry, account, rate, seen FROM rate_limits WHERE registry > ''`,
  putRateLimit: `${put('rate_limits', ['registry', 'account'], ['rate', 'seen'])}
    WHERE excluded.seen >= rate_limits.seen`,

  // Before the rows are added or removed, and in one batch with that.
  addToUsed: `UPDATE used SET bytes = bytes + (
      SELECT coalesce(sum(value ->> '$.size'), 0) FROM json_each(?1)
      WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE digest = value ->> '$.digest')
    ) WHERE id = 0`,
  takeFromUsed: `UPDATE used SET bytes = bytes - (
      SELECT coalesce(sum(size), 0) FROM blobs WHERE digest IN (SELECT value FROM json_each(?1))
    ) WHERE id = 0`,
  addBlobs: `INSERT INTO blobs (digest, size, stored)
    SELECT value ->> '$.digest', value ->> '$.size', value ->> '$.stored'
    FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`,
  removeBlobs: `DELETE FROM blobs WHERE digest IN (SELECT value FROM json_each(?1))`,
  blobsBetween: `SELECT digest, size, stored FROM blobs WHERE digest > ?1 AND digest <= ?2`,
  usedBytes: `SELECT bytes FROM used WHERE id = 0`,
} as const;
