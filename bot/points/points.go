// Package points keeps participation points: an append-only ledger, one hash
// chain a unit, that anyone can verify.
//
// Rules:
//   - An entry is never changed or deleted. A mistake is undone by a
//     counter-entry, once.
//   - An entry has a cause and a key that names it: one event earns once.
//   - What earns how much is data (the points rules); each entry names the
//     version of the rules that held.
//   - A cap limits what a rule gives in a day, month or year; what is above it
//     is not booked.
//   - Rules give no negative points. A day is the unit's.
//
// Commands: /积分 /points, /排行 /rank, /加分 /award, /撤销 /revoke.
package points

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"branchbot/bot/engine"
	"branchbot/store"
)

// Rule says what earns how much.
type Rule struct {
	ID     string         `yaml:"id" json:"id"`
	On     string         `yaml:"on" json:"on"`         // an occasion, e.g. quiz.correct
	Points int64          `yaml:"points" json:"points"` // at least 1
	Cap    map[string]int `yaml:"cap" json:"cap,omitempty"`
}

// Occasions are what rules can be about. Features book them.
var Occasions = []string{"quiz.answered", "quiz.correct", "checkin.on_time", "checkin.late", "lesson.done", "notice.acknowledged", "notice.late"}

// Periods are what caps can be for.
var Periods = []string{"day", "month", "year"}

// Entry is one record of the ledger.
type Entry struct {
	Unit     string
	Seq      int64 // from 1 in the unit, without gaps
	Member   int64
	Points   int64
	Rule     string // id of the rule; "award", "revoke" for those entered by hand
	Version  int64  // of the rules
	Day      string
	At       int64 // UTC milliseconds
	Key      string
	Cause    string // e.g. round:17
	Actor    int64  // who entered it by hand; 0 = a rule
	Reverses int64  // the seq that it undoes; 0 = none
	Note     string
	Hash     []byte
}

// OwnAward tells whether somebody gave the points to themselves, which is shown wherever
// entries are looked through.
func (e *Entry) OwnAward() bool { return e.Rule == "award" && e.Actor == e.Member && e.Reverses == 0 }

// Book is the ledger with the rules that hold now.
type Book struct {
	rules atomic.Pointer[ruleSet]
}

type ruleSet struct {
	version int64
	byOn    map[string][]Rule
}

// SetRules makes rules the ones that hold, under a version of their own when
// they differ from those before.
func (b *Book) SetRules(tx *store.Tx, rules []Rule) error {
	text, err := json.Marshal(rules)
	if err != nil {
		return err
	}
	set := &ruleSet{byOn: map[string][]Rule{}}
	err = tx.QueryRow(`SELECT version FROM points_rules WHERE rules = $1`, string(text)).Scan(&set.version)
	if errors.Is(err, store.ErrNoRows) {
		err = tx.QueryRow(`INSERT INTO points_rules (version, rules, since)
			SELECT COALESCE(MAX(version), 0) + 1, $1, $2 FROM points_rules RETURNING version`, string(text), tx.Millis()).Scan(&set.version)
	}
	if err != nil {
		return fmt.Errorf("points rules: %w", err)
	}
	for _, r := range rules {
		set.byOn[r.On] = append(set.byOn[r.On], r)
	}
	tx.AfterCommit(func() { b.rules.Store(set) })
	return nil
}

// Earn books what the rules give a member for an occasion, before the transaction
// ends. item names what it was about (round:17): one item earns once.
func (b *Book) Earn(t *engine.Turn, member int64, on, item string) error {
	return b.earn(t, member, on, item, t.DayOfWord(), "")
}

// earn is Earn for a day. mark tells the entry from an earlier one for the same item,
// which was taken back; "" for the first.
func (b *Book) earn(t *engine.Turn, member int64, on, item, day, mark string) error {
	set := b.rules.Load()
	if set == nil || len(set.byOn[on]) == 0 {
		return nil
	}
	for i := range set.byOn[on] {
		r := &set.byOn[on][i]
		earn(t.Tx, earning{r, Entry{Unit: t.Unit.ID, Member: member, Points: r.Points, Rule: r.ID, Version: set.version, Day: day,
			Key: r.ID + ":" + item + ":" + strconv.FormatInt(member, 10) + mark, Cause: item}})
	}
	return nil
}

// Correction puts right what was booked for an item that was judged wrongly.
type Correction struct {
	On, Item string
	Day      string // of the item
	N        int    // which correction of the item it is, from 1
	Note     string // of the counter-entries
}

