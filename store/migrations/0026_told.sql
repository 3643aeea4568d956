-- What a platform does not take is told: why a message waits or was given up, what it is about and whom it concerns.
-- +goose Up

ALTER TABLE outbox ADD COLUMN unit TEXT NOT NULL DEFAULT '';     -- whose secretaries are told when it does not arrive
ALTER TABLE outbox ADD COLUMN author BIGINT NOT NULL DEFAULT 0;  -- the member who caused it and is told instead; 0 = none
ALTER TABLE outbox ADD COLUMN about TEXT NOT NULL DEFAULT '';    -- what it is, in words; '': nobody is told
ALTER TABLE outbox ADD COLUMN reason TEXT NOT NULL DEFAULT '';   -- why it waits or was not sent: outbox.Reason

CREATE INDEX outbox_notice ON outbox (prompt) WHERE class = 'notice' AND prompt <> 0; -- whether a notice has arrived

ALTER TABLE chat ADD COLUMN reason TEXT NOT NULL DEFAULT '';     -- why the bot may not write there, with state muted or removed
ALTER TABLE identity ADD COLUMN refused_at BIGINT NOT NULL DEFAULT 0; -- the private chat takes nothing since; 0 = it does
CREATE INDEX identity_private ON identity (account, private_chat);

CREATE TABLE undelivered (                -- what did not arrive, an item and a chat each
    unit    TEXT NOT NULL,                -- unit, author, about: as in outbox; together the item
    author  BIGINT NOT NULL,
    about   TEXT NOT NULL,
    account TEXT NOT NULL,
    chat    TEXT NOT NULL,                -- '': private chats
    state   TEXT NOT NULL,                -- waiting, failed, delivered after all
    reason  TEXT NOT NULL,
    n       BIGINT NOT NULL,              -- how many messages
    until   BIGINT NOT NULL,              -- it is tried again then; 0 = not known
    at      BIGINT NOT NULL,
    told    TEXT NOT NULL DEFAULT '',     -- the state that people were told of
    PRIMARY KEY (unit, author, about, account, chat)
) WITHOUT ROWID;
CREATE INDEX undelivered_unit ON undelivered (unit, at);

CREATE TABLE undelivered_told (           -- when people were told last about an item
    unit   TEXT NOT NULL,
    author BIGINT NOT NULL,
    about  TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (unit, author, about)
) WITHOUT ROWID;

CREATE TABLE account_trouble (            -- accounts that have sent nothing for a while
    account TEXT PRIMARY KEY,
    reason  TEXT NOT NULL,
    since   BIGINT NOT NULL,
    told_at BIGINT NOT NULL DEFAULT 0     -- 0: not yet
);
