package roster

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/imports"
	"branchbot/content"
	"branchbot/store"
)

// Taking a roster file in: it is shown first, and waits for its sender's
// confirmation. What is confirmed is worked out again at that moment, in the unit
// for which it was shown: when something has changed it is shown again.

// ErrChanged tells that a plan no longer fits the roster.
var ErrChanged = errors.New("the roster has changed since the preview")

// Taken is what became of a plan.
type Taken struct {
	Added, Changed, Same int
	Left                 int // people of whom something was not confirmed
}

// Take carries a plan out, with the kinds of changes that are allowed. Who was
// renamed is another person until somebody says otherwise: nothing of such a row is
// taken in without that. Nor is anything that would leave a unit without a secretary.
func (d *Directory) Take(tx *store.Tx, p *Plan, allow []string, by string) (done Taken, err error) {
	d.Changed(tx)
	for _, unit := range p.concerned() { // for the program's command, which is no turn
		if err := tx.Locked(`SELECT id FROM unit WHERE id = $1`, unit); err != nil {
			return done, err
		}
	}
	again, err := NewPlan(tx, p.Unit, p.table, p.answers)
	if err != nil {
		return done, err
	}
	if again.Digest() != p.Digest() || !p.Ready() {
		return done, ErrChanged
	}
	last, err := lastEnded(tx)
	if err != nil {
		return done, err
	}
	for i := range p.Entries {
		e := &p.Entries[i]
		person, whole := e.allowed(allow)
		if !whole {
			done.Left++
		}
		switch {
		case e.Is == isNew:
			done.Added++
		case e.Is == isBack && (whole || slices.Contains(allow, "renames") || !slices.Contains(e.Kinds, "renames")):
			done.Added++
		case e.Is == isChanged && person.differs(e.Was):
			done.Changed++
		default:
			if whole {
				done.Same++
			}
			continue
		}
		if err := d.save(tx, person, by); err != nil {
			return done, fmt.Errorf("member %s: %w", person.Staff, err)
		}
	}
	var actor int64
	if id, ok := strings.CutPrefix(by, "member:"); ok {
		if actor, err = strconv.ParseInt(id, 10, 64); err != nil {
			return done, fmt.Errorf("who imports: %w", err)
		}
	}
	return done, keepsSecretary(tx, actor, last)
}

// allowed is the person of an entry without what is not allowed; whole tells
// whether all of it is.
func (e *Entry) allowed(allow []string) (p Person, whole bool) {
	p, whole = e.Person, true
	for _, kind := range e.Kinds {
		if slices.Contains(allow, kind) {
			continue
		}
		whole = false
		switch kind {
		case "renames":
			p = e.Was
			p.Roles = nil
			return p, false
		case "status":
			p.Status = e.Was.Status
		case "moves": // and the offices are in the unit to which they would move
			p.Unit, p.Roles = e.Was.Unit, nil
		case "offices":
			p.Roles = nil
		}
	}
	return p, whole
}

// concerned are the units whose rosters a plan changes, in order.
func (p *Plan) concerned() []string {
	units := []string{p.Unit}
	for _, e := range p.Entries {
		units = append(units, e.Person.Unit)
		if e.Was.Unit != "" {
			units = append(units, e.Was.Unit)
		}
	}
	slices.Sort(units)
	return slices.Compact(units)
}

// save writes the person as they are to be, and gives them the offices. Who was
// taken off the roster comes back.
func (d *Directory) save(tx *store.Tx, p Person, by string) error {
	var id int64
	err := tx.QueryRow(`INSERT INTO member (unit, staff, staff_key, name, status, joined_on, phone) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (staff) DO UPDATE SET unit = excluded.unit, staff_key = excluded.staff_key, name = excluded.name,
		status = excluded.status, joined_on = excluded.joined_on, phone = excluded.phone, left_at = NULL
		RETURNING id`, p.Unit, p.Staff, StaffKey(p.Staff), p.Name, p.Status, p.JoinedOn, p.Phone).Scan(&id)
	if err != nil {
		return err
	}
	if err := d.stays(tx, id, 0); err != nil {
		return err
	}
	for _, role := range p.Roles {
		if err := grant(tx, id, p.Unit, role, by); err != nil {
			return err
		}
	}
	return nil
}

