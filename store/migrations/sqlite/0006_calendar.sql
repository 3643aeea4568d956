-- Calendars, leave and shifts: schedules run on the right day, and nobody is asked who is away or asleep.
-- +goose Up

ALTER TABLE schedule ADD COLUMN days TEXT NOT NULL DEFAULT ''; -- schedules.DayRule as JSON; '': cron says the days

CREATE TABLE holiday_year (               -- imported; takes the place of the shipped year
    year         BIGINT PRIMARY KEY,
    file         TEXT NOT NULL,           -- its name, for faults
    text         TEXT NOT NULL,           -- as it was imported
    installed_at BIGINT NOT NULL
);

CREATE TABLE leave (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    member     BIGINT NOT NULL REFERENCES member (id),
    from_at    BIGINT NOT NULL,
    to_at      BIGINT NOT NULL,           -- the first instant after it
    reason     TEXT NOT NULL,
    entered_by BIGINT NOT NULL,           -- another member who entered it; 0 = himself
    created_at BIGINT NOT NULL
);
CREATE INDEX leave_member ON leave (member, to_at);
CREATE INDEX leave_to ON leave (to_at);

CREATE TABLE shift (                      -- who is not in it has no shifts
    member     BIGINT PRIMARY KEY REFERENCES member (id),
    pattern    TEXT NOT NULL,             -- a letter a day, again and again, e.g. 早早中中夜夜休休
    starts_on  TEXT NOT NULL,             -- the day of the first letter, 2006-01-02
    entered_by BIGINT NOT NULL,
    entered_at BIGINT NOT NULL
);

CREATE TABLE shift_import (               -- a file that waits for its sender's confirmation
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    unit       TEXT NOT NULL REFERENCES unit (id),
    member     BIGINT NOT NULL,           -- who sent it
    patterns   TEXT NOT NULL,             -- []shift.Pattern as JSON; '' once it is done with
    created_at BIGINT NOT NULL
);
