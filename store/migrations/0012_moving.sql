-- A database into which a move was cut off is told from one that is whole.
-- +goose Up

CREATE TABLE moving (                     -- a row while branchbot move fills the database, else none
    since BIGINT NOT NULL
);
