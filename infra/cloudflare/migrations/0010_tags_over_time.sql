-- What is known about tags beyond what they name now, and what people decided about them.

CREATE TABLE tag_states (
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  -- JSON.
  state TEXT NOT NULL,
  revision INTEGER NOT NULL,
  -- In ms since 1970. Null if it holds a decision that has not ended.
  expires INTEGER,
  PRIMARY KEY (repository, tag)
) WITHOUT ROWID;
CREATE INDEX tag_states_by_expiry ON tag_states (expires) WHERE expires IS NOT NULL;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  by TEXT NOT NULL,
  why TEXT NOT NULL,
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  digest TEXT,
  until INTEGER
);
CREATE INDEX audit_by_time ON audit (at, id);
