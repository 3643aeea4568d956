-- Offices end with the place on the roster that they were given for; a removal can be undone for a day.
-- +goose Up

CREATE TABLE office_ended (               -- an office that was taken away or ended with its holder's place on the roster
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    member     BIGINT NOT NULL REFERENCES member (id),
    unit       TEXT NOT NULL REFERENCES unit (id),
    role       TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    removal    BIGINT NOT NULL DEFAULT 0  -- the roster_change that ended it; 0: no removal
);
CREATE INDEX office_ended_member ON office_ended (member, unit, role);

CREATE TABLE roster_change (              -- what a secretary is asked to confirm; rows leave after 30 days
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,               -- appoint, dismiss, remove
    member   BIGINT NOT NULL REFERENCES member (id),
    unit     TEXT NOT NULL,               -- of the office; of a removal, the unit on whose roster the member was
    role     TEXT NOT NULL DEFAULT '',
    asked_by BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    state    TEXT NOT NULL,               -- asked, dropped, done, undone
    done_at  BIGINT
);
CREATE INDEX roster_change_member ON roster_change (member, state);

-- Who left or moved away before has kept the offices of the old unit. They end now.
INSERT INTO office_ended (member, unit, role, granted_by, granted_at, ended_at)
SELECT r.member, r.unit, r.role, r.granted_by, r.granted_at, COALESCE(
    (SELECT m.left_at FROM member m WHERE m.id = r.member), (SELECT MAX(s.to_at) FROM stay s WHERE s.member = r.member), r.granted_at)
FROM role r WHERE NOT EXISTS (
    SELECT 1 FROM member m WHERE m.id = r.member AND m.left_at IS NULL AND r.unit IN (
        WITH RECURSIVE line (id) AS (SELECT m.unit UNION ALL SELECT u.parent FROM unit u JOIN line l ON l.id = u.id WHERE u.parent IS NOT NULL)
        SELECT id FROM line));
DELETE FROM role WHERE EXISTS (
    SELECT 1 FROM office_ended o WHERE o.member = role.member AND o.unit = role.unit AND o.role = role.role);
DELETE FROM console_session WHERE member IN (SELECT id FROM member WHERE left_at IS NOT NULL);
