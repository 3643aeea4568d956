-- Answers of people who are not bound yet, which message an answer came by, and letters that come too late.
-- +goose Up

CREATE TABLE pending_answer (             -- counted once the account is bound; gone when the prompt closes
    account TEXT NOT NULL,
    user_id TEXT NOT NULL,
    prompt  BIGINT NOT NULL REFERENCES prompt (id),
    answer  TEXT NOT NULL,                -- command.Answer as JSON
    message TEXT NOT NULL,                -- that it came by
    chat    TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (account, user_id, prompt)
) WITHOUT ROWID;
CREATE INDEX pending_answer_prompt ON pending_answer (prompt);
CREATE INDEX pending_answer_message ON pending_answer (account, chat, message);

CREATE TABLE answer_message (             -- the message of a member's last answer, where messages can be recalled; gone at the close
    prompt  BIGINT NOT NULL REFERENCES prompt (id),
    member  BIGINT NOT NULL,
    account TEXT NOT NULL,
    chat    TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (prompt, member)
) WITHOUT ROWID;
CREATE INDEX answer_message_message ON answer_message (account, chat, message);

ALTER TABLE outbox ADD COLUMN expires_at BIGINT;  -- not sent after this: a push that a schedule's misfire rule calls too late
