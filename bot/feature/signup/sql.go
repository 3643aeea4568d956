package signup

import (
	"errors"
	"fmt"
	"time"

	"branchbot/bot/engine"
	"branchbot/store"
)

// signup collects names for something.
type signup struct {
	ID       int64
	Unit     string
	Title    string
	Places   int // 0 = no limit
	Prompt   int64
	Code     int
	ClosesAt time.Time
	PostedAt time.Time // when the group last saw the list
	Closed   bool
}

// entry is somebody who comes, or waits for a place.
type entry struct {
	ID      int64
	Member  int64  // or nobody, several
	Name    string // as the bot shows it
	Alias   string // as it stands in lists that people pass on; "" = the same
	Staff   string // of a member
	People  int    // himself and those he brings
	Waiting bool
	Brought int64 // the member in whose list it stood; 0 = he signed up himself
}

// Whose a name in a list is, if no member's.
const (
	nobody  = 0  // it is on no roster
	several = -1 // several members have it
)

func (s *signup) insert(tx *store.Tx) error {
	err := tx.QueryRow(`INSERT INTO signup (unit, title, places, opened_at, closes_at) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
		s.Unit, s.Title, s.Places, tx.Millis(), s.ClosesAt.UnixMilli()).Scan(&s.ID)
	if err != nil {
		return fmt.Errorf("open sign-up: %w", err)
	}
	return nil
}

func (s *signup) prompted(tx *store.Tx, p engine.Prompt) error {
	s.Prompt, s.Code = p.ID, p.Code
	_, err := tx.Exec(`UPDATE signup SET prompt = $1, code = $2 WHERE id = $3`, p.ID, p.Code, s.ID)
	return err
}

func (s *signup) posted(tx *store.Tx) error {
	_, err := tx.Exec(`UPDATE signup SET posted_at = $1 WHERE id = $2`, tx.Millis(), s.ID)
	return err
}

func (s *signup) closed(tx *store.Tx) error {
	s.Closed = true
	_, err := tx.Exec(`UPDATE signup SET closed_at = $1 WHERE id = $2`, tx.Millis(), s.ID)
	return err
}

const selectSignup = `SELECT id, unit, title, places, prompt, code, closes_at, posted_at, closed_at IS NOT NULL FROM signup `

// load returns nil for an unknown sign-up.
func load(tx *store.Tx, id int64) (*signup, error) {
	return scanSignup(tx.QueryRow(selectSignup+`WHERE id = $1`, id))
}

// last is the newest sign-up of a unit, or the one with a code; nil when there
// is none.
func last(tx *store.Tx, unit string, code int) (*signup, error) {
	return scanSignup(tx.QueryRow(selectSignup+`WHERE unit = $1 AND ($2 = 0 OR code = $2) ORDER BY id DESC LIMIT 1`, unit, code))
}

func scanSignup(row store.Row) (*signup, error) {
	s := &signup{}
	var closes, posted int64
	err := row.Scan(&s.ID, &s.Unit, &s.Title, &s.Places, &s.Prompt, &s.Code, &closes, &posted, &s.Closed)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	s.ClosesAt, s.PostedAt = time.UnixMilli(closes), time.UnixMilli(posted)
	return s, err
}

// entries are those of a sign-up in the order of the list. Who has withdrawn or
// left the roster is not among them.
func entries(tx *store.Tx, id int64) ([]entry, error) { return rows(tx, id, `e.people > 0`) }

// withdrawn are those who were in the list and are not any more. They are kept,
// or an old list that somebody passes on would bring them back.
func withdrawn(tx *store.Tx, id int64) ([]entry, error) { return rows(tx, id, `e.people = 0`) }

func rows(tx *store.Tx, id int64, which string) ([]entry, error) {
	rows, err := tx.Query(`SELECT e.id, e.member, COALESCE(m.name, e.name), e.name, COALESCE(m.staff, ''), e.people, e.waiting, e.brought
		FROM signup_entry e LEFT JOIN member m ON m.id = e.member
		WHERE e.signup = $1 AND `+which+` AND (e.member <= 0 OR m.left_at IS NULL) ORDER BY e.id`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []entry
	for rows.Next() {
		var e entry
		if err := rows.Scan(&e.ID, &e.Member, &e.Name, &e.Alias, &e.Staff, &e.People, &e.Waiting, &e.Brought); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

func (e *entry) insert(tx *store.Tx, signup int64) error {
	name := e.Alias
	if e.Member <= 0 {
		name = e.Name
	}
	waiting := 0
	if e.Waiting {
		waiting = 1
	}
	return tx.QueryRow(`INSERT INTO signup_entry (signup, member, name, people, waiting, brought, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`, signup, e.Member, name, e.People, waiting, e.Brought, tx.Millis()).Scan(&e.ID)
}

func setPeople(tx *store.Tx, id int64, people int) error {
	_, err := tx.Exec(`UPDATE signup_entry SET people = $1 WHERE id = $2`, people, id)
	return err
}

func place(tx *store.Tx, id int64) error {
	_, err := tx.Exec(`UPDATE signup_entry SET waiting = 0 WHERE id = $1`, id)
	return err
}

// withdraw takes an entry off the list.
func hasEntry(tx *store.Tx, signup, member int64) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM signup_entry WHERE signup = $1 AND member = $2 AND people > 0`, signup, member).Scan(&n)
	return n > 0, err
}

func withdraw(tx *store.Tx, id int64) error {
	_, err := tx.Exec(`UPDATE signup_entry SET people = 0, waiting = 0 WHERE id = $1`, id)
	return err
}

// remove forgets an entry.
func remove(tx *store.Tx, id int64) error {
	_, err := tx.Exec(`DELETE FROM signup_entry WHERE id = $1`, id)
	return err
}

// comeBack forgets that a member has withdrawn: he stands at the end now.
func comeBack(tx *store.Tx, signup, member int64) error {
	_, err := tx.Exec(`DELETE FROM signup_entry WHERE signup = $1 AND member = $2 AND people = 0`, signup, member)
	return err
}

// claim makes a name of a list that of a member, who goes on being called so
// there.
func claim(tx *store.Tx, id, member int64) error {
	_, err := tx.Exec(`UPDATE signup_entry SET member = $1 WHERE id = $2`, member, id)
	return err
}

func setAlias(tx *store.Tx, id int64, alias string) error {
	_, err := tx.Exec(`UPDATE signup_entry SET name = $1 WHERE id = $2`, alias, id)
	return err
}

// guest is an entry that is no member's; nil when it is gone.
func guest(tx *store.Tx, signup, id int64) (*entry, error) {
	e := &entry{ID: id}
	err := tx.QueryRow(`SELECT name, people, waiting, brought FROM signup_entry WHERE id = $1 AND signup = $2 AND member <= 0 AND people > 0`, id, signup).
		Scan(&e.Name, &e.People, &e.Waiting, &e.Brought)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return e, err
}

type past struct {
	Title  string
	People int
	At     time.Time
}

// history are the last 50 sign-ups of a member.
func history(tx *store.Tx, member int64) ([]past, error) {
	rows, err := tx.Query(`SELECT s.title, e.people, e.at FROM signup_entry e JOIN signup s ON s.id = e.signup
		WHERE e.member = $1 ORDER BY e.signup DESC LIMIT 50`, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []past
	for rows.Next() {
		var p past
		var at int64
		if err := rows.Scan(&p.Title, &p.People, &at); err != nil {
			return nil, err
		}
		p.At = time.UnixMilli(at)
		out = append(out, p)
	}
	return out, rows.Err()
}
