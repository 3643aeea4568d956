package quiz

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/content"
	"branchbot/store"
)

// Round is a question being asked.
type Round struct {
	ID       int64
	Unit     string
	Question content.Question
	Prompt   int64
	Code     int
	OpenedAt time.Time
	ClosesAt time.Time
	Closed   bool
	Polled   bool // posted as a poll where the platform has polls

	KeyBefore   string // the key that was announced first, if it was corrected since
	Corrections int
}

func (r *Round) insert(tx *store.Tx, pool, text, day string) error {
	err := tx.QueryRow(`INSERT INTO round (unit, pool, question, content, prompt, code, day, opened_at, closes_at, polled)
		VALUES ($1, $2, $3, $4, 0, 0, $5, $6, $7, $8) RETURNING id`,
		r.Unit, pool, r.Question.Ref(), text, day, tx.Millis(), r.ClosesAt.UnixMilli(), r.Polled).Scan(&r.ID)
	if err != nil {
		return fmt.Errorf("open round: %w", err)
	}
	return nil
}

func (r *Round) prompted(tx *store.Tx, p engine.Prompt) error {
	r.Prompt, r.Code = p.ID, p.Code
	_, err := tx.Exec(`UPDATE round SET prompt = $1, code = $2 WHERE id = $3`, p.ID, p.Code, r.ID)
	return err
}

func (r *Round) closed(tx *store.Tx) error {
	_, err := tx.Exec(`UPDATE round SET closed_at = $1 WHERE id = $2`, tx.Millis(), r.ID)
	return err
}

// rekeyed keeps the question with its corrected key, and marks the round.
func (r *Round) rekeyed(tx *store.Tx, before string) error {
	text, err := json.Marshal(&r.Question)
	if err != nil {
		return err
	}
	if r.KeyBefore == "" {
		r.KeyBefore = before
	}
	r.Corrections++
	_, err = tx.Exec(`UPDATE round SET content = $1, key_before = $2, corrections = $3 WHERE id = $4`, string(text), r.KeyBefore, r.Corrections, r.ID)
	return err
}

// nextCode is the short code that a round opened now would most likely get.
func nextCode(tx *store.Tx, unit string) (code int, err error) {
	err = tx.QueryRow(`SELECT code_next FROM unit WHERE id = $1`, unit).Scan(&code)
	return code, err
}

// load returns nil for an unknown round.
func load(tx *store.Tx, id int64) (*Round, error) {
	r := &Round{ID: id}
	var text string
	var opened, closes int64
	err := tx.QueryRow(`SELECT unit, content, prompt, code, opened_at, closes_at, closed_at IS NOT NULL, polled, key_before, corrections FROM round WHERE id = $1`, id).
		Scan(&r.Unit, &text, &r.Prompt, &r.Code, &opened, &closes, &r.Closed, &r.Polled, &r.KeyBefore, &r.Corrections)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("round %d: %w", id, err)
	}
	r.OpenedAt, r.ClosesAt = time.UnixMilli(opened), time.UnixMilli(closes)
	if err := json.Unmarshal([]byte(text), &r.Question); err != nil {
		return nil, fmt.Errorf("round %d: %w", id, err)
	}
	return r, nil
}

// lastClosed is the newest closed round of a unit, of a short code unless that
// is 0; store.ErrNoRows when there is none.
func lastClosed(tx *store.Tx, unit string, code int) (id int64, err error) {
	err = tx.QueryRow(`SELECT id FROM round WHERE unit = $1 AND closed_at IS NOT NULL AND (code = $2 OR $2 = 0) ORDER BY id DESC LIMIT 1`,
		unit, code).Scan(&id)
	return id, err
}

