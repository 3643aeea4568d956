package checkin

import (
	"errors"
	"fmt"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/store"
)

// state is how a member stands in a window.
type state string

const (
	onTime  state = "on_time"
	pending state = "late_pending" // waits for the secretary
	late    state = "late"
	onLeave state = "leave"
)

// window is the time in which members check in.
type window struct {
	ID       int64
	Unit     string
	Title    string
	Prompt   int64
	OpenedAt time.Time
	ClosesAt time.Time
	Closed   bool
}

func (w *window) insert(tx *store.Tx, day string) error {
	err := tx.QueryRow(`INSERT INTO checkin (unit, title, prompt, code, day, opened_at, closes_at)
		VALUES ($1, $2, 0, 0, $3, $4, $5) RETURNING id`, w.Unit, w.Title, day, tx.Millis(), w.ClosesAt.UnixMilli()).Scan(&w.ID)
	if err != nil {
		return fmt.Errorf("open window: %w", err)
	}
	return nil
}

func (w *window) prompted(tx *store.Tx, p engine.Prompt) error {
	w.Prompt = p.ID
	_, err := tx.Exec(`UPDATE checkin SET prompt = $1, code = $2 WHERE id = $3`, p.ID, p.Code, w.ID)
	return err
}

func (w *window) closed(tx *store.Tx) error {
	_, err := tx.Exec(`UPDATE checkin SET closed_at = $1 WHERE id = $2`, tx.Millis(), w.ID)
	return err
}

const selectWindow = `SELECT id, unit, title, prompt, opened_at, closes_at, closed_at IS NOT NULL FROM checkin `

func scanWindow(row store.Row) (*window, error) {
	w := &window{}
	var opened, closes int64
	err := row.Scan(&w.ID, &w.Unit, &w.Title, &w.Prompt, &opened, &closes, &w.Closed)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	w.OpenedAt, w.ClosesAt = time.UnixMilli(opened).UTC(), time.UnixMilli(closes).UTC()
	return w, err
}

// load returns nil for an unknown window.
func load(tx *store.Tx, id int64) (*window, error) {
	return scanWindow(tx.QueryRow(selectWindow+`WHERE id = $1`, id))
}

// lastOn is the newest window of a day; nil when there was none.
func lastOn(tx *store.Tx, unit, day string) (*window, error) {
	return scanWindow(tx.QueryRow(selectWindow+`WHERE unit = $1 AND day = $2 ORDER BY id DESC LIMIT 1`, unit, day))
}

// setEntry keeps a member's state and returns the one before, "" if none. Who
// is here stays here, whatever he says later.
func setEntry(t *engine.Turn, id, member int64, s state, reason string, by int64) (was state, err error) {
	tx := t.Tx
	if was, err = entryOf(tx, id, member); err != nil || was == onTime || was == late {
		return was, err
	}
	_, err = tx.Exec(`INSERT INTO checkin_entry (checkin, member, state, at, reason, entered_by) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (checkin, member) DO UPDATE SET state = excluded.state, at = excluded.at, reason = excluded.reason,
		entered_by = excluded.entered_by`, id, member, s, t.When.UnixMilli(), reason, by)
	return was, err
}

func removeEntry(tx *store.Tx, id, member int64) error {
	_, err := tx.Exec(`DELETE FROM checkin_entry WHERE checkin = $1 AND member = $2`, id, member)
	return err
}

// entryOf is "" when the member has none.
func entryOf(tx *store.Tx, id, member int64) (s state, err error) {
	err = tx.QueryRow(`SELECT state FROM checkin_entry WHERE checkin = $1 AND member = $2`, id, member).Scan(&s)
	if errors.Is(err, store.ErrNoRows) {
		return "", nil
	}
	return s, err
}

func entriesOf(tx *store.Tx, id int64) (map[int64]state, error) {
	rows, err := tx.Query(`SELECT member, state FROM checkin_entry WHERE checkin = $1`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	entries := map[int64]state{}
	for rows.Next() {
		var member int64
		var s state
		if err := rows.Scan(&member, &s); err != nil {
			return nil, err
		}
		entries[member] = s
	}
	return entries, rows.Err()
}

type past struct {
	Day, Title string
	State      state
	Reason     string // of leave
}

// history are the last 50 entries of a member.
func history(tx *store.Tx, member int64) ([]past, error) {
	rows, err := tx.Query(`SELECT c.day, c.title, e.state, e.reason FROM checkin_entry e JOIN checkin c ON c.id = e.checkin
		WHERE e.member = $1 ORDER BY e.checkin DESC LIMIT 50`, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []past
	for rows.Next() {
		var p past
		if err := rows.Scan(&p.Day, &p.Title, &p.State, &p.Reason); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// Items are the windows of a unit in the days from one on, up to another.
func Items(tx *store.Tx, unit, from, to string) ([]engine.Item, error) {
	return roster.Items(tx, `SELECT id, title, day, opened_at, closes_at, closed_at IS NOT NULL FROM checkin
		WHERE unit = $1 AND day >= $2 AND day < $3 ORDER BY id`, unit, from, to)
}

// How a member stands in a window: the words of its Deeds.
const (
	OnTime  = string(onTime)
	Late    = string(late)
	OnLeave = string(onLeave)
)

// Deeds are how those who stayed in a unit stand in the Items of asked, which
// is the unit or one above it.
func Deeds(tx *store.Tx, asked, unit, from, to string) ([]engine.Deed, error) {
	return roster.Deeds(tx, `SELECT e.checkin, e.member, e.state FROM checkin c CROSS JOIN stay s CROSS JOIN checkin_entry e
		WHERE c.unit = $1 AND c.day >= $3 AND c.day < $4 AND e.checkin = c.id AND e.state <> 'late_pending' AND`+
		roster.Staying("e.member", "e.at"), asked, unit, from, to)
}

// titleOf is what an item is called; "" when it is gone.
func titleOf(tx *store.Tx, id int64) (title string, err error) {
	err = tx.QueryRow(`SELECT title FROM checkin WHERE id = $1`, id).Scan(&title)
	if errors.Is(err, store.ErrNoRows) {
		err = nil
	}
	return title, err
}

// FirstDay is the day of the first thing that is kept about a member; "" for none.
func FirstDay(tx *store.Tx, member int64) (day string, err error) {
	err = tx.QueryRow(`SELECT c.day FROM checkin_entry e JOIN checkin c ON c.id = e.checkin WHERE e.member = $1 ORDER BY e.checkin LIMIT 1`, member).Scan(&day)
	if errors.Is(err, store.ErrNoRows) {
		err = nil
	}
	return day, err
}
