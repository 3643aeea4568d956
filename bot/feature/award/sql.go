package award

import (
	"errors"

	"branchbot/store"
)

// Honour is a title that a unit gave to a member.
type Honour struct {
	ID      int64
	Unit    string
	Member  int64
	Name    string // the member's
	Title   string
	Reason  string // may be empty
	Day     string // 2006-01-02
	By      int64  // who entered it
	ByName  string
	Consent string // yes, no; "": he has not said
	Told    bool   // the group was told
	Revoked bool
}

// Published tells whether others may see it.
func (h *Honour) Published() bool { return h.Consent == "yes" && !h.Revoked }

func (h *Honour) insert(tx *store.Tx) error {
	return tx.QueryRow(`INSERT INTO honour (unit, member, title, reason, day, given_by, given_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		RETURNING id`, h.Unit, h.Member, h.Title, h.Reason, h.Day, h.By, tx.Millis()).Scan(&h.ID)
}

func (h *Honour) setConsent(tx *store.Tx, consent string) error {
	h.Consent = consent
	_, err := tx.Exec(`UPDATE honour SET consent = $1 WHERE id = $2`, consent, h.ID)
	return err
}

func (h *Honour) revoke(tx *store.Tx, by int64) error {
	_, err := tx.Exec(`UPDATE honour SET revoked_at = $1, revoked_by = $2 WHERE id = $3`, tx.Millis(), by, h.ID)
	return err
}

func (h *Honour) told(tx *store.Tx) error {
	_, err := tx.Exec(`UPDATE honour SET announced_at = $1 WHERE id = $2`, tx.Millis(), h.ID)
	return err
}

const selectHonour = `SELECT h.id, h.unit, h.member, m.name, h.title, h.reason, h.day, h.given_by, COALESCE(b.name, ''), h.consent,
	h.announced_at IS NOT NULL, h.revoked_at IS NOT NULL
	FROM honour h JOIN member m ON m.id = h.member LEFT JOIN member b ON b.id = h.given_by `

func scan(row store.Scanner) (h Honour, err error) {
	err = row.Scan(&h.ID, &h.Unit, &h.Member, &h.Name, &h.Title, &h.Reason, &h.Day, &h.By, &h.ByName, &h.Consent, &h.Told, &h.Revoked)
	return h, err
}

// load returns nil for an unknown honour.
func load(tx *store.Tx, id int64) (*Honour, error) {
	h, err := scan(tx.QueryRow(selectHonour+`WHERE h.id = $1`, id))
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return &h, err
}

func list(tx *store.Tx, query string, args ...any) ([]Honour, error) {
	rows, err := tx.Query(selectHonour+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Honour
	for rows.Next() {
		h, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// Of are the honours of a member that hold, newest first.
func Of(tx *store.Tx, member int64) ([]Honour, error) {
	return list(tx, `WHERE h.member = $1 AND h.revoked_at IS NULL ORDER BY h.id DESC`, member)
}

// Published are the honours that others may see of a unit and the units under
// it, given in the days from one on, up to another, newest first; of all days
// for "" and "". Those of people who have left the roster are not shown.
func Published(tx *store.Tx, unit, from, to string, most int) ([]Honour, error) {
	if to == "" {
		to = "9999"
	}
	return list(tx, `WHERE h.unit IN (WITH RECURSIVE below (id) AS (
			SELECT id FROM unit WHERE id = $1 UNION ALL SELECT u.id FROM unit u JOIN below b ON u.parent = b.id) SELECT id FROM below)
		AND h.day >= $2 AND h.day < $3 AND h.consent = 'yes' AND h.revoked_at IS NULL AND m.left_at IS NULL
		ORDER BY h.day DESC, h.id DESC LIMIT $4`, unit, from, to, most)
}

// given are the last honours of a unit, also those that were revoked.
func given(tx *store.Tx, unit string, most int) ([]Honour, error) {
	return list(tx, `WHERE h.unit = $1 ORDER BY h.id DESC LIMIT $2`, unit, most)
}

// untold are those that the group may be told of and was not.
func untold(tx *store.Tx, unit string) ([]Honour, error) {
	return list(tx, `WHERE h.unit = $1 AND h.consent = 'yes' AND h.revoked_at IS NULL AND h.announced_at IS NULL AND m.left_at IS NULL
		ORDER BY h.id`, unit)
}

// same tells whether the member was given the title on that day already.
func (h *Honour) same(tx *store.Tx) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM honour WHERE unit = $1 AND member = $2 AND title = $3 AND day = $4 AND revoked_at IS NULL`,
		h.Unit, h.Member, h.Title, h.Day).Scan(&n)
	return n > 0, err
}

// history are the last 50 honours of a member, as they are kept.
func history(tx *store.Tx, member int64) ([]Honour, error) {
	return list(tx, `WHERE h.member = $1 ORDER BY h.id DESC LIMIT 50`, member)
}

// numbered are those with these ids that the unit gave and others may see.
func numbered(tx *store.Tx, unit string, ids []int64) ([]Honour, error) {
	var out []Honour
	for _, id := range ids {
		h, err := load(tx, id)
		if err != nil {
			return nil, err
		}
		if h != nil && h.Unit == unit && h.Published() {
			out = append(out, *h)
		}
	}
	return out, nil
}

// FirstDay is the day of the first thing that is kept about a member; "" for none.
func FirstDay(tx *store.Tx, member int64) (day string, err error) {
	err = tx.QueryRow(`SELECT h.day FROM honour h WHERE h.member = $1 ORDER BY h.id LIMIT 1`, member).Scan(&day)
	if errors.Is(err, store.ErrNoRows) {
		err = nil
	}
	return day, err
}
