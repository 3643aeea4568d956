-- +goose Up
-- The epochs of the ledger whose heads were published beside the database: a file of
-- heads that is missing later was taken away.
CREATE TABLE ledger_epoch (
    epoch        BIGINT PRIMARY KEY,
    published_at BIGINT NOT NULL
);
