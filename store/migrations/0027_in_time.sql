-- What was said in time counts, whenever it reaches us.
-- +goose Up

ALTER TABLE prompt ADD COLUMN closes_at BIGINT NOT NULL DEFAULT 0;        -- the deadline; 0 = it was opened without one
UPDATE prompt SET closes_at = COALESCE((SELECT r.closes_at FROM round r WHERE r.id = CAST(prompt.ref AS BIGINT)), 0)
	WHERE closed_at IS NULL AND feature = 'quiz';
UPDATE prompt SET closes_at = COALESCE((SELECT c.closes_at FROM checkin c WHERE c.id = CAST(prompt.ref AS BIGINT)), 0)
	WHERE closed_at IS NULL AND feature = 'checkin';
UPDATE prompt SET closes_at = COALESCE((SELECT s.closes_at FROM signup s WHERE s.id = CAST(prompt.ref AS BIGINT)), 0)
	WHERE closed_at IS NULL AND feature = 'signup';
UPDATE prompt SET closes_at = COALESCE((SELECT n.closes_at FROM notice n WHERE n.id = CAST(prompt.ref AS BIGINT)), 0)
	WHERE closed_at IS NULL AND feature = 'notice';
CREATE INDEX prompt_closed ON prompt (unit, closed_at) WHERE closed_at IS NOT NULL;

ALTER TABLE unit ADD COLUMN prompt_closed_at BIGINT NOT NULL DEFAULT 0;   -- when the last of its prompts closed
UPDATE unit SET prompt_closed_at = COALESCE((SELECT MAX(p.closed_at) FROM prompt p WHERE p.unit = unit.id AND p.closed_at IS NOT NULL), 0);

ALTER TABLE account ADD COLUMN heard_at BIGINT NOT NULL DEFAULT 0;        -- until when all that its platform had for us was taken in

UPDATE timer SET kind = 'close' WHERE feature = 'notice' AND kind = 'step' AND key LIKE 'notice:close:%';

CREATE TABLE answer_late (                -- whose answer to a prompt was given in time and came after the close
    prompt BIGINT NOT NULL,
    member BIGINT NOT NULL,
    PRIMARY KEY (prompt, member)
) WITHOUT ROWID;
