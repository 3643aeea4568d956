-- Who was on which roster when, so that a report asks nobody for what was before his time; ways into a unit's days.
-- +goose Up

CREATE TABLE stay (
    member  BIGINT NOT NULL REFERENCES member (id),
    from_at BIGINT NOT NULL,              -- 0: since before this was kept
    unit    TEXT NOT NULL,
    to_at   BIGINT,                       -- when he moved to another unit or left the roster
    PRIMARY KEY (member, from_at)
);
CREATE INDEX stay_unit ON stay (unit, member);
INSERT INTO stay (member, from_at, unit, to_at) SELECT id, 0, unit, left_at FROM member;

CREATE INDEX lesson_push_day ON lesson_push (unit, day);
CREATE INDEX notice_target_day ON notice_target (unit, day);
