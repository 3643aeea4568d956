-- A text that may be a report waits for its author's word.
-- +goose Up

CREATE TABLE suggestion_held (            -- goes with the answer, or after half an hour
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    seal TEXT NOT NULL UNIQUE,            -- name of its key
    body BLOB NOT NULL                    -- sealed: whose it is and what it says
);
