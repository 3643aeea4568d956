-- +goose Up
-- A round whose key was wrong and was corrected after it had been played.
ALTER TABLE round ADD COLUMN key_before TEXT NOT NULL DEFAULT ''; -- the key that was announced first; '' = it was never corrected
ALTER TABLE round ADD COLUMN corrections BIGINT NOT NULL DEFAULT 0;
