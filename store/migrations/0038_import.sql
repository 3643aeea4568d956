-- What of a file of questions is not taken in, as its preview shows it.
-- +goose Up

ALTER TABLE pack_import ADD COLUMN left_out TEXT NOT NULL DEFAULT ''; -- JSON; '': nothing
