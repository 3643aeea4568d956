package suggestion

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"branchbot/store"
)

// Case is a suggestion or a question.
type Case struct {
	ID     int64
	Unit   string
	Kind   string // suggestion, question
	Year   int
	Number int
	Member int64  // 0: no name was given
	Code   string // hash of the code by which an author without a name asks
	Body   string
	State  string // received, studying, adopted, declined, done
	Answer string
	DueDay string
	Day    string
}

func (c *Case) open() bool {
	return slices.Contains([]string{"received", "studying", "adopted"}, c.State)
}

// insert gives the case the next number of its unit, kind and year.
func (c *Case) insert(tx *store.Tx) error {
	err := tx.QueryRow(`INSERT INTO suggestion (unit, kind, year, number, member, code, body, state, due_day, day)
		VALUES ($1, $2, $3, 1 + COALESCE((SELECT MAX(number) FROM suggestion WHERE unit = $1 AND kind = $2 AND year = $3), 0),
		$4, $5, $6, $7, $8, $9) RETURNING id, number`,
		c.Unit, c.Kind, c.Year, c.Member, c.Code, c.Body, c.State, c.DueDay, c.Day).Scan(&c.ID, &c.Number)
	if err != nil {
		return fmt.Errorf("register case: %w", err)
	}
	return nil
}

func (c *Case) save(tx *store.Tx) error {
	_, err := tx.Exec(`UPDATE suggestion SET state = $1, answer = $2, due_day = $3 WHERE id = $4`, c.State, c.Answer, c.DueDay, c.ID)
	return err
}

const selectCase = `SELECT id, unit, kind, year, number, member, code, body, state, answer, due_day, day FROM suggestion `

func scanCase(row store.Scanner) (*Case, error) {
	c := &Case{}
	err := row.Scan(&c.ID, &c.Unit, &c.Kind, &c.Year, &c.Number, &c.Member, &c.Code, &c.Body, &c.State, &c.Answer, &c.DueDay, &c.Day)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return c, err
}

// load returns nil for an unknown case.
func load(tx *store.Tx, id int64) (*Case, error) {
	return scanCase(tx.QueryRow(selectCase+`WHERE id = $1`, id))
}

// find returns nil when there is no such case.
func find(tx *store.Tx, unit, kind string, year, number int) (*Case, error) {
	return scanCase(tx.QueryRow(selectCase+`WHERE unit = $1 AND kind = $2 AND year = $3 AND number = $4`, unit, kind, year, number))
}

// byCode returns nil when no case has the hash.
func byCode(tx *store.Tx, hash string) (*Case, error) {
	return scanCase(tx.QueryRow(selectCase+`WHERE code = $1`, hash))
}

func casesOf(tx *store.Tx, member int64) ([]*Case, error) {
	return cases(tx, `WHERE member = $1 ORDER BY id DESC LIMIT 50`, member)
}

// openCases are those of a unit that wait for something.
func openCases(tx *store.Tx, unit string) ([]*Case, error) {
	return cases(tx, `WHERE unit = $1 AND state IN ('received', 'studying', 'adopted') ORDER BY id`, unit)
}

func cases(tx *store.Tx, where string, args ...any) ([]*Case, error) {
	rows, err := tx.Query(selectCase+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*Case
	for rows.Next() {
		c, err := scanCase(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// waiting is a text without a name in the box.
type waiting struct {
	seal string
	body []byte
}

func putBoxed(tx *store.Tx, unit, key string, sealed []byte) error {
	_, err := tx.Exec(`INSERT INTO suggestion_box (id, unit, seal, body) VALUES ($1, $2, $3, $4)`, rand.Text(), unit, key, sealed)
	return err
}

// boxOf is what waits, in the order of random ids.
func boxOf(tx *store.Tx, unit string) ([]waiting, error) {
	rows, err := tx.Query(`SELECT seal, body FROM suggestion_box WHERE unit = $1 ORDER BY id`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []waiting
	for rows.Next() {
		var w waiting
		if err := rows.Scan(&w.seal, &w.body); err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, rows.Err()
}

func emptyBox(tx *store.Tx, unit string) error {
	_, err := tx.Exec(`DELETE FROM suggestion_box WHERE unit = $1`, unit)
	return err
}

// Care is a request for help.
type Care struct {
	ID       int64
	Unit     string
	Member   int64
	Category string
	Contact  bool   // wishes to be contacted
	Seal     string // name of its key
	Body     []byte // sealed
	Day      string
}

func (c *Care) insert(tx *store.Tx) error {
	err := tx.QueryRow(`INSERT INTO care (unit, member, category, contact, seal, body, day) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
		c.Unit, c.Member, c.Category, c.Contact, c.Seal, c.Body, c.Day).Scan(&c.ID)
	if err != nil {
		return fmt.Errorf("register request: %w", err)
	}
	return nil
}

const selectCare = `SELECT id, unit, member, category, contact, seal, body, day FROM care `

func scanCare(row store.Scanner) (*Care, error) {
	c := &Care{}
	err := row.Scan(&c.ID, &c.Unit, &c.Member, &c.Category, &c.Contact, &c.Seal, &c.Body, &c.Day)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return c, err
}

// loadCare returns nil for an unknown request, or one that was erased.
func loadCare(tx *store.Tx, id int64) (*Care, error) {
	return scanCare(tx.QueryRow(selectCare+`WHERE id = $1`, id))
}

func careCases(tx *store.Tx, unit string) ([]*Care, error) {
	rows, err := tx.Query(selectCare+`WHERE unit = $1 ORDER BY id`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*Care
	for rows.Next() {
		c, err := scanCare(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

func countCare(tx *store.Tx, member int64) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM care WHERE member = $1`, member).Scan(&n)
	return n, err
}

func deleteCare(tx *store.Tx, id int64) error {
	_, err := tx.Exec(`DELETE FROM care WHERE id = $1`, id)
	return err
}
