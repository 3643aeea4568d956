-- Files belong to one draft of a notice.
-- +goose Up

ALTER TABLE notice_draft ADD COLUMN draft TEXT NOT NULL DEFAULT ''; -- the form on a page that it was attached in; '': sent in the chat
