-- +goose Up
-- A file that waits for its sender's confirmation is kept as it was read, and what
-- it changes is worked out when it is confirmed. (people is no longer written.)
ALTER TABLE roster_import ADD COLUMN file TEXT NOT NULL DEFAULT '';    -- member.Table as JSON; '' once it is done with
ALTER TABLE roster_import ADD COLUMN answers TEXT NOT NULL DEFAULT ''; -- what was told of columns, as JSON

-- What staff numbers are compared by: half-width, without case (member.StaffKey).
-- Setup writes it for numbers with other letters than those of ASCII.
ALTER TABLE member ADD COLUMN staff_key TEXT NOT NULL DEFAULT '';
UPDATE member SET staff_key = LOWER(staff);
CREATE INDEX member_folded ON member (staff_key);

-- What the configuration said of its members when it was last applied. Only what
-- it says otherwise now changes the roster. The row '' tells that it was applied.
CREATE TABLE member_config (
    staff   TEXT PRIMARY KEY,
    applied TEXT NOT NULL                  -- unit, name, status … as JSON
);
