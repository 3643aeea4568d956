package quiz

import (
	"fmt"

	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/store"
)

// What pages show of rounds. As in the chats nobody sees before the close what
// was chosen, and nobody ever by whom.

// Summary is a round in the list of a page.
type Summary struct {
	Round
	Day      string
	Answered int
}

// Rounds is how many rounds a unit had from one day to another, both with it.
func Rounds(tx *store.Tx, unit, from, to string) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM round WHERE unit = $1 AND day >= $2 AND day <= $3`, unit, from, to).Scan(&n)
	return n, err
}

// Summaries are some of these, the newest first.
func Summaries(tx *store.Tx, unit, from, to string, limit, offset int) ([]Summary, error) {
	rows, err := tx.Query(`SELECT id, day, (SELECT COUNT(*) FROM answer a WHERE a.round = round.id) FROM round
		WHERE unit = $1 AND day >= $2 AND day <= $3 ORDER BY day DESC, id DESC LIMIT $4 OFFSET $5`, unit, from, to, limit, offset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Summary
	for rows.Next() {
		var s Summary
		if err := rows.Scan(&s.ID, &s.Day, &s.Answered); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close()
	for i := range out {
		r, err := load(tx, out[i].ID)
		if err != nil || r == nil {
			return nil, err
		}
		out[i].Round = *r
	}
	return out, nil
}

// Chosen is how often an option was chosen.
type Chosen struct {
	Letter, Text string
	N            int
	Right        bool
}

// Standing is how a round stands. After the close it tells the key and what was
// chosen.
type Standing struct {
	Round
	Answered int
	roster.Awaited
	Right  int
	Key    string
	Chosen []Chosen
}

// Stand is how a round of t.Unit stands; nil when it is another unit's.
func Stand(t *engine.Turn, id int64, limit, offset int) (*Standing, error) {
	r, err := load(t.Tx, id)
	if err != nil || r == nil || r.Unit != t.Unit.ID {
		return nil, err
	}
	answers, err := answersOf(t.Tx, r.Unit, id)
	if err != nil {
		return nil, err
	}
	s := &Standing{Round: *r, Answered: len(answers)}
	if s.Awaited, err = roster.Awaiting(t, r.OpenedAt, r.ClosesAt,
		`SELECT 1 FROM answer a WHERE a.round = $2 AND a.member = m.id`, id, limit, offset); err != nil || !r.Closed {
		return s, err
	}
	chosen := map[rune]int{}
	for _, a := range answers {
		if r.Question.Right(a.Value) {
			s.Right++
		}
		for _, c := range a.Value {
			chosen[c]++
		}
	}
	s.Key = key(t.Lang, &r.Question)
	for i, text := range r.Question.Options {
		letter := 'A' + rune(i)
		s.Chosen = append(s.Chosen, Chosen{string(letter), text, chosen[letter], r.Question.Right(string(letter))})
	}
	return s, nil
}

// Pulse changes when a round of a unit is opened, answered or closed.
func Pulse(tx *store.Tx, unit string) (string, error) {
	last, err := LastRound(tx, unit)
	if err != nil {
		return "", err
	}
	var open, answers int64
	err = tx.QueryRow(`SELECT COUNT(DISTINCT p.id), COUNT(a.member) FROM prompt p LEFT JOIN answer a ON a.round = CAST(p.ref AS BIGINT)
		WHERE p.unit = $1 AND p.closed_at IS NULL AND p.feature = 'quiz'`, unit).Scan(&open, &answers)
	return fmt.Sprint(last, open, answers), err
}

// LastRound is the number of the last round in a unit; 0 before the first.
func LastRound(tx *store.Tx, unit string) (id int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(id), 0) FROM round WHERE unit = $1`, unit).Scan(&id)
	return id, err
}

// Uses are the questions of packs that were asked in a unit, by their full id.
func Uses(tx *store.Tx, unit string) (map[string]roster.Used, error) {
	return roster.Uses(tx, `SELECT question, COUNT(*), MAX(opened_at) FROM round WHERE unit = $1 AND question <> '' GROUP BY question`, unit)
}
