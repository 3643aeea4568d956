-- Notices with acknowledgement, and sign-ups. A member's telephone number, for urgent notices.
-- +goose Up

ALTER TABLE member ADD COLUMN phone TEXT NOT NULL DEFAULT '';
CREATE INDEX member_left ON member (left_at) WHERE left_at IS NOT NULL; -- few: taken off sums without reading all members
CREATE INDEX unit_parent ON unit (parent); -- what is below a unit is asked for all the time

CREATE TABLE notice (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    unit       TEXT NOT NULL REFERENCES unit (id), -- the origin
    author     BIGINT NOT NULL,           -- member; 0 = a schedule
    text       TEXT NOT NULL,
    files      TEXT NOT NULL,             -- []chat.Media as JSON
    ack        BIGINT NOT NULL,           -- 1: asks for acknowledgement
    urgent     BIGINT NOT NULL,
    relayed    BIGINT NOT NULL,           -- 1: for units below, not for the origin itself
    units      TEXT NOT NULL,             -- where it goes, []unit as JSON
    closes_at  BIGINT NOT NULL,           -- 0 = no deadline
    state      TEXT NOT NULL,             -- asked (urgent, to be confirmed), sent, closed, recalled
    corrected  BIGINT NOT NULL DEFAULT 0, -- how often
    created_at BIGINT NOT NULL
);

CREATE TABLE notice_target (              -- a unit that gets it; of a relayed one also the origin, for its number
    notice    BIGINT NOT NULL REFERENCES notice (id),
    unit      TEXT NOT NULL,
    year      BIGINT NOT NULL,
    seq       BIGINT NOT NULL,            -- its number in the unit and year
    day       TEXT NOT NULL,
    prompt    BIGINT NOT NULL DEFAULT 0,
    code      BIGINT NOT NULL DEFAULT 0,
    due       BIGINT NOT NULL DEFAULT 0,  -- how many are to acknowledge it
    done      BIGINT NOT NULL DEFAULT 0,  -- how many of these have
    reminders BIGINT NOT NULL DEFAULT 0,
    chats     BIGINT NOT NULL DEFAULT 0,  -- how many group chats it went to
    closed_at BIGINT,
    PRIMARY KEY (notice, unit)
) WITHOUT ROWID;
CREATE UNIQUE INDEX notice_number ON notice_target (unit, year, seq);

CREATE TABLE notice_reader (              -- who is to acknowledge a notice, as the rosters stood
    notice   BIGINT NOT NULL,
    member   BIGINT NOT NULL,
    unit     TEXT NOT NULL,               -- the target
    acked_at BIGINT,
    PRIMARY KEY (notice, unit, member)
) WITHOUT ROWID;
CREATE INDEX notice_acked ON notice_reader (member, notice) WHERE acked_at IS NOT NULL;

CREATE TABLE notice_file (
    hash TEXT PRIMARY KEY,                -- sha256 of the bytes, hex
    type TEXT NOT NULL,                   -- media type
    data BLOB NOT NULL
);

CREATE TABLE notice_draft (               -- files that wait for their sender's next notice
    member BIGINT NOT NULL,
    hash   TEXT NOT NULL,
    name   TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (member, hash)
) WITHOUT ROWID;

CREATE TABLE signup (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    unit      TEXT NOT NULL REFERENCES unit (id),
    title     TEXT NOT NULL,
    places    BIGINT NOT NULL,            -- 0 = no limit
    prompt    BIGINT NOT NULL DEFAULT 0,
    code      BIGINT NOT NULL DEFAULT 0,
    opened_at BIGINT NOT NULL,
    closes_at BIGINT NOT NULL,
    posted_at BIGINT NOT NULL DEFAULT 0,  -- when the group last saw the list
    closed_at BIGINT
);
CREATE INDEX signup_unit ON signup (unit, id);

CREATE TABLE signup_entry (
    id      INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of the list
    signup  BIGINT NOT NULL REFERENCES signup (id),
    member  BIGINT NOT NULL,              -- 0: a name that is on no roster; -1: one that several members have
    name    TEXT NOT NULL,                -- of such; of a member what lists call him, if not by his name
    people  BIGINT NOT NULL,              -- himself and those he brings; 0 = withdrawn
    waiting BIGINT NOT NULL,              -- 1: on the waiting list
    brought BIGINT NOT NULL,              -- the member in whose list it stood; 0 = he signed up himself
    at      BIGINT NOT NULL,
    UNIQUE (signup, member, name)
);
CREATE INDEX signup_entry_member ON signup_entry (member, signup);
