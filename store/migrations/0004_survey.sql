-- Votes and surveys whose ballots cannot be linked to voters; suggestions, questions and requests for help.
-- +goose Up

CREATE TABLE survey (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    unit      TEXT NOT NULL REFERENCES unit (id),
    kind      TEXT NOT NULL,              -- vote 投票, survey 问卷, pulse 心声
    named     BIGINT NOT NULL,            -- 1: the secretary learns at the close who voted what
    title     TEXT NOT NULL,
    questions TEXT NOT NULL,              -- []survey.Question as JSON
    seal      TEXT NOT NULL,              -- name of the key of its ballots; the key itself is never in the database
    prompt    BIGINT NOT NULL DEFAULT 0,
    code      BIGINT NOT NULL DEFAULT 0,
    day       TEXT NOT NULL,
    closes_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX survey_open ON survey (unit) WHERE closed_at IS NULL;

CREATE TABLE survey_voted (               -- that somebody has voted; not when, not what
    survey BIGINT NOT NULL,
    member BIGINT NOT NULL,
    PRIMARY KEY (survey, member)
) WITHOUT ROWID;
CREATE INDEX survey_voted_member ON survey_voted (member, survey);

CREATE TABLE survey_sealed (              -- ballots until the close
    survey BIGINT NOT NULL,
    id     TEXT NOT NULL,                 -- random; member:ID in a named vote
    body   BLOB NOT NULL,                 -- sealed, all of one length
    PRIMARY KEY (survey, id)
) WITHOUT ROWID;

CREATE TABLE survey_draft (               -- what a member has filled in and not yet cast
    survey BIGINT NOT NULL,
    member BIGINT NOT NULL,
    body   BLOB NOT NULL,                 -- sealed as the ballots are
    PRIMARY KEY (survey, member)
) WITHOUT ROWID;
CREATE INDEX survey_draft_member ON survey_draft (member);

CREATE TABLE survey_receipt (             -- ballots in the final count, written all at once at the close
    survey  BIGINT NOT NULL,
    receipt TEXT NOT NULL,                -- random code that its voter alone was told
    value   TEXT NOT NULL,                -- the choice of an anonymous vote; '' in a survey
    PRIMARY KEY (survey, receipt)
) WITHOUT ROWID;

CREATE TABLE survey_named (               -- the ballots of a named vote, after the close
    survey BIGINT NOT NULL,
    member BIGINT NOT NULL,
    value  TEXT NOT NULL,                 -- []string as JSON, an answer a question
    PRIMARY KEY (survey, member)
) WITHOUT ROWID;
CREATE INDEX survey_named_member ON survey_named (member);

CREATE TABLE suggestion (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    unit    TEXT NOT NULL REFERENCES unit (id),
    kind    TEXT NOT NULL,                -- suggestion 建议, question 咨询
    year    BIGINT NOT NULL,
    number  BIGINT NOT NULL,              -- counts per unit, kind and year
    member  BIGINT NOT NULL,              -- the author; 0 = he gave no name
    code    TEXT NOT NULL,                -- sha256 of the code by which an author without a name asks; '' with a name
    body    TEXT NOT NULL,
    state   TEXT NOT NULL,                -- received 已收, studying 研究, adopted 采纳, declined 不采纳, done 完成
    answer  TEXT NOT NULL DEFAULT '',     -- the reason or answer
    due_day TEXT NOT NULL,                -- when the keeper is reminded
    day     TEXT NOT NULL,
    UNIQUE (unit, kind, year, number)
);
CREATE INDEX suggestion_member ON suggestion (member) WHERE member <> 0;

CREATE TABLE suggestion_box (             -- unnamed ones until the next morning, when all are taken out at once
    id   TEXT PRIMARY KEY,                -- random
    unit TEXT NOT NULL,
    seal TEXT NOT NULL,                   -- name of the key of this one
    body BLOB NOT NULL                    -- sealed
) WITHOUT ROWID;

CREATE TABLE care (                       -- requests for help; a row is deleted when its case is closed
    id       INTEGER PRIMARY KEY,         -- not AUTOINCREMENT: not even the number of closed ones stays
    unit     TEXT NOT NULL REFERENCES unit (id),
    member   BIGINT NOT NULL,
    category TEXT NOT NULL,
    contact  BIGINT NOT NULL,             -- 1: wishes to be contacted
    seal     TEXT NOT NULL,               -- name of the key of the text and of the letters about it
    body     BLOB NOT NULL,               -- sealed
    day      TEXT NOT NULL
);

