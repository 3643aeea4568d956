-- A member's own page: who read what is kept about him; packs that are taken in at a page; content that is not used any more.
-- +goose Up

-- Who opened a member's page or changed something there (its ref is the member's id), who took lists out, what a member did.
CREATE INDEX console_audit_ref ON console_audit (ref, id) WHERE page = 'members/{id}';
CREATE INDEX console_audit_export ON console_audit (unit, at) WHERE act IN ('roster', 'ledger', 'signup');
CREATE INDEX console_audit_member ON console_audit (member, id);

CREATE TABLE pack_import (                -- a pack that waits for its sender's confirmation
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    member     BIGINT NOT NULL,           -- who sent it
    pack       TEXT NOT NULL,             -- its id
    body       BLOB NOT NULL,             -- the .zip file, checked
    created_at BIGINT NOT NULL
);

CREATE TABLE retired (                    -- lessons and questions that a unit, and those under it, are not shown any more
    unit   TEXT NOT NULL REFERENCES unit (id),
    ref    TEXT NOT NULL,                 -- full id, e.g. starter/org-001
    member BIGINT NOT NULL,               -- who retired it
    at     BIGINT NOT NULL,
    PRIMARY KEY (unit, ref)
);
