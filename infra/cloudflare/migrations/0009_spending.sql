-- The pulls that repositories and networks of clients spent of registries' limits on a day (UTC).

CREATE TABLE spending (
  day TEXT NOT NULL,
  registry TEXT NOT NULL,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  pulls INTEGER NOT NULL,
  PRIMARY KEY (day, registry, account, kind, name)
) WITHOUT ROWID;
