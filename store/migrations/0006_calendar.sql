-- Calendars, leave and shifts: schedules run on the right day, and nobody is asked who is away or asleep.
-- What was asked of people in a week can be summed up.
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

CREATE TABLE shift (                      -- rotations; who has none has no shifts
    member     BIGINT NOT NULL REFERENCES member (id),
    starts_on  TEXT NOT NULL,             -- the day of the first letter, 2006-01-02; a later one takes the place of an earlier one
    ends_on    TEXT NOT NULL,             -- the last day; '' = none
    pattern    TEXT NOT NULL,             -- a letter a day, again and again, e.g. 早早中中夜夜休休; '' = no shifts
    entered_by BIGINT NOT NULL,
    entered_at BIGINT NOT NULL,
    PRIMARY KEY (member, starts_on)
);

CREATE TABLE shift_import (               -- a file that waits for its sender's confirmation
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    unit       TEXT NOT NULL REFERENCES unit (id),
    member     BIGINT NOT NULL,           -- who sent it
    rotations  TEXT NOT NULL,             -- []shift.rotation as JSON
    created_at BIGINT NOT NULL
);

ALTER TABLE notice_reader ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0; -- how often
CREATE INDEX round_day ON round (unit, day);
CREATE INDEX checkin_day ON checkin (unit, day);
CREATE INDEX survey_day ON survey (unit, day);
