-- What a notice said before it was corrected; whom its secretary has told of it by telephone or in person.
-- +goose Up

ALTER TABLE notice ADD COLUMN earlier TEXT NOT NULL DEFAULT '[]';      -- JSON: the earlier texts, the newest first
ALTER TABLE notice ADD COLUMN corrected_at BIGINT NOT NULL DEFAULT 0;  -- the last time; 0: never
ALTER TABLE notice_reader ADD COLUMN told_at BIGINT;
ALTER TABLE notice_target ADD COLUMN told BIGINT NOT NULL DEFAULT 0;   -- readers who were told and have not acknowledged it
CREATE INDEX notice_told ON notice_reader (member) WHERE told_at IS NOT NULL;
