-- The kind of answer that joins something is called join.

-- +goose Up

UPDATE prompt SET want = REPLACE(want, '"kind":"signup"', '"kind":"join"') WHERE feature = 'signup';