// Grant books what a member should have got.
func (b *Book) Grant(t *engine.Turn, c Correction, member int64) error {
	return b.earn(t, member, c.On, c.Item, c.Day, fmt.Sprintf(":%d", c.N))
}

// TakeBack books counter-entries to what a member got for the item, in the name of who
// corrects it. It returns how many points that is.
func (b *Book) TakeBack(t *engine.Turn, c Correction, member int64) (points int64, err error) {
	if err := settled(t.Tx); err != nil {
		return 0, err
	}
	versions, err := versionsOf(t.Tx)
	if err != nil {
		return 0, err
	}
	tried := map[string]bool{}
	for _, rules := range versions {
		for _, r := range rules {
			for n := 0; r.On == c.On && n < c.N; n++ {
				key := r.ID + ":" + c.Item + ":" + strconv.FormatInt(member, 10)
				if n > 0 {
					key += fmt.Sprintf(":%d", n)
				}
				if tried[key] {
					continue
				}
				tried[key] = true
				back, err := takeBack(t, key, "command", c.Note)
				if err != nil {
					return 0, err
				}
				points += back
			}
		}
	}
	return points, nil
}

// withdrawn is the cause of counter-entries to what a member has taken back himself, and
// may earn again.
const withdrawn = "withdrawn"

