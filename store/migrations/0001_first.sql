-- The schema of the first release. Times are UTC milliseconds, day keys text in the unit's zone.
-- +goose Up

-- Units, people, chats ---------------------------------------------------------

CREATE TABLE unit (
    id         TEXT PRIMARY KEY,
    parent     TEXT REFERENCES unit (id),
    kind       TEXT NOT NULL,             -- committee 党委, general 总支, branch 支部, group 党小组
    name       TEXT NOT NULL,
    zone       TEXT NOT NULL,             -- IANA name
    language   TEXT NOT NULL,
    code_next  BIGINT NOT NULL DEFAULT 1  -- the next short code of a prompt
);

CREATE TABLE member (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    unit       TEXT NOT NULL REFERENCES unit (id),
    staff      TEXT NOT NULL UNIQUE,      -- staff number; what imports are matched by
    name       TEXT NOT NULL,
    status     TEXT NOT NULL,             -- full 正式, probationary 预备, candidate 发展对象, activist 积极分子, public 群众
    joined_on  TEXT NOT NULL DEFAULT '',  -- day of joining the party, 2006-01-02
    board      BIGINT NOT NULL DEFAULT 0, -- 1: wants to be on the public board
    language   TEXT NOT NULL DEFAULT '',  -- '': the unit's
    left_at    BIGINT                     -- no longer on the roster since
);
CREATE INDEX member_unit ON member (unit);

CREATE TABLE identity (
    account      TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    member       BIGINT NOT NULL REFERENCES member (id),
    private_chat TEXT NOT NULL DEFAULT '', -- '': not seen yet
    bound_at     BIGINT NOT NULL,
    PRIMARY KEY (account, user_id)
);
CREATE INDEX identity_member ON identity (member);

CREATE TABLE role (
    member     BIGINT NOT NULL REFERENCES member (id),
    unit       TEXT NOT NULL REFERENCES unit (id),
    role       TEXT NOT NULL,             -- secretary 书记, committee 支委, leader 小组长, librarian 资料员
    granted_by TEXT NOT NULL,             -- 'config', or member:ID
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (member, unit, role)
);

CREATE TABLE chat (
    account  TEXT NOT NULL,
    chat     TEXT NOT NULL,
    unit     TEXT NOT NULL REFERENCES unit (id),
    title    TEXT NOT NULL DEFAULT '',
    bound_at BIGINT NOT NULL,
    PRIMARY KEY (account, chat)
);
CREATE INDEX chat_unit ON chat (unit);

CREATE TABLE join_code (
    hash       TEXT PRIMARY KEY,          -- sha256 of the code, hex: the code itself is not kept
    member     BIGINT NOT NULL REFERENCES member (id),
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);

CREATE TABLE roster_import (              -- a file that waits for its sender's confirmation
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    unit       TEXT NOT NULL REFERENCES unit (id),
    member     BIGINT NOT NULL,           -- who sent it
    people     TEXT NOT NULL,             -- []member.Person as JSON; '' once it is done with
    created_at BIGINT NOT NULL
);

-- Engine -------------------------------------------------------------------------

CREATE TABLE account (
    id     TEXT PRIMARY KEY,
    cursor TEXT NOT NULL DEFAULT ''       -- where its adapter resumes
);

CREATE TABLE shelf (                      -- an adapter's own durable state
    account TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   BLOB NOT NULL,
    PRIMARY KEY (account, key)
) WITHOUT ROWID;

CREATE TABLE event_seen (                 -- inbound dedupe; rows leave after 30 days
    account TEXT NOT NULL,
    key     TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (account, key)
) WITHOUT ROWID;

CREATE TABLE dead_letter (                -- events whose handling failed
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      BIGINT NOT NULL,
    account TEXT NOT NULL,                -- '' for a timer
    event   TEXT NOT NULL,                -- the event or timer as JSON, without files
    reason  TEXT NOT NULL
);

