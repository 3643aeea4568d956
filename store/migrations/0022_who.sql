-- Who somebody is: how each account came to be a member's, what ends with it, and who asks to be let in.
-- +goose Up

CREATE TABLE account_binding (            -- each time that an account was bound to a member; a row is never deleted
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    member       BIGINT NOT NULL REFERENCES member (id),
    account      TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    name         TEXT NOT NULL DEFAULT '', -- as the platform showed it, untrusted
    how          TEXT NOT NULL,            -- invited (a code of a secretary), own_code, own_account, secretary, recognised, program, before (this table)
    confirmed_by BIGINT NOT NULL DEFAULT 0, -- the member who made the code or confirmed
    opened_by    BIGINT NOT NULL DEFAULT 0, -- the binding of the member's own account that made the code or confirmed
    bound_at     BIGINT NOT NULL,
    told_at      BIGINT,                   -- when the secretaries were told
    ended_at     BIGINT,
    ended_how    TEXT NOT NULL DEFAULT '', -- unbound, left (the browser room), over (too old), ended (by the member), replaced, dismissed
    browser      TEXT NOT NULL DEFAULT '', -- of a session of the browser room, e.g. Chrome · Windows
    seen_at      BIGINT NOT NULL DEFAULT 0 -- when such a session was last used; 0: it is none
);
CREATE INDEX account_binding_member ON account_binding (member, id);
CREATE INDEX account_binding_account ON account_binding (account, user_id);
CREATE INDEX account_binding_opened ON account_binding (opened_by) WHERE opened_by <> 0;
CREATE INDEX account_binding_untold ON account_binding (id) WHERE told_at IS NULL AND ended_at IS NULL;
INSERT INTO account_binding (member, account, user_id, how, bound_at, told_at)
    SELECT member, account, user_id, 'before', bound_at, bound_at FROM identity;

ALTER TABLE join_code ADD COLUMN made_by BIGINT NOT NULL DEFAULT 0;         -- the member who made it; 0: the program's command
ALTER TABLE join_code ADD COLUMN opened_by BIGINT NOT NULL DEFAULT 0;       -- the account_binding that made it
ALTER TABLE console_link ADD COLUMN opened_by BIGINT;       -- an account_binding; 0: the program's command; NULL: nobody knows
ALTER TABLE console_session ADD COLUMN opened_by BIGINT;
ALTER TABLE console_password ADD COLUMN opened_by BIGINT;
CREATE INDEX join_code_member ON join_code (member);
CREATE INDEX join_code_made_by ON join_code (made_by) WHERE made_by <> 0;

CREATE TABLE join_request (               -- somebody says who they are by name and number; that proves nothing
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    TEXT NOT NULL,             -- of the one who asks
    user_id    TEXT NOT NULL,
    chat       TEXT NOT NULL,             -- where they asked
    private    BIGINT NOT NULL,           -- 1: that is their private chat
    name       TEXT NOT NULL,             -- as the platform shows it, untrusted
    words      TEXT NOT NULL,             -- what they wrote; '' once it was looked up
    member     BIGINT NOT NULL DEFAULT 0, -- whom they say they are; 0: not looked up, or nobody
    unit       TEXT NOT NULL DEFAULT '',  -- whose secretaries are asked; '': the member's own accounts, or nobody
    state      TEXT NOT NULL,             -- new, secretary, own, nobody (asked), then confirmed, refused, expired
    asked_at   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    told_at    BIGINT,                    -- when the secretaries were told
    settled_at BIGINT,
    settled_by BIGINT NOT NULL DEFAULT 0  -- the member who confirmed or refused
);
CREATE INDEX join_request_open ON join_request (state, unit) WHERE settled_at IS NULL;
CREATE INDEX join_request_sender ON join_request (account, user_id, asked_at);
CREATE INDEX join_request_member ON join_request (member, asked_at) WHERE member <> 0;
