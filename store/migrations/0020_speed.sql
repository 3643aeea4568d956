-- Ways into what pages of a large enterprise read, so that they need not read the rows themselves.
-- +goose Up

DROP INDEX unit_parent;
CREATE INDEX unit_parent ON unit (parent, id);                        -- what is below a unit

DROP INDEX member_roster;
DROP INDEX member_unit;
CREATE INDEX member_unit ON member (unit, left_at);                   -- how many a roster has
CREATE INDEX member_list ON member (staff, name, unit, status, left_at); -- a roster searched, by staff number

CREATE INDEX role_unit ON role (unit, role);
CREATE INDEX schedule_unit ON schedule (unit);
CREATE INDEX occurrence_schedule ON occurrence (schedule, due_at);
