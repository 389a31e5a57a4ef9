-- When a registry last served a repository to anonymous clients, for registries with accounts.

CREATE TABLE public_repositories (
  repository TEXT PRIMARY KEY,
  seen INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX public_by_seen ON public_repositories (seen);
