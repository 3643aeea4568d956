-- What could be an answer and is no clear one is asked about, once a person and item.
-- +goose Up

CREATE TABLE asked (                      -- who was asked; of what was said nothing is kept. Goes when the item closes
    prompt BIGINT NOT NULL REFERENCES prompt (id),
    member BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    named  INTEGER NOT NULL,              -- 1: asked in private, or named in the group
    PRIMARY KEY (prompt, member)
);
CREATE INDEX asked_member ON asked (member);
