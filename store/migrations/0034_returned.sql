-- Who was removed, or moved away, and came back to the same unit before offices ended with the place on the
-- roster (0023) has kept the office. The stays tell: one under the office's unit has ended since it was given,
-- and none went on there. The last secretary stays: nobody could appoint another one.
-- +goose Up

ALTER TABLE office_ended ADD COLUMN untold BIGINT NOT NULL DEFAULT 0; -- 1: the secretaries are to be told that an upgrade ended it

INSERT INTO office_ended (member, unit, role, granted_by, granted_at, ended_at, untold)
SELECT r.member, r.unit, r.role, r.granted_by, r.granted_at, MIN(s.to_at), 1
FROM role r JOIN stay s ON s.member = r.member
WHERE s.to_at > r.granted_at
    AND r.unit IN (WITH RECURSIVE line (id) AS (SELECT s.unit UNION ALL SELECT u.parent FROM unit u JOIN line l ON l.id = u.id WHERE u.parent IS NOT NULL)
        SELECT id FROM line)
    AND NOT EXISTS (SELECT 1 FROM stay n WHERE n.member = s.member AND n.from_at > s.from_at AND n.from_at <= s.to_at AND r.unit IN (
        WITH RECURSIVE line (id) AS (SELECT n.unit UNION ALL SELECT u.parent FROM unit u JOIN line l ON l.id = u.id WHERE u.parent IS NOT NULL)
        SELECT id FROM line))
    AND (r.role <> 'secretary' OR EXISTS (SELECT 1 FROM role o JOIN member m ON m.id = o.member
        WHERE o.role = 'secretary' AND o.member <> r.member AND m.left_at IS NULL AND o.unit IN (
            WITH RECURSIVE line (id) AS (SELECT r.unit UNION ALL SELECT u.parent FROM unit u JOIN line l ON l.id = u.id WHERE u.parent IS NOT NULL)
            SELECT id FROM line)))
GROUP BY r.member, r.unit, r.role, r.granted_by, r.granted_at;
DELETE FROM role WHERE EXISTS (
    SELECT 1 FROM office_ended o WHERE o.untold = 1 AND o.member = role.member AND o.unit = role.unit AND o.role = role.role);
DELETE FROM console_session WHERE member IN (SELECT member FROM office_ended WHERE untold = 1);
