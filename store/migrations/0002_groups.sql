-- What groups on chat platforms can do: have polls, mute or remove the bot, move, be bound by a code.
-- +goose Up

ALTER TABLE chat ADD COLUMN state TEXT NOT NULL DEFAULT '';        -- muted, removed, moved; '': the bot may write there

ALTER TABLE outbox_part ADD COLUMN poll TEXT NOT NULL DEFAULT '';  -- the platform's id of the poll that the message is
CREATE INDEX outbox_part_poll ON outbox_part (account, poll) WHERE poll <> '';

ALTER TABLE join_code ADD COLUMN unit TEXT NOT NULL DEFAULT '';    -- binds a group to this unit; '': binds an account to the member

CREATE TABLE selection (                  -- options of a multiple choice that are ticked and not yet submitted
    round  BIGINT NOT NULL,
    member BIGINT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (round, member)
) WITHOUT ROWID;

ALTER TABLE round ADD COLUMN polled BIGINT NOT NULL DEFAULT 0;     -- 1: posted as a poll where the platform has polls
