-- +goose Up
-- Whether all letters of a cause have come to rest is asked at each of them.
DROP INDEX outbox_cause;
CREATE INDEX outbox_cause ON outbox (cause, id) WHERE cause <> '';
CREATE INDEX outbox_open ON outbox (cause) WHERE cause <> '' AND state IN ('pending', 'sending');
