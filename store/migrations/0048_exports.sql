-- Who took out a file is found by the page that gave it, whichever feature has that.

-- +goose Up

DROP INDEX console_audit_export;
CREATE INDEX console_audit_export ON console_audit (unit, at) WHERE page LIKE '%/export';
UPDATE console_audit SET act = 'export' WHERE act IN ('roster', 'ledger', 'signup', 'report', 'handbook', 'mydata');