// Pending is a file that waits for its sender's confirmation.
type Pending struct {
	ID      int64
	Unit    string // for which it was shown
	Table   Table
	Answers map[int]string // what was told of columns
}

// forgotten is how long a file waits.
const forgotten = 7 * 24 * time.Hour

// keep keeps a table for its sender's confirmation.
func keep(t *engine.Turn, table *Table) (*Pending, error) {
	blob, err := json.Marshal(table)
	if err != nil {
		return nil, err
	}
	if _, err := t.Tx.Exec(`UPDATE roster_import SET people = '', file = '' WHERE created_at < $1 AND (file <> '' OR people <> '')`,
		t.Tx.Now.Add(-forgotten).UnixMilli()); err != nil {
		return nil, err
	}
	p := &Pending{Unit: t.Unit.ID, Table: *table}
	err = t.Tx.QueryRow(`INSERT INTO roster_import (unit, member, people, file, created_at) VALUES ($1, $2, '', $3, $4) RETURNING id`,
		t.Unit.ID, t.Member.ID, string(blob), t.Tx.Millis()).Scan(&p.ID)
	return p, err
}

// PendingOf is a file of a member that waits; nil when it does not.
func PendingOf(tx *store.Tx, member, id int64) (*Pending, error) {
	p := &Pending{ID: id}
	var blob, answers string
	err := tx.QueryRow(`SELECT unit, file, answers FROM roster_import WHERE id = $1 AND member = $2`, id, member).Scan(&p.Unit, &blob, &answers)
	if errors.Is(err, store.ErrNoRows) || err == nil && blob == "" {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(blob), &p.Table)
	}
	if err == nil && answers != "" {
		err = json.Unmarshal([]byte(answers), &p.Answers)
	}
	return p, err
}

