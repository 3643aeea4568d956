package notice

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
	"branchbot/store"
)

// state is how a notice stands.
type state string

const (
	asked    state = "asked"   // its author has yet to confirm it
	waiting  state = "waiting" // for the end of the quiet hours
	sent     state = "sent"
	closed   state = "closed" // the deadline has passed
	recalled state = "recalled"
)

// notice is what its author wrote.
type notice struct {
	ID          int64
	Unit        string // the origin
	Author      int64  // 0 = a schedule
	Text        string
	Files       []chat.Media
	Ack         bool
	Urgent      bool
	Relayed     bool
	Units       []string  // where it goes
	ClosesAt    time.Time // zero: no deadline
	State       state
	Corrected   int
	Earlier     []string  // what it said before it was corrected, the newest first
	CorrectedAt time.Time // the last time
	CreatedAt   time.Time
}

// target is a unit that gets a notice.
type target struct {
	Unit      string
	Year, Seq int
	Prompt    int64
	Code      int
	Tally     // as the roster stood
	Reminders int
	Chats     int // group chats that it went to so far
	Closed    bool
}

func (n *notice) insert(tx *store.Tx) error {
	files, err := json.Marshal(n.Files)
	if err != nil {
		return err
	}
	units, err := json.Marshal(n.Units)
	if err != nil {
		return err
	}
	closes := int64(0)
	if !n.ClosesAt.IsZero() {
		closes = n.ClosesAt.UnixMilli()
	}
	n.CreatedAt = tx.Now
	err = tx.QueryRow(`INSERT INTO notice (unit, author, text, files, ack, urgent, relayed, units, closes_at, state, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`, n.Unit, n.Author, n.Text, string(files),
		flag(n.Ack), flag(n.Urgent), flag(n.Relayed), string(units), closes, n.State, tx.Millis()).Scan(&n.ID)
	if err != nil {
		return fmt.Errorf("store notice: %w", err)
	}
	return nil
}

// begin makes a notice a sent one, from now on.
func (n *notice) begin(tx *store.Tx) error {
	if n.ID == 0 {
		n.State = sent
		return n.insert(tx)
	}
	n.State, n.CreatedAt = sent, tx.Now
	_, err := tx.Exec(`UPDATE notice SET state = $1, created_at = $2 WHERE id = $3`, n.State, tx.Millis(), n.ID)
	return err
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// load returns nil for an unknown notice.
func load(tx *store.Tx, id int64) (*notice, error) {
	n := &notice{ID: id}
	var files, units, earlier string
	var closes, corrected, created int64
	err := tx.QueryRow(`SELECT unit, author, text, files, ack, urgent, relayed, units, closes_at, state, corrected, earlier, corrected_at, created_at
		FROM notice WHERE id = $1`, id).Scan(&n.Unit, &n.Author, &n.Text, &files, &n.Ack, &n.Urgent, &n.Relayed, &units,
		&closes, &n.State, &n.Corrected, &earlier, &corrected, &created)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read notice %d: %w", id, err)
	}
	if closes != 0 {
		n.ClosesAt = time.UnixMilli(closes)
	}
	n.CreatedAt, n.CorrectedAt = time.UnixMilli(created), time.UnixMilli(corrected)
	if err := json.Unmarshal([]byte(files), &n.Files); err != nil {
		return nil, fmt.Errorf("notice %d: files: %w", id, err)
	}
	if err := json.Unmarshal([]byte(units), &n.Units); err != nil {
		return nil, fmt.Errorf("notice %d: units: %w", id, err)
	}
	if err := json.Unmarshal([]byte(earlier), &n.Earlier); err != nil {
		return nil, fmt.Errorf("notice %d: earlier texts: %w", id, err)
	}
	return n, nil
}

func (n *notice) setState(tx *store.Tx, s state) error {
	n.State = s
	_, err := tx.Exec(`UPDATE notice SET state = $1 WHERE id = $2`, s, n.ID)
	return err
}

