-- When a blob was condemned, and when its deletion was claimed, in ms since 1970. Both are null for a
-- stored blob.
ALTER TABLE blobs ADD COLUMN condemned INTEGER;
ALTER TABLE blobs ADD COLUMN deleting INTEGER;
CREATE INDEX blobs_by_condemned ON blobs (condemned) WHERE condemned IS NOT NULL;