// Withdraw books counter-entries to what t.Member got for an item that he takes back. If
// he does it after all, it earns once more.
func (b *Book) Withdraw(t *engine.Turn, on, item string) error {
	if err := settled(t.Tx); err != nil {
		return err
	}
	versions, err := versionsOf(t.Tx)
	if err != nil {
		return err
	}
	tried := map[string]bool{}
	for _, rules := range versions {
		for _, r := range rules {
			for n := 0; r.On == on && n <= mostAgain; n++ {
				key := againKey(r.ID+":"+item+":"+strconv.FormatInt(t.Member.ID, 10), n)
				if tried[key] {
					continue
				}
				tried[key] = true
				if _, err := takeBack(t, key, withdrawn, ""); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// mostAgain is how often an item may earn again.
const mostAgain = 5

// againKey is the key of what an item earns once more.
func againKey(key string, n int) string {
	if n == 0 {
		return key
	}
	return fmt.Sprintf("%s:again%d", key, n)
}

// takeBack undoes the entry of a key, if it is there and not undone yet.
func takeBack(t *engine.Turn, key, cause, note string) (points int64, err error) {
	old, err := scanEntry(t.Tx.QueryRow(selectEntry+`WHERE key = $1`, key))
	if errors.Is(err, store.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var undone bool
	err = t.Tx.QueryRow(`SELECT COUNT(*) > 0 FROM ledger WHERE unit = $1 AND reverses = $2`, old.Unit, old.Seq).Scan(&undone)
	if err != nil || undone {
		return 0, err
	}
	e := old.counter(t.Member.ID, note)
	e.Cause = cause
	_, err = Append(t.Tx, &e)
	return old.Points, err
}

// counter is the counter-entry to an entry.
func (e *Entry) counter(actor int64, note string) Entry {
	return Entry{Unit: e.Unit, Member: e.Member, Points: -e.Points, Rule: e.Rule, Version: e.Version, Day: e.Day,
		Actor: actor, Reverses: e.Seq, Key: fmt.Sprintf("revoke:%s:%d", e.Unit, e.Seq), Cause: "command", Note: note}
}

// Append adds an entry to its unit's chain and fills in Seq, At and Hash.
// false: an entry with this key is there already, nothing has changed.
func Append(tx *store.Tx, e *Entry) (bool, error) {
	if err := settled(tx); err != nil {
		return false, err
	}
	b, err := openBooking(tx, []earning{{entry: *e}})
	if err != nil || !b.add(e, nil) {
		return false, err
	}
	if err := b.store(); err != nil || e.Reverses == 0 {
		return err == nil, err
	}
	// What a counter-entry takes back no longer counts towards a cap.
	_, err = tx.Exec(`UPDATE ledger_sum SET points = points + $1 WHERE period IN ($2, $3, $4) AND member = $5 AND rule = $6`,
		e.Points, e.Day, e.Day[:periods["month"]], e.Day[:periods["year"]], e.Member, e.Rule)
	return err == nil, err
}

// hash is SHA-256 over the previous hash and the fields, each with its length
// before it, so that no two entries have the same bytes.
func (e *Entry) hash(prev []byte) []byte {
	b := make([]byte, 0, 256)
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, prev...)
	text(e.Unit)
	for _, n := range []int64{e.Seq, e.Member, e.Points, e.Version, e.At, e.Actor, e.Reverses} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, s := range []string{e.Rule, e.Day, e.Key, e.Cause, e.Note} {
		text(s)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// Link makes an entry, which has its Seq and At, the one after another in its
// chain: prev is that one's Hash. It is for who writes whole chains at once.
func (e *Entry) Link(prev []byte) { e.Hash = e.hash(prev) }

// Columns are those of the table, in the order of Values.
var Columns = []string{"unit", "seq", "member", "points", "rule", "version", "day", "at", "key", "cause", "actor", "reverses", "note", "hash"}

// Values are what an entry is stored as.
func (e *Entry) Values() []any {
	return []any{e.Unit, e.Seq, e.Member, e.Points, e.Rule, e.Version, e.Day, e.At, e.Key, e.Cause, e.Actor, e.Reverses, e.Note, e.Hash}
}

// Balance is what a member has.
func Balance(tx *store.Tx, member int64) (points int64, err error) {
	if err := settled(tx); err != nil {
		return 0, err
	}
	err = tx.QueryRow(`SELECT points FROM ledger_sum WHERE period = '' AND member = $1 AND rule = ''`, member).Scan(&points)
	if errors.Is(err, store.ErrNoRows) {
		return 0, nil
	}
	return points, err
}

const selectEntry = `SELECT unit, seq, member, points, rule, version, day, at, key, cause, actor, reverses, note, hash FROM ledger `

// Place is how somebody stands who agreed to be on the board.
type Place struct {
	Name   string
	Points int64
}

// Places are the members of a unit and of those under it who opted in to the
// board, the one with the most points first.
func Places(tx *store.Tx, unit string, most int) ([]Place, error) {
	rows, err := tx.Query(`WITH RECURSIVE below (id) AS (
			SELECT id FROM unit WHERE id = $1 UNION ALL SELECT u.id FROM unit u JOIN below b ON u.parent = b.id)
		SELECT m.name, COALESCE(s.points, 0) FROM below b JOIN member m ON m.unit = b.id
		LEFT JOIN ledger_sum s ON s.period = '' AND s.member = m.id AND s.rule = ''
		WHERE m.board = 1 AND m.left_at IS NULL ORDER BY 2 DESC, m.staff LIMIT $2`, unit, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Place
	for rows.Next() {
		var p Place
		if err := rows.Scan(&p.Name, &p.Points); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

func scanEntry(row store.Scanner) (e Entry, err error) {
	err = row.Scan(&e.Unit, &e.Seq, &e.Member, &e.Points, &e.Rule, &e.Version, &e.Day, &e.At, &e.Key, &e.Cause,
		&e.Actor, &e.Reverses, &e.Note, &e.Hash)
	return e, err
}

// Last are a member's newest entries in the chains of these units, newest
// first. A chain is read from its end, so it needs no index by member, which
// would cost every entry a page of its own.
func Last(tx *store.Tx, units []*engine.Unit, member int64, n int) ([]Entry, error) {
	var out []Entry
	for _, u := range units {
		err := each(tx, `WHERE unit = $1 AND member = $2 ORDER BY seq DESC LIMIT $3`, []any{u.ID, member, n},
			func(e Entry) error { out = append(out, e); return nil })
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Compare(b.At, a.At) })
	return out[:min(n, len(out))], nil
}

// CountOf is how many entries of a member the chains of these units have.
func CountOf(tx *store.Tx, units []*engine.Unit, member int64) (n int, err error) {
	for _, u := range units {
		in := 0
		if err := tx.QueryRow(`SELECT COUNT(*) FROM ledger WHERE unit = $1 AND member = $2`, u.ID, member).Scan(&in); err != nil {
			return 0, err
		}
		n += in
	}
	return n, nil
}

// month is how long an entry can be revoked: after that papers are handed in.
const month = 31 * 24 * time.Hour

// Each visits the entries of a unit, of all units for "", in order.
func Each(tx *store.Tx, unit string, visit func(Entry) error) error {
	var all []Entry // visit may run queries, which an open result would block
	where, args := ``, []any{}
	if unit != "" {
		where, args = `WHERE unit = $1 `, []any{unit}
	}
	err := each(tx, where+`ORDER BY unit, seq`, args, func(e Entry) error {
		all = append(all, e)
		return nil
	})
	for _, e := range all {
		if err == nil {
			err = visit(e)
		}
	}
	return err
}

// each visits the entries that a query finds; visit must not use the database.
func each(tx *store.Tx, where string, args []any, visit func(Entry) error) error {
	if err := settled(tx); err != nil {
		return err
	}
	rows, err := tx.Query(selectEntry+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return err
		}
		if err := visit(e); err != nil {
			return err
		}
	}
	return rows.Err()
}
