-- Lists are removed some time after they were written, in ms since 1970, and tags without a manifest some
-- time after they were checked.
ALTER TABLE tag_lists ADD COLUMN written INTEGER NOT NULL DEFAULT 0;
ALTER TABLE referrers ADD COLUMN written INTEGER NOT NULL DEFAULT 0;
CREATE INDEX tag_lists_by_written ON tag_lists (written);
CREATE INDEX referrers_by_written ON referrers (written);
CREATE INDEX tags_by_checked ON tags (checked);
