package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"branchbot/bot/command"
	"branchbot/store"
)

// Prompt is something that a unit's chats wait for: an answer to a round, a
// check-in. While it is open, messages that match Want as a whole count.
type Prompt struct {
	ID      int64
	Unit    string
	Feature string
	Ref     string // the round, check-in … in the feature's words
	Code    int    // short number that people can put before an answer
	Want    command.Want

	OpenedAt time.Time
	ClosesAt time.Time // the deadline; zero: none is known
	Closed   bool
	ClosedAt time.Time // by the clock of the bot, which may have been late
}

// codes are 1 to 99 in turn, so that they stay short; only a code of a prompt
// that is still open is passed over.
const codes = 99

// Open opens a prompt of t.Unit and returns its id and short code. What is said after
// the deadline is no answer, even before ClosePrompt; zero: there is none.
func (t *Turn) Open(feature, ref string, want command.Want, deadline time.Time) (Prompt, error) {
	open, err := t.prompts(t.Unit.ID)
	if err != nil {
		return Prompt{}, err
	}
	t.work.touch(t.Unit.ID)
	code, err := t.nextCode(open)
	if err != nil {
		return Prompt{}, err
	}
	text, err := json.Marshal(want)
	if err != nil {
		return Prompt{}, err
	}
	p := Prompt{Unit: t.Unit.ID, Feature: feature, Ref: ref, Code: code, Want: want, OpenedAt: t.Tx.Now, ClosesAt: deadline}
	closes := int64(0)
	if !deadline.IsZero() {
		closes = deadline.UnixMilli()
	}
	err = t.Tx.QueryRow(`INSERT INTO prompt (unit, feature, ref, code, want, opened_at, closes_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
		p.Unit, p.Feature, p.Ref, p.Code, string(text), t.Tx.Millis(), closes).Scan(&p.ID)
	if err != nil {
		return Prompt{}, fmt.Errorf("open prompt: %w", err)
	}
	return p, nil
}

func (t *Turn) nextCode(open []Prompt) (int, error) {
	taken := func(code int) bool { return slices.ContainsFunc(open, func(p Prompt) bool { return p.Code == code }) }
	for {
		var code int
		err := t.Tx.QueryRow(`UPDATE unit SET code_next = code_next % $1 + 1, prompts = prompts + 1 WHERE id = $2
			RETURNING (code_next + $1 - 2) % $1 + 1`, codes, t.Unit.ID).Scan(&code)
		if err != nil || len(open) >= codes || !taken(code) {
			return code, err
		}
	}
}

// ClosePrompt ends the waiting.
func (t *Turn) ClosePrompt(id int64) error {
	var unit string
	err := t.Tx.QueryRow(`UPDATE prompt SET closed_at = $1 WHERE id = $2 RETURNING unit`, t.Tx.Millis(), id).Scan(&unit)
	if err != nil {
		return fmt.Errorf("close prompt %d: %w", id, err)
	}
	t.work.touch(unit)
	if _, err := t.Tx.Exec(`UPDATE unit SET prompts = prompts + 1, prompt_closed_at = $1 WHERE id = $2`, t.Tx.Millis(), unit); err != nil {
		return fmt.Errorf("close prompt %d: %w", id, err)
	}
	return t.forgetAnswers(id)
}

// waits are the open prompts of a unit, as some transaction saw them.
type waits struct {
	version int64
	open    []Prompt
}

// prompts are the open ones of a unit, as this transaction sees them.
func (t *Turn) prompts(unit string) ([]Prompt, error) {
	e := t.work.engine
	if t.work.dirty[unit] || !t.Tx.Writable { // a page may read an older state than the cache has
		return loadPrompts(t.Tx, unit)
	}
	version, err := t.work.version(unit)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	kept, ok := e.waits[unit]
	e.mu.Unlock()
	if ok && kept.version == version {
		return kept.open, nil
	}
	// What is read here may be newer than the version; then it is read again by the
	// next transaction.
	open, err := loadPrompts(t.Tx, unit)
	if err != nil || t.work.dirty[unit] { // by another job, meanwhile
		return open, err
	}
	e.mu.Lock()
	if now, ok := e.waits[unit]; !ok || now.version <= version {
		e.waits[unit] = waits{version, open}
	}
	e.mu.Unlock()
	return open, nil
}

// touch makes the transaction, which counts up the version, read a unit's prompts
// anew.
func (w *work) touch(unit string) {
	if w.dirty == nil {
		w.dirty = map[string]bool{}
	}
	w.dirty[unit] = true
}

const selectPrompt = `SELECT id, unit, feature, ref, code, want, opened_at, closes_at, closed_at FROM prompt `

func loadPrompts(tx *store.Tx, unit string) ([]Prompt, error) {
	return selectPrompts(tx, `WHERE unit = $1 AND closed_at IS NULL ORDER BY id`, unit)
}

func selectPrompts(tx *store.Tx, where string, args ...any) ([]Prompt, error) {
	rows, err := tx.Query(selectPrompt+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read prompts: %w", err)
	}
	defer rows.Close()
	open := []Prompt{}
	for rows.Next() {
		p, err := scanPrompt(rows)
		if err != nil {
			return nil, err
		}
		open = append(open, p)
	}
	return open, rows.Err()
}

// Prompt is the prompt of an id that a feature has kept.
func (t *Turn) Prompt(id int64) (Prompt, error) { return t.prompt(id) }

// prompt returns store.ErrNoRows for an unknown id.
func (t *Turn) prompt(id int64) (Prompt, error) {
	if t.Unit != nil { // what is pressed is mostly open here, and then known
		open, err := t.prompts(t.Unit.ID)
		if err != nil {
			return Prompt{}, err
		}
		for i := range open {
			if open[i].ID == id {
				return open[i], nil
			}
		}
	}
	p, err := scanPrompt(t.Tx.QueryRow(selectPrompt+`WHERE id = $1`, id))
	if _, looked := t.work.versions[p.Unit]; err != nil || looked || !t.Tx.Parallel {
		return p, err
	}
	// The version comes first: so a close until the unit is locked is noticed.
	if _, err := t.work.version(p.Unit); err != nil {
		return p, err
	}
	return scanPrompt(t.Tx.QueryRow(selectPrompt+`WHERE id = $1`, id))
}

func scanPrompt(row store.Scanner) (Prompt, error) {
	var p Prompt
	var want string
	var opened, closes int64
	var closed *int64
	if err := row.Scan(&p.ID, &p.Unit, &p.Feature, &p.Ref, &p.Code, &want, &opened, &closes, &closed); err != nil {
		return p, err
	}
	p.OpenedAt = time.UnixMilli(opened)
	if closes != 0 {
		p.ClosesAt = time.UnixMilli(closes)
	}
	if closed != nil {
		p.Closed, p.ClosedAt = true, time.UnixMilli(*closed)
	}
	if err := json.Unmarshal([]byte(want), &p.Want); err != nil {
		return p, fmt.Errorf("prompt %d: %w", p.ID, err)
	}
	return p, nil
}
