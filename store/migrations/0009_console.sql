-- The console: links that let somebody in, sessions, passwords, and who changed or exported what.
-- +goose Up

CREATE TABLE console_link (               -- lets its member in, once
    hash       TEXT PRIMARY KEY,          -- sha256 of the word, hex: the word itself is not kept
    member     BIGINT NOT NULL REFERENCES member (id),
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);

CREATE TABLE console_session (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       TEXT NOT NULL UNIQUE,      -- sha256 of the cookie, hex
    member     BIGINT NOT NULL REFERENCES member (id),
    roles      TEXT NOT NULL,             -- that he had when he came in: a change ends the session
    browser    TEXT NOT NULL,             -- for the list of sessions, e.g. Chrome · Windows
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    flash      TEXT NOT NULL DEFAULT ''   -- what the next page shows, JSON; gone once it is shown
);
CREATE INDEX console_session_member ON console_session (member);

CREATE TABLE console_password (           -- of members who have one
    member BIGINT PRIMARY KEY REFERENCES member (id),
    hash   TEXT NOT NULL,                 -- argon2id, with its salt and costs
    set_at BIGINT NOT NULL
);

CREATE TABLE console_known (              -- browsers in which a member has been: their guesses are counted apart
    hash   TEXT PRIMARY KEY,              -- sha256 of the cookie, hex
    member BIGINT NOT NULL REFERENCES member (id),
    at     BIGINT NOT NULL
);
CREATE INDEX console_known_at ON console_known (at);

CREATE TABLE console_audit (              -- who changed or exported something; not what it says
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     BIGINT NOT NULL,
    member BIGINT NOT NULL,
    unit   TEXT NOT NULL,
    page   TEXT NOT NULL,                 -- its path
    act    TEXT NOT NULL,                 -- a command, or post, export, enter, leave …
    ref    TEXT NOT NULL                  -- a number or id that it was about; never words of people
);
CREATE INDEX console_audit_unit ON console_audit (unit, id);

CREATE INDEX prompt_opened ON prompt (unit, opened_at); -- what was pushed today
CREATE INDEX outbox_failed ON outbox (account, chat, settled_at) WHERE state IN ('dead', 'uncertain'); -- the pages show them
