-- What pages show: who it is that answers and is not bound yet, the result of a survey; ways into long lists.
-- +goose Up

ALTER TABLE pending_answer ADD COLUMN name TEXT NOT NULL DEFAULT ''; -- as others see him on the platform, untrusted

ALTER TABLE survey ADD COLUMN result TEXT NOT NULL DEFAULT '';       -- the totals as the group saw them at the close
CREATE INDEX survey_unit ON survey (unit, id);

CREATE INDEX member_roster ON member (unit) WHERE left_at IS NULL;   -- how many a roster has
CREATE INDEX notice_author ON notice (unit, id);