func (n *notice) correct(tx *store.Tx, text string) error {
	n.Earlier = append([]string{n.Text}, n.Earlier...)
	n.Text = text
	n.Corrected++
	earlier, err := json.Marshal(n.Earlier)
	if err != nil {
		return err
	}
	n.CorrectedAt = tx.Now
	_, err = tx.Exec(`UPDATE notice SET text = $1, corrected = $2, earlier = $3, corrected_at = $4 WHERE id = $5`,
		text, n.Corrected, string(earlier), tx.Millis(), n.ID)
	return err
}

// insertTarget numbers a notice in a unit.
func insertTarget(tx *store.Tx, id int64, unit string, year int, day string) error {
	_, err := tx.Exec(`INSERT INTO notice_target (notice, unit, year, seq, day)
		SELECT $1, $2, $3, COALESCE(MAX(seq), 0) + 1, $4 FROM notice_target WHERE unit = $2 AND year = $3`, id, unit, year, day)
	if err != nil {
		return fmt.Errorf("number notice %d in %s: %w", id, unit, err)
	}
	return nil
}

func (g *target) posted(tx *store.Tx, id int64) error {
	_, err := tx.Exec(`UPDATE notice_target SET prompt = $1, code = $2, due = $3, chats = $4 WHERE notice = $5 AND unit = $6`,
		g.Prompt, g.Code, g.Due, g.Chats, id, g.Unit)
	return err
}

// arrived tells whether a group has got the notice; true where it goes to none.
func (g *target) arrived(tx *store.Tx) (bool, error) {
	yes, err := outbox.Arrived(tx, g.Prompt)
	return yes || g.Chats == 0, err
}

func (g *target) close(tx *store.Tx, id int64) error {
	g.Closed = true
	_, err := tx.Exec(`UPDATE notice_target SET closed_at = $1 WHERE notice = $2 AND unit = $3`, tx.Millis(), id, g.Unit)
	return err
}

func (g *target) reminded(tx *store.Tx, id int64) error {
	g.Reminders++
	_, err := tx.Exec(`UPDATE notice_target SET reminders = $1 WHERE notice = $2 AND unit = $3`, g.Reminders, id, g.Unit)
	return err
}

const selectTarget = `SELECT unit, year, seq, prompt, code, due, done, told, reminders, chats, closed_at IS NOT NULL FROM notice_target `

func scanTarget(row store.Scanner) (*target, error) {
	g := &target{}
	err := row.Scan(&g.Unit, &g.Year, &g.Seq, &g.Prompt, &g.Code, &g.Due, &g.Done, &g.Told, &g.Reminders, &g.Chats, &g.Closed)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return g, err
}

// targetOf returns nil when the unit does not get the notice.
func targetOf(tx *store.Tx, id int64, unit string) (*target, error) {
	return scanTarget(tx.QueryRow(selectTarget+`WHERE notice = $1 AND unit = $2`, id, unit))
}

