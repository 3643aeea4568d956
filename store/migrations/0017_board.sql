-- The board that anybody with its link may see, and the notices that are shown on it.
-- +goose Up

CREATE TABLE board (
    unit      TEXT PRIMARY KEY REFERENCES unit (id),
    word      TEXT NOT NULL UNIQUE,       -- the secret part of its link; a new one makes the old link useless
    opened_at BIGINT NOT NULL,
    opened_by BIGINT NOT NULL             -- the member who opened it
);

ALTER TABLE notice_target ADD COLUMN published_at BIGINT; -- shown on the unit's board since; NULL: not shown
CREATE INDEX notice_published ON notice_target (unit, published_at) WHERE published_at IS NOT NULL;
