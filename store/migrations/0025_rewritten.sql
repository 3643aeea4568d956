-- A letter whose picture or poll was refused is written anew; answers that an edit must not bring back.
-- +goose Up

ALTER TABLE outbox ADD COLUMN parts_before BIGINT NOT NULL DEFAULT 0; -- receipts of parts that the message, written anew, has no more