// usesOf counts how often each question has been asked in a unit.
func usesOf(tx *store.Tx, unit string) (map[string]int, error) {
	rows, err := tx.Query(`SELECT question, COUNT(*) FROM round WHERE unit = $1 AND question <> '' GROUP BY question`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	uses := map[string]int{}
	for rows.Next() {
		var q string
		var n int
		if err := rows.Scan(&q, &n); err != nil {
			return nil, err
		}
		uses[q] = n
	}
	return uses, rows.Err()
}

// setAnswer keeps an answer; true when it is the member's first in the round.
func setAnswer(t *engine.Turn, round, member int64, value string) (first bool, err error) {
	tx, at := t.Tx, t.When.UnixMilli()
	n, err := tx.Exec(`INSERT INTO answer (round, member, value, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		round, member, value, at)
	if err != nil || n > 0 {
		return n > 0, err
	}
	_, err = tx.Exec(`UPDATE answer SET value = $1, at = $2 WHERE round = $3 AND member = $4`, value, at, round, member)
	return false, err
}

// selectionOf is what a member has ticked of a multiple choice; if nothing,
// what he has answered.
func selectionOf(tx *store.Tx, round, member int64) (value string, err error) {
	err = tx.QueryRow(`SELECT value FROM (SELECT value, 0 AS n FROM selection WHERE round = $1 AND member = $2
		UNION ALL SELECT value, 1 FROM answer WHERE round = $1 AND member = $2) AS ticked ORDER BY n LIMIT 1`, round, member).Scan(&value)
	if errors.Is(err, store.ErrNoRows) {
		return "", nil
	}
	return value, err
}

func setSelection(tx *store.Tx, round, member int64, value string) error {
	_, err := tx.Exec(`INSERT INTO selection (round, member, value) VALUES ($1, $2, $3)
		ON CONFLICT (round, member) DO UPDATE SET value = excluded.value`, round, member, value)
	return err
}

// unsent are the members who have ticked something in a round and submitted nothing.
func unsent(tx *store.Tx, round int64) (ids []int64, err error) {
	rows, err := tx.Query(`SELECT s.member FROM selection s JOIN member m ON m.id = s.member WHERE s.round = $1 AND s.value <> '' AND m.left_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM answer a WHERE a.round = s.round AND a.member = s.member) ORDER BY s.member`, round)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

func dropSelection(tx *store.Tx, round, member int64) error {
	_, err := tx.Exec(`DELETE FROM selection WHERE round = $1 AND member = $2`, round, member)
	return err
}

// dropSelections drops what was ticked and not submitted in a unit's rounds for which no
// submission can come any more.
func dropSelections(tx *store.Tx, unit string) error {
	_, err := tx.Exec(`DELETE FROM selection WHERE round IN (SELECT id FROM round WHERE unit = $1 AND closed_at < $2)`,
		unit, tx.Now.Add(-engine.DatedFor).UnixMilli())
	return err
}

func withdraw(tx *store.Tx, round, member int64) error {
	_, err := tx.Exec(`DELETE FROM answer WHERE round = $1 AND member = $2`, round, member)
	return err
}

// answerOf is "" when the member has not answered.
func answerOf(tx *store.Tx, round, member int64) (value string, err error) {
	err = tx.QueryRow(`SELECT value FROM answer WHERE round = $1 AND member = $2`, round, member).Scan(&value)
	if errors.Is(err, store.ErrNoRows) {
		return "", nil
	}
	return value, err
}

type answer struct {
	Member int64
	Value  string
}

// answersOf are the answers of those who are on the unit's roster still: who has left counts
// neither among those asked nor among those who answered.
func answersOf(tx *store.Tx, unit string, round int64) ([]answer, error) {
	rows, err := tx.Query(roster.Under+`SELECT a.member, a.value FROM answer a JOIN member m ON m.id = a.member
		WHERE a.round = $2 AND m.left_at IS NULL AND m.unit IN (SELECT id FROM below) ORDER BY a.member`, unit, round)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []answer
	for rows.Next() {
		var a answer
		if err := rows.Scan(&a.Member, &a.Value); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// history is all that is stored of a member's answers: their number and a
// line for each of the last 50.
func history(t *engine.Turn, member int64) (n int, lines []string, err error) {
	if err := t.Tx.QueryRow(`SELECT COUNT(*) FROM answer WHERE member = $1`, member).Scan(&n); err != nil {
		return 0, nil, err
	}
	rows, err := t.Tx.Query(`SELECT r.code, r.day, a.value, a.at FROM answer a JOIN round r ON r.id = a.round
		WHERE a.member = $1 ORDER BY a.round DESC LIMIT 50`, member)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var code int
		var day, value string
		var at int64
		if err := rows.Scan(&code, &day, &value, &at); err != nil {
			return 0, nil, err
		}
		lines = append(lines, fmt.Sprintf("%s #%d %s (%s)", day, code, shown(t.Lang, value), time.UnixMilli(at).In(t.Unit.Zone).Format("15:04")))
	}
	return n, lines, rows.Err()
}

// Items are the rounds of a unit in the days from one on, up to another; the
// title is the question.
func Items(tx *store.Tx, unit, from, to string) ([]engine.Item, error) {
	items, err := roster.Items(tx, `SELECT id, content, day, opened_at, closes_at, closed_at IS NOT NULL FROM round
		WHERE unit = $1 AND day >= $2 AND day < $3 ORDER BY id`, unit, from, to)
	for i := range items {
		var q content.Question
		if err := json.Unmarshal([]byte(items[i].Title), &q); err != nil {
			return nil, fmt.Errorf("round %d: %w", items[i].ID, err)
		}
		items[i].Title = q.Ask
	}
	return items, err
}

// How an answer was: the words of Deeds.
const (
	Right = "right"
	Wrong = "wrong"
)

// Deeds are the answers of those who stayed in a unit to the Items of asked,
// which is the unit or one above it.
func Deeds(tx *store.Tx, asked, unit, from, to string) ([]engine.Deed, error) {
	questions, err := questionsOf(tx, asked, from, to)
	if err != nil || len(questions) == 0 {
		return nil, err
	}
	deeds, err := roster.Deeds(tx, `SELECT a.round, a.member, a.value FROM round r CROSS JOIN stay s CROSS JOIN answer a
		WHERE r.unit = $1 AND r.day >= $3 AND r.day < $4 AND a.round = r.id AND`+roster.Staying("a.member", "a.at"), asked, unit, from, to)
	for i, d := range deeds {
		deeds[i].How = Wrong
		if q := questions[d.Item]; q.Right(d.How) {
			deeds[i].How = Right
		}
	}
	return deeds, err
}

// questionsOf are the questions of a unit's rounds of some days, by round.
func questionsOf(tx *store.Tx, unit, from, to string) (map[int64]*content.Question, error) {
	rows, err := tx.Query(`SELECT id, content FROM round WHERE unit = $1 AND day >= $2 AND day < $3`, unit, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[int64]*content.Question{}
	for rows.Next() {
		var id int64
		var text []byte
		if err := rows.Scan(&id, &text); err != nil {
			return nil, err
		}
		q := &content.Question{}
		if err := json.Unmarshal(text, q); err != nil {
			return nil, fmt.Errorf("round %d: %w", id, err)
		}
		out[id] = q
	}
	return out, rows.Err()
}

// titleOf is the question of a round; "" when it is gone.
func titleOf(tx *store.Tx, id int64) (string, error) {
	r, err := load(tx, id)
	if err != nil || r == nil {
		return "", err
	}
	return r.Question.Ask, nil
}

// FirstDay is the day of the first thing that is kept about a member; "" for none.
func FirstDay(tx *store.Tx, member int64) (day string, err error) {
	err = tx.QueryRow(`SELECT r.day FROM answer a JOIN round r ON r.id = a.round WHERE a.member = $1 ORDER BY a.round LIMIT 1`, member).Scan(&day)
	if errors.Is(err, store.ErrNoRows) {
		err = nil
	}
	return day, err
}
