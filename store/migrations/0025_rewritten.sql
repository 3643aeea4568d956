-- A letter whose picture or poll was refused is written anew; answers that an edit must not bring back.
-- +goose Up

ALTER TABLE outbox ADD COLUMN parts_before BIGINT NOT NULL DEFAULT 0; -- receipts of parts that the message, written anew, has no more

CREATE TABLE message_heard (              -- what a message said that the bot has acted on; rows leave after 30 days
    account TEXT NOT NULL,
    chat    TEXT NOT NULL,
    message TEXT NOT NULL,
    text    TEXT NOT NULL,                -- fingerprint: an edit that changes nothing is no new answer
    at      BIGINT NOT NULL,
    PRIMARY KEY (account, chat, message)
) WITHOUT ROWID;
CREATE INDEX message_heard_at ON message_heard (at);
