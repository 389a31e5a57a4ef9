-- The refusals of tags that the upstream had before: since when, and the same once it is confirmed.

ALTER TABLE tags ADD COLUMN refusedSince INTEGER;
ALTER TABLE tags ADD COLUMN goneSince INTEGER;
CREATE INDEX tags_gone ON tags (repository, tag) WHERE goneSince IS NOT NULL;
