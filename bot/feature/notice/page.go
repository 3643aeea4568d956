package notice

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/store"
)

// What pages show of notices, and how one is written there: in fields, since a
// text may begin with any word.

// Draft is a notice as a page's fields say it.
type Draft struct {
	Text        string
	Ack, Urgent bool
	Form        string    // the form that the files were attached in
	Below       bool      // to all branches below
	Some        bool      // to those of To alone
	To          []string  // ids of units below
	ClosesAt    time.Time // zero: no deadline
	Seen        string    // Reach.Figures, as the preview showed it
}

func (d *Draft) order(t *engine.Turn) (order, error) {
	switch {
	case d.Some && len(d.To) == 0:
		return order{}, engine.Complain("notice.choose_units")
	case !d.Some && len(d.To) > 0: // what is chosen in the list and what is ticked beside it do not go together
		return order{}, engine.Complain("notice.units_not_meant")
	}
	o := order{ack: d.Ack || d.Urgent, urgent: d.Urgent, below: d.Below, to: d.To, closesAt: d.ClosesAt, text: d.Text, form: d.Form, seen: d.Seen}
	return o, o.settle(t.Now.In(t.Unit.Zone), t.Lang)
}

// Send sends a draft of t.Member as /通知 would. Who has seen in the preview whom it
// reaches is asked again only if that has changed.
func (f *Feature) Send(t *engine.Turn, d Draft) error {
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	o, err := d.order(t)
	if err != nil {
		return err
	}
	return f.give(t, o)
}

// Preview is the message that Send would post in t.Unit, and whom it would reach.
func (f *Feature) Preview(t *engine.Turn, d Draft) (m chat.Message, to Reach, err error) {
	o, err := d.order(t)
	if err != nil {
		return m, to, err
	}
	n, err := ordered(t, o)
	if err != nil {
		return m, to, err
	}
	if to, err = reach(t, n); err != nil {
		return m, to, err
	}
	n.CreatedAt = t.Now
	y, seq, err := lastNumber(t.Tx, t.Unit.ID)
	if y != year(t) {
		seq = 0
	}
	if err != nil {
		return m, to, err
	}
	g := &target{Year: year(t), Seq: seq + 1}
	err = t.Tx.QueryRow(`SELECT code_next FROM unit WHERE id = $1`, t.Unit.ID).Scan(&g.Code) // which it would most likely get
	return message(t.In(t.Unit), n, g, nil), to, err
}

// Today is how many notices that are not urgent t.Unit has had today.
func Today(t *engine.Turn) (int, error) { return sentOn(t.Tx, t.Unit.ID, year(t), t.Day()) }

