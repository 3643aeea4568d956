-- Honours, with the consent to tell others; which posters were posted.
-- +goose Up

CREATE TABLE honour (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    unit         TEXT NOT NULL REFERENCES unit (id), -- which honours
    member       BIGINT NOT NULL REFERENCES member (id),
    title        TEXT NOT NULL,           -- e.g. 学习标兵
    reason       TEXT NOT NULL,           -- for what; may be empty
    day          TEXT NOT NULL,           -- 2006-01-02
    given_by     BIGINT NOT NULL,
    given_at     BIGINT NOT NULL,
    consent      TEXT NOT NULL DEFAULT '', -- the member's own: yes, no; '' = he has not said
    announced_at BIGINT,                  -- when the group was told
    revoked_at   BIGINT,
    revoked_by   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX honour_member ON honour (member, id);
CREATE INDEX honour_unit ON honour (unit, day);

CREATE TABLE poster (
    unit TEXT NOT NULL REFERENCES unit (id),
    day  TEXT NOT NULL,                   -- on which it was posted
    week TEXT NOT NULL,                   -- its Monday
    PRIMARY KEY (unit, day)
);
