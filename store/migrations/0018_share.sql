-- Several processes share the work: who is there and does what, what each keeps in memory, who waits for whom.
-- +goose Up

DELETE FROM lease;                        -- of one process that did all
ALTER TABLE lease ADD COLUMN since BIGINT NOT NULL DEFAULT 0;     -- when its owner took it
ALTER TABLE lease ADD COLUMN state TEXT NOT NULL DEFAULT '';      -- how it is doing, in the owner's words
-- With it a change of the fence waits for the transactions that hold on to the row, and a renewal does not.
CREATE UNIQUE INDEX lease_fence ON lease (name, fence);

CREATE TABLE process (                    -- the processes that share the work
    owner      TEXT PRIMARY KEY,          -- host, process id and a random word
    address    TEXT NOT NULL,             -- of its pages
    version    TEXT NOT NULL,
    roles      TEXT NOT NULL,             -- what it can do, a name a line
    started_at BIGINT NOT NULL,           -- this and the next by the clock of the database
    seen_at    BIGINT NOT NULL
);

CREATE TABLE generation (                 -- counts up with what processes keep in memory
    name TEXT PRIMARY KEY,
    n    BIGINT NOT NULL
);
INSERT INTO generation (name, n) VALUES ('directory', 0), ('holidays', 0), ('settings', 0);

CREATE TABLE schema_since (               -- the oldest version of the schema whose programs may still work on this one
    version BIGINT NOT NULL
);
INSERT INTO schema_since (version) VALUES (18);

ALTER TABLE unit ADD COLUMN prompts BIGINT NOT NULL DEFAULT 0;    -- counts up when a prompt opens or closes
ALTER TABLE timer ADD COLUMN unit TEXT NOT NULL DEFAULT '';       -- that it concerns, as far as that was known when it was set
UPDATE timer SET unit = COALESCE((SELECT s.unit FROM schedule s WHERE s.id = timer.ref), '') WHERE feature = 'schedule' AND kind = 'run';
