-- Who of several processes on one database is the one that works; what became of the occurrences of a day.
-- +goose Up

CREATE TABLE lease (
    name     TEXT PRIMARY KEY,
    owner    TEXT NOT NULL,               -- host and process id
    fence    BIGINT NOT NULL,             -- counts up with every owner: what an earlier one writes is refused
    until_at BIGINT NOT NULL              -- by the clock of the database; renewed again and again
);
CREATE INDEX occurrence_due ON occurrence (due_at);
