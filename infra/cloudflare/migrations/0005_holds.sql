-- Content that could not be had from its upstream, so that all isolates refuse what needs it.

CREATE TABLE holds (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  kind TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (repository, digest)
) WITHOUT ROWID;
CREATE INDEX holds_by_since ON holds (since);