// targetsAfter are the next units that a notice goes to, in the order of their ids.
func targetsAfter(tx *store.Tx, n *notice, after string, limit int) ([]target, error) {
	origin := ""
	if n.Relayed {
		origin = n.Unit
	}
	rows, err := tx.Query(selectTarget+`WHERE notice = $1 AND unit > $2 AND unit <> $3 ORDER BY unit LIMIT $4`, n.ID, after, origin, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []target
	for rows.Next() {
		g, err := scanTarget(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, *g)
	}
	return out, rows.Err()
}

// find is the notice with a number in a unit, of the newest year that has one
// (year 0) or of the given one; with number 0 the newest that asks for
// acknowledgement. nil when there is none.
func find(tx *store.Tx, unit string, year, seq int) (*notice, error) {
	query, args := `SELECT notice FROM notice_target WHERE unit = $1 AND seq = $2 AND ($3 = 0 OR year = $3) ORDER BY year DESC LIMIT 1`,
		[]any{unit, seq, year}
	if seq == 0 {
		query, args = `SELECT n.id FROM notice_target t JOIN notice n ON n.id = t.notice
			WHERE t.unit = $1 AND n.ack = 1 AND n.state <> 'recalled' ORDER BY t.year DESC, t.seq DESC LIMIT 1`, []any{unit}
	}
	var id int64
	err := tx.QueryRow(query, args...).Scan(&id)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return load(tx, id)
}

// lastNumber is the newest number of a unit; zeros when it has none.
func lastNumber(tx *store.Tx, unit string) (year, seq int, err error) {
	err = tx.QueryRow(`SELECT year, seq FROM notice_target WHERE unit = $1 ORDER BY year DESC, seq DESC LIMIT 1`, unit).Scan(&year, &seq)
	if errors.Is(err, store.ErrNoRows) {
		err = nil
	}
	return year, seq, err
}

// sentOn is how many notices that are not urgent a unit has had on a day.
func sentOn(tx *store.Tx, unit string, year int, day string) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM notice_target t JOIN notice n ON n.id = t.notice
		WHERE t.unit = $1 AND t.year = $2 AND t.day = $3 AND n.urgent = 0`, unit, year, day).Scan(&n)
	return n, err
}

// members is the condition for those who read what a unit gets: its roster,
// with the groups in it but not the branches under it.
const members = `WITH RECURSIVE here (id) AS (
	SELECT id FROM unit WHERE id = $1 UNION ALL SELECT u.id FROM unit u JOIN here h ON u.parent = h.id WHERE u.kind = 'group') `

// insertReaders notes who is to acknowledge a notice in a unit, and returns how
// many they are. Its author is not.
func insertReaders(tx *store.Tx, n *notice, unit string) (int, error) {
	added, err := tx.Exec(members+`INSERT INTO notice_reader (notice, member, unit)
		SELECT $2, id, $1 FROM member WHERE unit IN (SELECT id FROM here) AND left_at IS NULL AND id <> $3
		ON CONFLICT DO NOTHING`, unit, n.ID, n.Author)
	if err != nil {
		return 0, fmt.Errorf("readers of notice %d in %s: %w", n.ID, unit, err)
	}
	return int(added), nil
}

// acknowledge notes that a member has read a notice. It returns the unit in
// which that counts; "" when it was noted before.
func acknowledge(t *engine.Turn, n *notice, member int64, unit string) (string, error) {
	tx := t.Tx
	var before int
	err := tx.QueryRow(`SELECT COUNT(*) FROM notice_reader WHERE member = $1 AND notice = $2 AND acked_at IS NOT NULL`, member, n.ID).Scan(&before)
	if err != nil || before > 0 {
		return "", err
	}
	counts, told, err := acknowledgeIn(t, n.ID, member, `unit = $4`, unit)
	if n.Relayed && counts == "" && err == nil { // he has moved since: all units are looked through
		counts, told, err = acknowledgeIn(t, n.ID, member, `unit <> $4`, unit)
	}
	if err != nil {
		return "", err
	}
	late := 0
	if counts == "" { // he came to the roster later, and is due from now on
		counts, late = unit, 1
		_, err := tx.Exec(`INSERT INTO notice_reader (notice, unit, member, acked_at) VALUES ($1, $2, $3, $4)`, n.ID, unit, member, t.When.UnixMilli())
		if err != nil {
			return "", err
		}
	}
	_, err = tx.Exec(`UPDATE notice_target SET done = done + 1, due = due + $1, told = told - $2 WHERE notice = $3 AND unit = $4`,
		late, flag(told), n.ID, counts)
	return counts, err
}

func acknowledgeIn(t *engine.Turn, id, member int64, where, unit string) (counts string, told bool, err error) {
	err = t.Tx.QueryRow(`UPDATE notice_reader SET acked_at = $1 WHERE notice = $2 AND member = $3 AND `+where+` RETURNING unit, told_at IS NOT NULL`,
		t.When.UnixMilli(), id, member, unit).Scan(&counts, &told)
	if errors.Is(err, store.ErrNoRows) {
		err = nil
	}
	return counts, told, err
}

// retract takes an acknowledgement back and returns the unit in which it
// counted; "" when there was none.
func retract(tx *store.Tx, id, member int64) (unit string, err error) {
	var told bool
	err = tx.QueryRow(`UPDATE notice_reader SET acked_at = NULL WHERE member = $1 AND notice = $2 AND acked_at IS NOT NULL
		RETURNING unit, told_at IS NOT NULL`, member, id).Scan(&unit, &told)
	if errors.Is(err, store.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(`UPDATE notice_target SET done = done - 1, told = told + $1 WHERE notice = $2 AND unit = $3`, flag(told), id, unit)
	return unit, err
}

// Tally is how those who are to acknowledge a notice stand.
type Tally struct {
	Due  int
	Done int // have acknowledged it
	Told int // have not, but their secretary has told them of it
}

// Missing are those who are waited for.
func (n Tally) Missing() int { return n.Due - n.Done - n.Told }

func (n Tally) plus(o Tally) Tally { return Tally{n.Due + o.Due, n.Done + o.Done, n.Told + o.Told} }

// count is how those of a target stand who have not left the roster since. (In one join PostgreSQL would read all
// readers of a notice that is too new for its statistics; so too in missing.)
func count(tx *store.Tx, n *notice, g *target) (Tally, error) {
	gone, err := numbers(tx, `SELECT id FROM member WHERE left_at >= $1`, n.CreatedAt.UnixMilli())
	if err != nil {
		return Tally{}, err
	}
	now := g.Tally
	err = tx.QueryEach(`SELECT (SELECT CASE WHEN acked_at IS NOT NULL THEN 'done' WHEN told_at IS NOT NULL THEN 'told' ELSE '' END
			FROM notice_reader WHERE notice = $1 AND unit = $2 AND member = item) FROM list`,
		"BIGINT", []any{n.ID, g.Unit}, gone,
		func(rows *sql.Rows) error {
			var stood *string // nil: he was none of them
			if err := rows.Scan(&stood); err != nil || stood == nil {
				return err
			}
			now.Due--
			switch *stood {
			case "done":
				now.Done--
			case "told":
				now.Told--
			}
			return nil
		})
	return now, err
}

func numbers(tx *store.Tx, query string, args ...any) (list []any, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// reader is somebody who is to acknowledge a notice.
type reader struct {
	engine.Member
	Phone string
}

// missing are those who are waited for in a unit, at most so many, in the order of their
// ids.
func missing(tx *store.Tx, id int64, unit string, limit int) ([]reader, error) {
	return readers(tx, id, unit, `acked_at IS NULL AND told_at IS NULL`, limit)
}

// outdated are those of a unit who have acknowledged what a notice said before its last
// correction.
func outdated(tx *store.Tx, n *notice, unit string, limit int) ([]reader, error) {
	return readers(tx, n.ID, unit, fmt.Sprintf(`acked_at < %d`, n.CorrectedAt.UnixMilli()), limit)
}

// readers are those of a unit who stand so with a notice and have not left the roster.
func readers(tx *store.Tx, id int64, unit, where string, limit int) (out []reader, err error) {
	last := any(int64(0))
	for len(out) < limit {
		next, err := numbers(tx, `SELECT member FROM notice_reader WHERE notice = $1 AND unit = $2 AND member > $3 AND `+where+`
			ORDER BY member LIMIT $4`, id, unit, last, limit-len(out))
		if err != nil {
			return nil, err
		}
		if len(next) == 0 {
			break
		}
		last = next[len(next)-1]
		err = tx.QueryEach(`SELECT id, unit, staff, name, status, language, phone FROM list JOIN member ON id = item WHERE left_at IS NULL`, "BIGINT", nil, next,
			func(rows *sql.Rows) error {
				var r reader
				err := rows.Scan(&r.ID, &r.Unit, &r.Staff, &r.Name, &r.Status, &r.Language, &r.Phone)
				out = append(out, r)
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b reader) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// part is how one unit stands with a relayed notice.
type part struct {
	Unit, Name string
	Tally
	Chats int
}

// parts are the units that a relayed notice went to, those with most missing
// first.
func parts(tx *store.Tx, n *notice) ([]part, error) {
	// Who has left is looked for in his unit and, if that is a group, in its branch.
	rows, err := tx.Query(`WITH gone AS (SELECT r.unit, COUNT(*) AS n, COUNT(r.acked_at) AS done,
				COALESCE(SUM(CASE WHEN r.acked_at IS NULL AND r.told_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS told
			FROM member m CROSS JOIN unit h CROSS JOIN notice_reader r
			WHERE m.left_at >= $2 AND h.id = m.unit AND r.notice = $1 AND r.unit IN (h.id, h.parent) AND r.member = m.id GROUP BY r.unit)
		SELECT t.unit, u.name, t.due - COALESCE(g.n, 0), t.done - COALESCE(g.done, 0), t.told - COALESCE(g.told, 0), t.chats
		FROM notice_target t JOIN unit u ON u.id = t.unit LEFT JOIN gone g ON g.unit = t.unit
		WHERE t.notice = $1 AND t.unit <> $3`, n.ID, n.CreatedAt.UnixMilli(), n.Unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []part
	for rows.Next() {
		var p part
		if err := rows.Scan(&p.Unit, &p.Name, &p.Due, &p.Done, &p.Told, &p.Chats); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b part) int { return cmp.Or(cmp.Compare(b.Missing(), a.Missing()), cmp.Compare(a.Unit, b.Unit)) })
	return out, rows.Err()
}

// branches are the units below one to which its notices are relayed: its
// branches at any depth, or in a branch its groups.
func branches(tx *store.Tx, unit string) (ids []string, byName map[string]string, err error) {
	rows, err := tx.Query(`WITH RECURSIVE below (id) AS (
		SELECT id FROM unit WHERE parent = $1 UNION ALL SELECT u.id FROM unit u JOIN below b ON u.parent = b.id)
		SELECT u.id, u.name, u.kind FROM unit u JOIN below b ON b.id = u.id ORDER BY u.id`, unit)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	byName = map[string]string{}
	var groups []string
	for rows.Next() {
		var id, name, kind string
		if err := rows.Scan(&id, &name, &kind); err != nil {
			return nil, nil, err
		}
		byName[id], byName[name] = id, id
		switch kind {
		case "branch":
			ids = append(ids, id)
		case "group":
			groups = append(groups, id)
		}
	}
	if len(ids) == 0 {
		ids = groups
	}
	return ids, byName, rows.Err()
}

// lateIn is how many of a unit have acknowledged a notice after its deadline.
func lateIn(tx *store.Tx, n *notice, unit string) (late int, err error) {
	if n.ClosesAt.IsZero() || !n.ClosesAt.Before(tx.Now) {
		return 0, nil
	}
	err = tx.QueryRow(`SELECT COUNT(*) FROM notice_reader r JOIN member m ON m.id = r.member
		WHERE r.notice = $1 AND r.unit = $2 AND r.acked_at > $3 AND m.left_at IS NULL`, n.ID, unit, n.ClosesAt.UnixMilli()).Scan(&late)
	return late, err
}

// ask asks those of a unit anew who have acknowledged, or were told, what a notice said
// before its last correction.
func (g *target) ask(tx *store.Tx, n *notice) error {
	at := n.CorrectedAt.UnixMilli()
	told, err := tx.Exec(`UPDATE notice_reader SET told_at = NULL WHERE notice = $1 AND unit = $2 AND acked_at IS NULL AND told_at < $3`, n.ID, g.Unit, at)
	if err != nil {
		return err
	}
	done, err := tx.Exec(`UPDATE notice_reader SET acked_at = NULL, told_at = NULL WHERE notice = $1 AND unit = $2 AND acked_at < $3`, n.ID, g.Unit, at)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE notice_target SET done = done - $1, told = told - $2 WHERE notice = $3 AND unit = $4`, done, told, n.ID, g.Unit)
	return err
}

// tell notes that a member was told of a notice; false when he is not waited for in the unit.
func (g *target) tell(tx *store.Tx, id, member int64) (bool, error) {
	changed, err := tx.Exec(`UPDATE notice_reader SET told_at = $1 WHERE notice = $2 AND unit = $3 AND member = $4
		AND acked_at IS NULL AND told_at IS NULL`, tx.Millis(), id, g.Unit, member)
	if err != nil || changed == 0 {
		return false, err
	}
	g.Told++
	_, err = tx.Exec(`UPDATE notice_target SET told = told + 1 WHERE notice = $1 AND unit = $2`, id, g.Unit)
	return err == nil, err
}

// stands tells how a member of a unit stands with a notice: whether he is due, has
// acknowledged it, was told of it.
func stands(tx *store.Tx, id int64, unit string, member int64) (due, done, told bool, err error) {
	err = tx.QueryRow(`SELECT acked_at IS NOT NULL, told_at IS NOT NULL FROM notice_reader WHERE notice = $1 AND unit = $2 AND member = $3`,
		id, unit, member).Scan(&done, &told)
	if errors.Is(err, store.ErrNoRows) {
		return false, false, false, nil
	}
	return err == nil, done, told, err
}

// past is an acknowledgement of a member.
type past struct {
	Year, Seq int
	At        time.Time
}

// history are the last 50 acknowledgements of a member.
func history(tx *store.Tx, member int64) ([]past, error) {
	rows, err := tx.Query(`SELECT t.year, t.seq, r.acked_at FROM notice_reader r
		JOIN notice_target t ON t.notice = r.notice AND t.unit = r.unit
		WHERE r.member = $1 AND r.acked_at IS NOT NULL ORDER BY r.notice DESC LIMIT 50`, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []past
	for rows.Next() {
		var p past
		var at int64
		if err := rows.Scan(&p.Year, &p.Seq, &at); err != nil {
			return nil, err
		}
		p.At = time.UnixMilli(at)
		out = append(out, p)
	}
	return out, rows.Err()
}

// unanswered are the last 50 notices of a unit that a member was to acknowledge
// and has not.
func unanswered(tx *store.Tx, unit string, member int64) ([]past, error) {
	rows, err := tx.Query(`SELECT t.year, t.seq FROM notice_target t
		CROSS JOIN notice_reader r WHERE t.unit = $1 AND r.notice = t.notice AND r.unit = t.unit AND r.member = $2 AND r.acked_at IS NULL
		ORDER BY t.year DESC, t.seq DESC LIMIT 50`, unit, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []past
	for rows.Next() {
		var p past
		if err := rows.Scan(&p.Year, &p.Seq); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// remindersOf is how often a member was reminded of notices of a unit.
func remindersOf(tx *store.Tx, unit string, member int64) (n int, err error) {
	err = tx.QueryRow(`SELECT COALESCE(SUM(r.reminded), 0) FROM notice_target t
		CROSS JOIN notice_reader r WHERE t.unit = $1 AND r.notice = t.notice AND r.unit = t.unit AND r.member = $2`, unit, member).Scan(&n)
	return n, err
}

// toldOf is how many notices a member was told of by telephone.
func toldOf(tx *store.Tx, member int64) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM notice_reader WHERE member = $1 AND told_at IS NOT NULL`, member).Scan(&n)
	return n, err
}

// written is how many notices a member has sent.
func written(tx *store.Tx, member int64) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM notice WHERE author = $1`, member).Scan(&n)
	return n, err
}

// noteReminded notes that a member was reminded of a notice.
func noteReminded(tx *store.Tx, id int64, unit string, member int64) error {
	_, err := tx.Exec(`UPDATE notice_reader SET reminded = reminded + 1 WHERE notice = $1 AND unit = $2 AND member = $3`, id, unit, member)
	return err
}

// Demands implements engine.Demander: notices that ask for acknowledgement, and
// the reminders of those who were reminded.
func (f *Feature) Demands(t *engine.Turn, from, to string) ([]engine.Demand, error) {
	rows, err := t.Tx.Query(roster.Around+`SELECT r.member, COUNT(*) + SUM(r.reminded)
		FROM notice_target g JOIN notice_reader r ON r.notice = g.notice AND r.unit = g.unit
		WHERE g.unit IN (SELECT id FROM around) AND g.day >= $2 AND g.day < $3 GROUP BY r.member`, t.Unit.ID, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []engine.Demand
	for rows.Next() {
		var d engine.Demand
		if err := rows.Scan(&d.Member, &d.N); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// titleOf is what an item is called; "" when it is gone.
func titleOf(tx *store.Tx, id int64) (title string, err error) {
	err = tx.QueryRow(`SELECT text FROM notice WHERE id = $1`, id).Scan(&title)
	if errors.Is(err, store.ErrNoRows) {
		err = nil
	}
	return title, err
}