CREATE TABLE timer (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    due_at   BIGINT NOT NULL,
    feature  TEXT NOT NULL,
    kind     TEXT NOT NULL,
    ref      TEXT NOT NULL,               -- what it is about, in the feature's words
    key      TEXT NOT NULL UNIQUE,
    attempts BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX timer_due ON timer (due_at);

CREATE TABLE prompt (                     -- what a unit's chats wait for
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    unit      TEXT NOT NULL REFERENCES unit (id),
    feature   TEXT NOT NULL,
    ref       TEXT NOT NULL,              -- round, check-in … in the feature's words
    code      BIGINT NOT NULL,            -- short code shown to people
    want      TEXT NOT NULL,              -- command.Want as JSON
    opened_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX prompt_open ON prompt (unit) WHERE closed_at IS NULL;

-- Outbox -------------------------------------------------------------------------

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    key        TEXT NOT NULL UNIQUE,      -- its cause: the same cause never sends twice
    account    TEXT NOT NULL,
    chat       TEXT NOT NULL,             -- '': the private chat of user, to be opened
    user_id    TEXT NOT NULL,
    class      TEXT NOT NULL,             -- reply, push, notice, progress, digest
    message    TEXT NOT NULL,             -- chat.Message as JSON
    language   TEXT NOT NULL,
    prompt     BIGINT,                    -- the prompt that a reply to this message answers
    thread     TEXT NOT NULL,             -- messages of one thread replace each other, e.g. progress:round:17
    cause      TEXT NOT NULL,             -- e.g. occurrence:17; told when all of it is settled
    state      TEXT NOT NULL,             -- pending, sending, sent, uncertain, dead, skipped
    attempts   BIGINT NOT NULL DEFAULT 0,
    not_before BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    settled_at BIGINT,
    problem    TEXT NOT NULL DEFAULT ''   -- why it is not sent
);
CREATE INDEX outbox_lane ON outbox (account, chat, user_id, id) WHERE state IN ('pending', 'sending');
CREATE INDEX outbox_thread ON outbox (thread, account, chat) WHERE thread <> '';
CREATE INDEX outbox_cause ON outbox (cause) WHERE cause <> '';

CREATE TABLE outbox_part (                -- receipts, one a platform message
    outbox  BIGINT NOT NULL REFERENCES outbox (id),
    n       BIGINT NOT NULL,
    account TEXT NOT NULL,
    chat    TEXT NOT NULL,
    message TEXT NOT NULL,                -- the platform's id
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (outbox, n)
) WITHOUT ROWID;
CREATE INDEX outbox_part_message ON outbox_part (account, chat, message);

CREATE TABLE binding (                    -- where buttons cannot be shown: a typed number stands for one
    account TEXT NOT NULL,
    chat    TEXT NOT NULL,
    word    TEXT NOT NULL,
    outbox  BIGINT NOT NULL,
    data    TEXT NOT NULL,
    PRIMARY KEY (account, chat, outbox, word)
) WITHOUT ROWID;

-- Ledger -------------------------------------------------------------------------

CREATE TABLE ledger (                     -- insert only; one chain a unit
    unit     TEXT NOT NULL,
    seq      BIGINT NOT NULL,
    member   BIGINT NOT NULL,
    points   BIGINT NOT NULL,
    rule     TEXT NOT NULL,               -- rule id; 'award', 'revoke' for a secretary's own
    version  BIGINT NOT NULL,             -- of the rules that held
    day      TEXT NOT NULL,               -- in the unit's zone
    at       BIGINT NOT NULL,
    key      TEXT NOT NULL UNIQUE,        -- idempotency: one event earns once
    cause    TEXT NOT NULL,               -- what happened, e.g. round:17
    actor    BIGINT NOT NULL,             -- member who entered it by hand; 0 = a rule
    reverses BIGINT NOT NULL,             -- seq of the entry that this one undoes; 0 = none
    note     TEXT NOT NULL,               -- reason given by the actor
    hash     BLOB NOT NULL,               -- sha256 of the previous hash and this entry
    PRIMARY KEY (unit, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX ledger_reverses ON ledger (unit, reverses) WHERE reverses <> 0;

CREATE TABLE ledger_sum (                 -- period first: what is written today lies together
    period TEXT NOT NULL,                 -- '' for a member's balance; a day, month or year in which a rule has a cap
    member BIGINT NOT NULL,
    rule   TEXT NOT NULL,                 -- '' for the balance
    points BIGINT NOT NULL,
    PRIMARY KEY (period, member, rule)
) WITHOUT ROWID;

CREATE TABLE points_rules (               -- the rules as they stood, by version
    version BIGINT PRIMARY KEY,
    rules   TEXT NOT NULL UNIQUE,         -- JSON
    since   BIGINT NOT NULL
);

-- Features -----------------------------------------------------------------------

CREATE TABLE schedule (
    id        TEXT PRIMARY KEY,
    unit      TEXT NOT NULL REFERENCES unit (id),
    cron      TEXT NOT NULL,
    zone      TEXT NOT NULL,
    action    TEXT NOT NULL,              -- lesson, quiz, checkin …
    args      TEXT NOT NULL,              -- JSON object
    misfire   TEXT NOT NULL,
    starts_on TEXT NOT NULL DEFAULT '',
    ends_on   TEXT NOT NULL DEFAULT '',
    origin    TEXT NOT NULL,              -- config, or member:ID
    paused    BIGINT NOT NULL DEFAULT 0,
    handled   BIGINT NOT NULL,            -- the last instant that was dealt with
    gone_at   BIGINT                      -- taken out of the configuration
);

CREATE TABLE occurrence (                 -- one due instant, once
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule TEXT NOT NULL REFERENCES schedule (id),
    slot     TEXT NOT NULL,               -- wall-clock instant in the schedule's zone
    due_at   BIGINT NOT NULL,
    state    TEXT NOT NULL,               -- fired, done, partly, failed, skipped, missed
    reason   TEXT NOT NULL DEFAULT '',    -- a key of the catalogue
    at       BIGINT NOT NULL,
    UNIQUE (schedule, slot)
);

CREATE TABLE lesson_push (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    unit      TEXT NOT NULL REFERENCES unit (id),
    lesson    TEXT NOT NULL,              -- full id, e.g. starter/safety-01
    title     TEXT NOT NULL,
    series    TEXT NOT NULL,
    prompt    BIGINT NOT NULL,
    day       TEXT NOT NULL,
    pushed_at BIGINT NOT NULL
);
CREATE INDEX lesson_push_unit ON lesson_push (unit, series, id);

CREATE TABLE lesson_done (
    push   BIGINT NOT NULL REFERENCES lesson_push (id),
    member BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (push, member)
) WITHOUT ROWID;
CREATE INDEX lesson_done_member ON lesson_done (member, push);

CREATE TABLE round (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    unit      TEXT NOT NULL REFERENCES unit (id),
    pool      TEXT NOT NULL,              -- what it was drawn from
    question  TEXT NOT NULL,              -- full id, '' when composed in the chat
    content   TEXT NOT NULL,              -- the question as it was asked, JSON
    prompt    BIGINT NOT NULL,
    code      BIGINT NOT NULL,
    day       TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    closes_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX round_unit ON round (unit, id);

CREATE TABLE answer (
    round   BIGINT NOT NULL,
    member  BIGINT NOT NULL,
    value   TEXT NOT NULL,                -- canonical, e.g. AC
    at      BIGINT NOT NULL,
    PRIMARY KEY (round, member)
) WITHOUT ROWID;
CREATE INDEX answer_member ON answer (member, round);

CREATE TABLE checkin (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    unit      TEXT NOT NULL REFERENCES unit (id),
    title     TEXT NOT NULL,
    prompt    BIGINT NOT NULL,
    code      BIGINT NOT NULL,
    day       TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    closes_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX checkin_unit ON checkin (unit, id);

CREATE TABLE checkin_entry (
    checkin BIGINT NOT NULL,
    member  BIGINT NOT NULL,
    state   TEXT NOT NULL,                -- on_time, late_pending, late, leave
    at      BIGINT NOT NULL,
    reason  TEXT NOT NULL DEFAULT '',
    entered_by BIGINT NOT NULL DEFAULT 0, -- another member who entered it; 0 = himself
    PRIMARY KEY (checkin, member)
) WITHOUT ROWID;
CREATE INDEX checkin_entry_member ON checkin_entry (member, checkin);

CREATE TABLE paused (                     -- /暂停: the emergency brake
    unit  TEXT PRIMARY KEY,
    since BIGINT NOT NULL,
    actor BIGINT NOT NULL
);
