-- What a command would do is shown to its sender first, when a word in it may have been
-- meant as an option.
-- +goose Up

CREATE TABLE asked_command (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	member     BIGINT  NOT NULL REFERENCES member (id),
	unit       TEXT    NOT NULL REFERENCES unit (id),
	name       TEXT    NOT NULL,
	args       TEXT    NOT NULL,
	created_at BIGINT  NOT NULL
);
CREATE INDEX asked_command_created ON asked_command (created_at);