// LastPending is the newest file of a member that waits in a unit; 0 when none does.
func LastPending(tx *store.Tx, member int64, unit string) (id int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(id), 0) FROM roster_import WHERE member = $1 AND unit = $2 AND file <> ''`, member, unit).Scan(&id)
	return id, err
}

// Plan is what the file would change now.
func (p *Pending) Plan(tx *store.Tx) (*Plan, error) { return NewPlan(tx, p.Unit, &p.Table, p.Answers) }

// PreviewFile is the whole plan of a file that waits, for the message that tells
// some of it.
func PreviewFile(tx *store.Tx, id int64) ([]byte, error) {
	var member int64
	var lang string
	err := tx.QueryRow(`SELECT i.member, CASE m.language WHEN '' THEN u.language ELSE m.language END
		FROM roster_import i JOIN member m ON m.id = i.member JOIN unit u ON u.id = i.unit WHERE i.id = $1`, id).Scan(&member, &lang)
	if err != nil {
		return nil, err
	}
	pending, err := PendingOf(tx, member, id)
	if err != nil {
		return nil, err
	}
	if pending == nil {
		return nil, store.ErrNoRows
	}
	plan, err := pending.Plan(tx)
	if err != nil {
		return nil, err
	}
	return plan.File(lang)
}

// sent is what was read of a file.
type sent struct {
	table Table
	err   error
}

// Parse implements engine.Filer.
func (f *Feature) Parse(file chat.File) any {
	if !content.IsTableFile(file.Name, file.Data) {
		return nil
	}
	table, err := ReadTable(file.Name, file.Data)
	return &sent{table, err}
}

// File implements engine.Filer: a roster that a secretary sends in private is
// shown first.
func (f *Feature) File(t *engine.Turn, _ chat.File, parsed any) (bool, error) {
	read := parsed.(*sent)
	if read.err != nil {
		why, ok := imports.Fault(t.Lang, read.err)
		if !ok {
			why = read.err.Error()
		}
		return true, engine.Complain("member.import_unreadable", "Reason", why)
	}
	table := read.table
	switch {
	case content.HasQuestions(table.Rows):
		return true, engine.Complain("member.import_bank")
	case len(table.Rows) > 1 && !IsRoster(table.Rows):
		return true, engine.Complain("member.import_unknown")
	}
	plan, err := NewPlan(t.Tx, t.Unit.ID, &table, nil)
	if err != nil {
		return true, err
	}
	if len(plan.Questions()) == 0 && !plan.Ready() {
		text, _ := plan.Text(t.Lang, named)
		return true, t.Reply(chat.Text(text))
	}
	pending, err := keep(t, &table)
	if err != nil {
		return true, err
	}
	return true, f.showPlan(t, pending, plan, "", "")
}

// showPlan shows what a file would change, with buttons for what is to be told or
// decided next. decided has a letter for each kind of change that was: a capital
// when it is to be taken in.
func (f *Feature) showPlan(t *engine.Turn, pending *Pending, plan *Plan, first, decided string) error {
	text, cut := plan.Text(t.Lang, named)
	if first != "" {
		text = t.T(first) + "\n" + text
	}
	m := chat.Text(text)
	button := func(label, verb, rest string) {
		m.Buttons = append(m.Buttons, []chat.Button{{Label: label, Data: fmt.Sprintf("member:%s:%d%s", verb, pending.ID, rest)}})
	}
	if questions := plan.Questions(); len(questions) > 0 {
		q := questions[0]
		m = chat.Text(q.Ask(t.Lang))
		for _, meaning := range append(slices.Clone(q.May), NotRead) {
			button(t.T("member.column_is."+meaning), "column", fmt.Sprintf(":%d:%s", q.Index, meaning))
		}
	} else if plan.Ready() {
		if cut {
			m.Media = []chat.Media{{Ref: fmt.Sprintf("preview:%d.xlsx", pending.ID), Name: t.T("member.preview.sheet") + ".xlsx", Alt: t.T("member.preview.sheet")}}
		}
		f.decide(t, plan, decided, button)
	}
	button(t.T("member.import_cancel"), "cancel", "")
	return t.Reply(m)
}

// decide adds the buttons of the next kind of change that is not yet decided; with
// the last one the file is taken in.
func (f *Feature) decide(t *engine.Turn, plan *Plan, decided string, button func(label, verb, rest string)) {
	rest := ":" + plan.Digest() + ":" + decided
	var open []string
	for _, kind := range plan.Asked() {
		if !strings.Contains(strings.ToLower(decided), kind[:1]) {
			open = append(open, kind)
		}
	}
	if len(open) == 0 {
		button(t.T("member.import_confirm"), "import", rest)
		return
	}
	kind := open[0]
	n, yes, no := len(plan.Of(kind)), rest+strings.ToUpper(kind[:1]), rest+kind[:1]
	if len(open) > 1 {
		button(t.T("member.allow_next."+kind, "N", n), "decide", yes)
		button(t.T("member.leave_next."+kind), "decide", no)
		return
	}
	button(t.T("member.allow."+kind, "N", n), "import", yes)
	button(t.T("member.leave."+kind), "import", no)
}

// Press implements engine.Presser: what is told or decided of a file, or of requests to
// join.
func (f *Feature) Press(t *engine.Turn, data string) error {
	parts := append(strings.Split(data, ":"), "", "", "")
	id, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return engine.Complain("engine.old_button")
	}
	switch parts[0] {
	case "yes", "no", "all", "mine", "notmine":
		return f.pressed(t, parts[0], id)
	case "change", "drop":
		return f.answered(t, id, parts[0] == "change")
	case "restore":
		return f.Restore(t, id)
	case "cancel":
		return f.Drop(t, id)
	case "column":
		at, err := strconv.Atoi(parts[2])
		if err != nil || !slices.Contains(Meanings, parts[3]) {
			return engine.Complain("engine.old_button")
		}
		return f.Tell(t, id, map[int]string{at: parts[3]})
	case "decide", "import":
		var allow []string
		for _, kind := range Kinds {
			if strings.Contains(parts[3], strings.ToUpper(kind[:1])) {
				allow = append(allow, kind)
			}
		}
		if parts[0] == "import" {
			return f.TakeIn(t, id, parts[2], allow)
		}
		pending, plan, err := f.pending(t, id)
		if err != nil {
			return err
		}
		if plan.Digest() != parts[2] {
			return f.showPlan(t, pending, plan, "member.import_changed", "")
		}
		m := chat.Text(t.T("member.import_next"))
		f.decide(t, plan, parts[3], func(label, verb, rest string) {
			m.Buttons = append(m.Buttons, []chat.Button{{Label: label, Data: fmt.Sprintf("member:%s:%d%s", verb, id, rest)}})
		})
		m.Buttons = append(m.Buttons, []chat.Button{{Label: t.T("member.import_cancel"), Data: fmt.Sprintf("member:cancel:%d", id)}})
		return t.Reply(m)
	}
	return engine.Complain("engine.old_button")
}

// pending is a file of the sender's, with what it would change now. They have to
// be a secretary of the unit for which it was shown.
func (f *Feature) pending(t *engine.Turn, id int64) (*Pending, *Plan, error) {
	pending, err := PendingOf(t.Tx, t.Member.ID, id)
	if err != nil {
		return nil, nil, err
	}
	if pending == nil {
		return nil, nil, engine.Complain("engine.old_button")
	}
	role, err := f.Role(t.Tx, t.Member, pending.Unit)
	if err != nil {
		return nil, nil, err
	}
	if role < engine.Secretary {
		return nil, nil, engine.Complain("engine.secretaries_only")
	}
	plan, err := pending.Plan(t.Tx)
	return pending, plan, err
}

// Tell keeps what the sender tells of columns, and shows the file again.
func (f *Feature) Tell(t *engine.Turn, id int64, told map[int]string) error {
	pending, _, err := f.pending(t, id)
	if err != nil {
		return err
	}
	if pending.Answers == nil {
		pending.Answers = map[int]string{}
	}
	for at, meaning := range told {
		if at < 0 || !slices.Contains(Meanings, meaning) {
			return engine.Complain("engine.old_button")
		}
		pending.Answers[at] = meaning
	}
	blob, err := json.Marshal(pending.Answers)
	if err != nil {
		return err
	}
	if _, err := t.Tx.Exec(`UPDATE roster_import SET answers = $1 WHERE id = $2`, string(blob), id); err != nil {
		return err
	}
	plan, err := pending.Plan(t.Tx)
	if err != nil {
		return err
	}
	return f.showPlan(t, pending, plan, "", "")
}

// TakeIn takes a file in as it was shown, with the kinds of changes that are
// allowed; when something has changed since, it is shown again.
func (f *Feature) TakeIn(t *engine.Turn, id int64, shown string, allow []string) error {
	pending, plan, err := f.pending(t, id)
	if err != nil {
		return err
	}
	if plan.Digest() != shown {
		return f.showPlan(t, pending, plan, "member.import_changed", "")
	}
	if !plan.Ready() {
		return engine.Complain("engine.old_button")
	}
	if err := t.Lock(plan.concerned()...); err != nil {
		return err
	}
	last, err := lastEnded(t.Tx)
	if err != nil {
		return err
	}
	taken, err := f.Take(t.Tx, plan, allow, by(t.Member))
	if errors.Is(err, ErrChanged) {
		if plan, err = pending.Plan(t.Tx); err == nil {
			err = f.showPlan(t, pending, plan, "member.import_changed", "")
		}
		return err
	}
	if err != nil {
		return err
	}
	if err := done(t.Tx, id); err != nil {
		return err
	}
	text := t.T("member.imported", "Added", taken.Added, "Changed", taken.Changed, "Same", taken.Same)
	if taken.Left > 0 {
		text += t.T("member.imported_left", "N", taken.Left)
	}
	lines, err := f.moved(t, last)
	if err != nil {
		return err
	}
	return t.Reply(chat.Text(strings.Join(append([]string{text}, lines...), "\n")))
}

// Drop drops a file of the sender's.
func (f *Feature) Drop(t *engine.Turn, id int64) error {
	pending, err := PendingOf(t.Tx, t.Member.ID, id)
	if err == nil && pending == nil {
		err = engine.Complain("engine.old_button")
	}
	if err == nil {
		err = done(t.Tx, id)
	}
	if err != nil {
		return err
	}
	return t.Say("member.import_cancelled")
}

func done(tx *store.Tx, id int64) error {
	_, err := tx.Exec(`UPDATE roster_import SET file = '', answers = '' WHERE id = $1`, id)
	return err
}
