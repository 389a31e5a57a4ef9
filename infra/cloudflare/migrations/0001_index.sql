-- The index of a mirror. Repositories are written as `docker.io/library/alpine`, times in ms
-- since 1970. functions/cloudflare/d1/statements.ts has every statement that is run on it.
-- A semicolon stands only at the end of a statement, and there is no trigger: tools that take the
-- file apart at semicolons are many.

CREATE TABLE tags (
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  digest TEXT NOT NULL,
  mediaType TEXT NOT NULL,
  size INTEGER NOT NULL,
  firstSeen INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  checked INTEGER NOT NULL,
  history TEXT NOT NULL,
  PRIMARY KEY (repository, tag)
) WITHOUT ROWID;

-- The manifests of each repository, and what is noted of them.
CREATE TABLE manifests (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  mediaType TEXT NOT NULL,
  pulled INTEGER NOT NULL,
  complete INTEGER,
  PRIMARY KEY (repository, digest)
) WITHOUT ROWID;
CREATE INDEX manifests_by_digest ON manifests (digest);
CREATE INDEX manifests_by_pulled ON manifests (pulled);

-- Their bytes, once for all repositories. Without a text they are in the bucket.
CREATE TABLE manifest_texts (
  digest TEXT NOT NULL PRIMARY KEY,
  text TEXT
);

-- What each manifest of a repository names.
CREATE TABLE blob_entries (
  repository TEXT NOT NULL,
  blob TEXT NOT NULL,
  manifest TEXT NOT NULL,
  descriptor TEXT NOT NULL,
  PRIMARY KEY (repository, blob, manifest)
) WITHOUT ROWID;
CREATE INDEX blob_entries_by_manifest ON blob_entries (repository, manifest);
CREATE INDEX blob_entries_by_blob ON blob_entries (blob);

-- The repositories that hold a manifest.
CREATE TABLE catalogue (
  repository TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;

-- Lists of upstreams, as JSON. Without a text they are in the bucket.
CREATE TABLE tag_lists (
  repository TEXT NOT NULL PRIMARY KEY,
  text TEXT
);
CREATE TABLE referrers (
  repository TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT,
  PRIMARY KEY (repository, subject)
);

CREATE TABLE upstream_locations (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  url TEXT NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (repository, digest)
) WITHOUT ROWID;
CREATE INDEX upstream_locations_by_end ON upstream_locations (expires);

CREATE TABLE leases (
  name TEXT NOT NULL PRIMARY KEY,
  fence INTEGER NOT NULL,
  expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX leases_by_end ON leases (expires);

CREATE TABLE counters (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 0),
  pullsServed INTEGER NOT NULL,
  pullsAvoided INTEGER NOT NULL,
  pullsMade INTEGER NOT NULL,
  bytesServed INTEGER NOT NULL,
  bytesFetched INTEGER NOT NULL
);

CREATE TABLE rate_limits (
  registry TEXT NOT NULL,
  account TEXT NOT NULL,
  rate TEXT NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (registry, account)
) WITHOUT ROWID;

-- What is in the bucket, and its sum, which every change of rows changes in the same batch. The
-- bucket itself knows what is stored.
CREATE TABLE blobs (
  digest TEXT NOT NULL PRIMARY KEY,
  size INTEGER NOT NULL,
  stored INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE used (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 0),
  bytes INTEGER NOT NULL
);
INSERT INTO used (id, bytes) VALUES (0, 0);