// Attach looks at files and returns what keeps them for the notice of a form of
// t.Member.
func (f *Feature) Attach(form string, files []chat.File) func(t *engine.Turn) error {
	parsed := make([]*content, len(files))
	for i, file := range files {
		parsed[i] = f.Parse(file).(*content)
	}
	return func(t *engine.Turn) error {
		if t.Role < engine.Secretary {
			return engine.Complain("engine.secretaries_only")
		}
		for i, file := range files {
			if _, err := addDraft(t, form, file, parsed[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

// Detach drops the files of a form again.
func (f *Feature) Detach(t *engine.Turn, form string) error {
	if err := forgetDrafts(t.Tx, t.Member.ID, form); err != nil {
		return err
	}
	return t.Say("notice.files_dropped")
}

// Attached are the names of the files that wait for the notice of a form.
func Attached(tx *store.Tx, member int64, form string) ([]string, error) {
	files, err := drafts(tx, member, form)
	names := make([]string, len(files))
	for i, m := range files {
		names[i] = m.Alt
	}
	return names, err
}

// Correct is /更正 for who saw the notice as it was after so many corrections; again asks
// those anew who have acknowledged it.
func (f *Feature) Correct(t *engine.Turn, number, corrected, text string, again bool) error {
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	n, g, err := f.own(t, number)
	if err != nil {
		return err
	}
	if strconv.Itoa(n.Corrected) != corrected {
		return engine.Complain("notice.corrected_meanwhile", "Number", g.number(), "Text", n.excerpt())
	}
	if text = strings.TrimSpace(chat.Clean(text)); text == "" {
		return engine.Complain("notice.correct_how")
	}
	return f.correctTo(t, n, g, text, again)
}

// Summary is a notice in the list of a page, as its unit sees it.
type Summary struct {
	ID          int64
	Number      string // 2026-017
	Text        string
	Body        string // the text with what it said before it was corrected
	Ack, Urgent bool
	From        string // the unit that relayed it here; "" = its own
	Below       bool   // relayed by this unit to those below
	State       string
	Code        int // of the open prompt; 0 when it is closed
	At          time.Time
	ClosesAt    time.Time // zero: no deadline
	Tally
	Late      int // of those who have acknowledged it
	Reminders int
	Ninety    time.Duration // until 90 % had acknowledged it; 0: not yet
	Corrected int
	Author    string // "" = a schedule
	Files     []string
}

// Counted tells whether it has counts.
func (s *Summary) Counted() bool { return s.Ack && s.State != string(recalled) }

// Numbered is how many notices of a unit have a text.
func Numbered(tx *store.Tx, unit, text string) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM notice_target t JOIN notice n ON n.id = t.notice
		WHERE t.unit = $1 AND ($2 = '' OR n.text LIKE $2 ESCAPE '\' OR n.earlier LIKE $2 ESCAPE '\')`, unit, text).Scan(&n)
	return n, err
}

// Summaries are some of these, the newest first. text is a pattern of LIKE, ""
// for all.
func Summaries(t *engine.Turn, text string, limit, offset int) ([]Summary, error) {
	rows, err := t.Tx.Query(`SELECT t.notice FROM notice_target t JOIN notice n ON n.id = t.notice
		WHERE t.unit = $1 AND ($2 = '' OR n.text LIKE $2 ESCAPE '\' OR n.earlier LIKE $2 ESCAPE '\') ORDER BY t.year DESC, t.seq DESC LIMIT $3 OFFSET $4`,
		t.Unit.ID, text, limit, offset)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			rows.Close()
			return nil, err
		}
		ids = append(ids, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	var out []Summary
	for _, id := range ids {
		s, err := One(t, id)
		if err != nil {
			return nil, err
		}
		out = append(out, *s)
	}
	return out, nil
}

// One is a notice of t.Unit; nil when the unit does not get it.
func One(t *engine.Turn, id int64) (*Summary, error) {
	n, err := load(t.Tx, id)
	if err != nil || n == nil {
		return nil, err
	}
	g, err := targetOf(t.Tx, id, t.Unit.ID)
	if err != nil || g == nil {
		return nil, err
	}
	s := &Summary{ID: id, Number: g.number(), Text: n.Text, Body: n.body(t.Lang), Ack: n.Ack, Urgent: n.Urgent, State: string(n.State), Code: g.Code,
		Below: n.Relayed && n.Unit == t.Unit.ID, At: n.CreatedAt, ClosesAt: n.ClosesAt, Reminders: g.Reminders, Corrected: n.Corrected}
	if g.Closed || s.Below {
		s.Code = 0
	}
	for _, f := range n.Files {
		s.Files = append(s.Files, f.Alt)
	}
	if n.Unit != t.Unit.ID {
		u, err := t.Directory().Unit(t.Tx, n.Unit)
		if err != nil {
			return nil, err
		}
		s.From = u.Name
	}
	if err := s.countIn(t.Tx, n, g); err != nil {
		return nil, err
	}
	err = t.Tx.QueryRow(`SELECT name FROM member WHERE id = $1`, n.Author).Scan(&s.Author)
	if errors.Is(err, store.ErrNoRows) {
		err = nil
	}
	return s, err
}

func (s *Summary) countIn(tx *store.Tx, n *notice, g *target) (err error) {
	switch {
	case !s.Counted():
		return nil
	case s.Below:
		s.Tally, err = countParts(tx, n)
		return err
	}
	if s.Tally, err = count(tx, n, g); err != nil {
		return err
	}
	if s.Late, err = lateIn(tx, n, g.Unit); err != nil {
		return err
	}
	s.Ninety, err = ninety(tx, n, g)
	return err
}

// countParts is count for all units of a relayed notice together.
func countParts(tx *store.Tx, n *notice) (now Tally, err error) {
	var left Tally
	err = tx.QueryRow(`SELECT COUNT(*), COUNT(r.acked_at), COALESCE(SUM(CASE WHEN r.acked_at IS NULL AND r.told_at IS NOT NULL THEN 1 ELSE 0 END), 0) FROM member m CROSS JOIN unit h CROSS JOIN notice_reader r
		WHERE m.left_at >= $2 AND h.id = m.unit AND r.notice = $1 AND r.unit IN (h.id, h.parent) AND r.member = m.id`,
		n.ID, n.CreatedAt.UnixMilli()).Scan(&left.Due, &left.Done, &left.Told)
	if err != nil {
		return now, err
	}
	err = tx.QueryRow(`SELECT COALESCE(SUM(due), 0), COALESCE(SUM(done), 0), COALESCE(SUM(told), 0) FROM notice_target WHERE notice = $1`, n.ID).
		Scan(&now.Due, &now.Done, &now.Told)
	return Tally{now.Due - left.Due, now.Done - left.Done, now.Told - left.Told}, err
}

// ninety is how long it took until nine in ten of a unit had acknowledged it.
func ninety(tx *store.Tx, n *notice, g *target) (time.Duration, error) {
	need := (g.Due*9 + 9) / 10
	if need == 0 || g.Done < need {
		return 0, nil
	}
	var at int64
	err := tx.QueryRow(`SELECT acked_at FROM notice_reader WHERE notice = $1 AND unit = $2 AND acked_at IS NOT NULL
		ORDER BY acked_at LIMIT 1 OFFSET $3`, n.ID, g.Unit, need-1).Scan(&at)
	if err != nil {
		return 0, fmt.Errorf("acknowledgements of notice %d: %w", n.ID, err)
	}
	return time.UnixMilli(at).Sub(n.CreatedAt), nil
}

// Awaited is somebody who has not acknowledged a notice.
type Awaited struct {
	ID          int64
	Name, Staff string
	Phone       string // of an urgent notice alone
	Away        string // key of the reason why he is not reminded now; ""
	Reminded    int
}

// Awaiting are some of those who have not acknowledged a notice of t.Unit, which
// is not one that it relayed itself.
func Awaiting(t *engine.Turn, s *Summary, limit, offset int) ([]Awaited, error) {
	rows, err := t.Tx.Query(`SELECT m.id, m.name, m.staff, m.phone, r.reminded FROM notice_reader r JOIN member m ON m.id = r.member
		WHERE r.notice = $1 AND r.unit = $2 AND r.acked_at IS NULL AND r.told_at IS NULL AND m.left_at IS NULL ORDER BY r.member LIMIT $3 OFFSET $4`,
		s.ID, t.Unit.ID, limit, offset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Awaited
	for rows.Next() {
		var a Awaited
		if err := rows.Scan(&a.ID, &a.Name, &a.Staff, &a.Phone, &a.Reminded); err != nil {
			return nil, err
		}
		if !s.Urgent {
			a.Phone = ""
		}
		out = append(out, a)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for i := range out {
		m, err := t.Directory().Member(t.Tx, out[i].ID)
		if err != nil || m == nil {
			return nil, err
		}
		if out[i].Away, err = t.Away(m, t.Now); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Part is how a unit stands with a notice that was relayed to it.
type Part struct {
	Name string
	Tally
	Chats int // group chats that it went to
}

// Parts are the units that a notice of t.Unit was relayed to, those with most
// missing first.
func Parts(t *engine.Turn, s *Summary) ([]Part, error) {
	all, err := parts(t.Tx, &notice{ID: s.ID, Unit: t.Unit.ID, CreatedAt: s.At})
	out := make([]Part, len(all))
	for i, p := range all {
		out[i] = Part{p.Name, p.Tally, p.Chats}
	}
	return out, err
}

// UnitsBelow are those that a unit's notices can be relayed to, by id, at most
// so many; more tells that there are others.
func UnitsBelow(tx *store.Tx, unit string, most int) (names [][2]string, more bool, err error) {
	rows, err := tx.Query(`WITH RECURSIVE below (id) AS (
		SELECT id FROM unit WHERE parent = $1 UNION ALL SELECT u.id FROM unit u JOIN below b ON u.parent = b.id)
		SELECT u.id, u.name FROM unit u JOIN below b ON b.id = u.id ORDER BY u.kind, u.name, u.id LIMIT $2`, unit, most+1)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var n [2]string
		if err := rows.Scan(&n[0], &n[1]); err != nil {
			return nil, false, err
		}
		names = append(names, n)
	}
	return names[:min(len(names), most)], len(names) > most, rows.Err()
}

// Pulse changes when a notice of a unit is sent, acknowledged, reminded of,
// corrected, recalled or closed.
func Pulse(tx *store.Tx, unit string) (string, error) {
	var n, done, reminders, closed, changed, relayed int64
	err := tx.QueryRow(`SELECT COUNT(*), COALESCE(SUM(t.done + t.told), 0), COALESCE(SUM(t.reminders), 0), COUNT(t.closed_at),
			COALESCE(SUM(n.corrected + CASE n.state WHEN 'recalled' THEN 100 ELSE 0 END), 0)
		FROM notice_target t JOIN notice n ON n.id = t.notice WHERE t.unit = $1`, unit).Scan(&n, &done, &reminders, &closed, &changed)
	if err != nil {
		return "", err
	}
	err = tx.QueryRow(`SELECT COALESCE(SUM(t.done), 0) FROM notice n JOIN notice_target t ON t.notice = n.id
		WHERE n.unit = $1 AND n.relayed = 1 AND n.state = 'sent'`, unit).Scan(&relayed)
	return fmt.Sprint(n, done, reminders, closed, changed, relayed), err
}
