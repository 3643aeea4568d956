// Package notice passes notices on and keeps who has acknowledged them.
//
// Rules:
//   - A notice has a number of its own in each unit and year that it reaches;
//     a relayed one also names its origin with the number there.
//   - Acknowledgement is asked for only by 回执. Members are due as the rosters
//     stood when it was sent; its author is not, nor who has left since. One
//     acknowledgement a member counts, wherever he gives it.
//   - What is acknowledged after the deadline counts as late. Whom the secretary has told by
//     telephone or in person is neither reminded nor listed any more, and counted apart.
//   - A correction stands above the text that it corrects. Who had acknowledged that is
//     told, and asked anew if the secretary wants.
//   - The group sees numbers: one rising count. Names go to the secretary of
//     the unit in private, and only totals to the unit above.
//   - At most so many reminders an item (conduct: reminders_per_item), the one
//     before the deadline among them: in private where a member is reached
//     there, else one line in the group without names. None in quiet hours.
//   - In quiet hours the author is asked whether a notice is to wait for their end.
//   - An urgent notice is sent when its author has confirmed it. It knows no
//     quiet hours and no daily limit, is repeated once while somebody is
//     missing, and ends with a list of telephone numbers for the secretary.
//   - The daily limit (conduct: notices_per_day) is for a unit's own notices;
//     what comes from above counts but is never held back. A notice is corrected
//     three times at most.
//
// Commands: /通知 /notice, /未读 /missing, /催办 /remind, /已通知 /told, /更正 /correct, /撤回 /recall.
// Actions: notice.
package notice

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/points"
	"branchbot/schedules"
	"branchbot/store"
)

// life is how long a notice without a deadline can be acknowledged, urgentLife
// an urgent one.
const (
	life       = 3 * 24 * time.Hour
	urgentLife = 2 * time.Hour
)

// Feature passes notices on.
type Feature struct {
	Book      *points.Book
	PerDay    func() int             // conduct: notices_per_day
	Reminders func() int             // conduct: reminders_per_item
	Quiet     func() schedules.Quiet // conduct: quiet_hours
	// Board is the address of a unit's board; "" when it has none.
	Board func(tx *store.Tx, unit string) (string, error)
}

// Causes implements points.Causer. Who takes an acknowledgement back has read the notice
// all the same.
func (f *Feature) Causes() map[string]points.Cause {
	read := points.Cause{Item: "notice:", Where: `EXISTS (SELECT 1 FROM notice_reader r WHERE r.notice = e.item AND r.member = e.member)`, Title: titleOf}
	return map[string]points.Cause{"notice.acknowledged": read, "notice.late": read}
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "notice" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"通知", "notice"}, Role: engine.Secretary, Group: engine.Publish, Usage: "notice.usage.notice", Example: "notice.example.notice", Run: f.send},
		{Names: []string{"未读", "missing"}, Role: engine.Secretary, Group: engine.Follow, Usage: "notice.usage.missing", Run: f.missing},
		{Names: []string{"催办", "remind"}, Role: engine.Secretary, Group: engine.Follow, Usage: "notice.usage.remind", Run: f.remind},
		{Names: []string{"已通知", "told"}, Role: engine.Secretary, Group: engine.Follow, Usage: "notice.usage.told", Example: "notice.example.told", Run: f.told},
		{Names: []string{"更正", "correct"}, Role: engine.Secretary, Group: engine.Follow, Usage: "notice.usage.correct", Example: "notice.example.correct", Run: f.correct},
		{Names: []string{"撤回", "recall"}, Role: engine.Secretary, Group: engine.Follow, Usage: "notice.usage.recall", Run: f.recall},
		{Names: []string{"公示", "publish"}, Role: engine.Secretary, Group: engine.Follow, Usage: "notice.usage.publish", Run: f.publish},
	}
}

// Actions implements engine.Actor.
func (f *Feature) Actions() []engine.Action {
	return []engine.Action{{
		Name: "notice",
		Check: func(args engine.Args) error {
			if strings.TrimSpace(args["text"]) == "" {
				return errors.New("text is missing: what the notice says")
			}
			if len([]rune(args["text"])) > maxText {
				return fmt.Errorf("text is longer than %d characters", maxText)
			}
			if _, err := args.CloseAfter(life); err != nil {
				return fmt.Errorf("close_after: %q is no time between 1m and 720h", args["close_after"])
			}
			return nil
		},
		Run: func(t *engine.Turn, args engine.Args, cause string) error {
			n, err := scheduled(t, args)
			if err != nil {
				return err
			}
			return f.dispatch(t, n, cause)
		},
		Preview: func(t *engine.Turn, args engine.Args) (chat.Message, error) {
			n, err := scheduled(t, args)
			if err != nil {
				return chat.Message{}, err
			}
			_, seq, err := lastNumber(t.Tx, t.Unit.ID)
			return message(t, n, &target{Year: year(t), Seq: seq + 1}, nil), err
		},
	}}
}

// scheduled is the notice of an action. With close_after it has a deadline.
func scheduled(t *engine.Turn, args engine.Args) (*notice, error) {
	n := &notice{Unit: t.Unit.ID, Text: strings.TrimSpace(chat.Clean(args["text"])), Ack: args["ack"] == "true", Units: []string{t.Unit.ID}}
	if args["close_after"] != "" {
		open, err := args.CloseAfter(life)
		if err != nil {
			return nil, err
		}
		n.ClosesAt = t.Now.Add(open)
	}
	return n, nil
}

func year(t *engine.Turn) int { return t.Now.In(t.Unit.Zone).Year() }

// number is how a notice is called in a unit: 2026-017.
func (g *target) number() string { return fmt.Sprintf("%d-%03d", g.Year, g.Seq) }

// thread ties a notice to what later takes its place in the chats.
func (n *notice) thread() string {
	if len(n.Files) > 0 {
		return "" // an edit would take the pictures away
	}
	return fmt.Sprintf("notice:%d", n.ID)
}

// message is a notice as a unit's chats see it. origin is nil for its own.
func message(t *engine.Turn, n *notice, g *target, origin *source) chat.Message {
	head := "notice.head"
	if n.Urgent {
		head = "notice.head_urgent"
	}
	m := chat.Message{Media: n.Files}.AddStyled(t.T(head, "Number", g.number()), chat.Bold)
	if n.Corrected > 0 {
		m = m.AddStyled(t.T("notice.corrected_mark"), chat.Bold)
	}
	line := ""
	if n.Ack && g.Code > 0 { // by which answers and commands call it
		line = t.T("notice.short", "Code", g.Code)
	}
	switch {
	case n.Ack && (n.Urgent || !n.ClosesAt.IsZero()):
		line += t.T("notice.until_ack", "Until", n.until(t))
	case !n.ClosesAt.IsZero():
		line += t.T("notice.until", "Until", n.until(t))
	}
	m = m.Add(strings.TrimRight(line, " "))
	m = m.Add("\n" + n.body(t.Lang))
	if origin != nil {
		m = m.Add("\n" + t.T("notice.origin", "Unit", origin.unit.Name, "Number", origin.number))
	}
	if n.Ack {
		m = m.Add("\n" + t.T("notice.how_to_ack", "Code", g.Code))
		m.Buttons = ackButton(t, g)
	}
	return m
}

// about names a notice, with the number that those have who sent it.
func about(t *engine.Turn, what string, g *target, origin *source) string {
	number := g.number()
	if origin != nil {
		number = origin.number
	}
	return t.T("notice.about."+what, "Number", number)
}

func ackButton(t *engine.Turn, g *target) [][]chat.Button {
	word := t.T("notice.word")
	return [][]chat.Button{{{Label: word, Data: engine.PressData(engine.Prompt{ID: g.Prompt}, "收到"), Word: word}}}
}

// source is where a relayed notice comes from.
type source struct {
	unit   *engine.Unit
	number string
}

// originOf is nil for a unit's own notice.
func originOf(t *engine.Turn, n *notice) (*source, error) {
	if !n.Relayed {
		return nil, nil
	}
	u, err := t.Directory().Unit(t.Tx, n.Unit)
	if err != nil {
		return nil, err
	}
	g, err := targetOf(t.Tx, n.ID, n.Unit)
	if err != nil || g == nil {
		return nil, err
	}
	return &source{u, g.number()}, nil
}

// named finds the notice that a command is about: 17, which is the short number of an open one
// before it is that of the series, 2026-017, 第17号, or the newest one that asks for
// acknowledgement.
func (f *Feature) named(t *engine.Turn, word string) (*notice, *target, error) {
	year, seq, ok := readNumber(word)
	var n *notice
	var err error
	if ok && year == 0 && seq > 0 {
		if n, err = shortNamed(t, seq); err != nil {
			return nil, nil, err
		}
	}
	if ok && n == nil {
		if n, err = find(t.Tx, t.Unit.ID, year, seq); err != nil {
			return nil, nil, err
		}
	}
	if n == nil {
		return nil, nil, unknown(t, word)
	}
	g, err := targetOf(t.Tx, n.ID, t.Unit.ID)
	return n, g, err
}

// shortNamed is the open notice of a short number; nil when there is none.
func shortNamed(t *engine.Turn, code int) (*notice, error) {
	open, err := t.OpenPrompts("notice")
	if err != nil {
		return nil, err
	}
	for _, p := range open {
		if p.Code != code {
			continue
		}
		id, err := strconv.ParseInt(p.Ref, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("prompt %d: notice %q: %w", p.ID, p.Ref, err)
		}
		return load(t.Tx, id)
	}
	return nil, nil
}

// readNumber reads 17, 017, 2026-017, #17, 第17号; "" is 0, 0.
func readNumber(word string) (year, seq int, ok bool) {
	word = strings.Trim(command.Fold(word), "#第号[]【】 ")
	for _, w := range []string{"通知", "notice"} {
		word = strings.TrimSpace(strings.TrimPrefix(word, w))
	}
	if word == "" {
		return 0, 0, true
	}
	if y, rest, found := strings.Cut(word, "-"); found {
		n, err := strconv.Atoi(y)
		if err != nil || n < 2000 || n > 9999 {
			return 0, 0, false
		}
		year, word = n, rest
	}
	seq, err := strconv.Atoi(word)
	return year, seq, err == nil && seq > 0
}

func unknown(t *engine.Turn, word string) error {
	year, seq, err := lastNumber(t.Tx, t.Unit.ID)
	switch {
	case err != nil:
		return err
	case seq == 0:
		return engine.Complain("notice.none")
	case word == "":
		return engine.Complain("notice.none_ack")
	}
	last := target{Year: year, Seq: seq}
	return engine.Complain("notice.unknown", "Number", chat.CleanName(word), "Last", last.number())
}

// Answer implements engine.Answerer: 收到.
func (f *Feature) Answer(t *engine.Turn, p engine.Prompt, _ command.Answer) error {
	n, _, err := f.take(t, p, "notice.acknowledged")
	if err != nil || n == nil {
		return err
	}
	return t.Noted("notice.noted")
}

// Late implements engine.LateTaker: it counts as late. The group, in which nothing is
// counted any more, hears nothing of it.
func (f *Feature) Late(t *engine.Turn, p engine.Prompt, _ command.Answer) error {
	n, first, err := f.take(t, p, "notice.late")
	if err != nil || n == nil {
		return err
	}
	if !first {
		return t.Noted("notice.noted")
	}
	g, err := targetOf(t.Tx, n.ID, p.Unit)
	if err != nil || g == nil {
		return err
	}
	return t.Noted("notice.noted_late", "Number", g.number())
}

// take notes an acknowledgement and books what the first one earns. The notice is nil when
// there is nothing more to say.
func (f *Feature) take(t *engine.Turn, p engine.Prompt, occasion string) (n *notice, first bool, err error) {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return nil, false, fmt.Errorf("prompt %d: notice %q: %w", p.ID, p.Ref, err)
	}
	n, err = load(t.Tx, id)
	if err != nil || n == nil {
		return nil, false, err
	}
	if t.Member.ID == n.Author {
		return nil, false, t.Noted("notice.own")
	}
	if n.State == recalled {
		return nil, false, engine.Complain("engine.closed", "Code", p.Code)
	}
	unit, err := acknowledge(t, n, t.Member.ID, p.Unit)
	if err != nil || unit == "" {
		return n, false, err
	}
	if err := f.Book.Earn(t, t.Member.ID, occasion, "notice:"+p.Ref); err != nil {
		return nil, false, err
	}
	return n, true, t.CountSoon("notice", p.Ref+":"+unit)
}

// Withdraw implements engine.Withdrawer: a 收到 that is taken back. The point goes back.
func (f *Feature) Withdraw(t *engine.Turn, p engine.Prompt) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: notice %q: %w", p.ID, p.Ref, err)
	}
	unit, err := retract(t.Tx, id, t.Member.ID)
	if err != nil || unit == "" {
		return err
	}
	if err := f.Book.Withdraw(t, "notice.acknowledged", "notice:"+p.Ref); err != nil {
		return err
	}
	if err := t.CountSoon("notice", p.Ref+":"+unit); err != nil {
		return err
	}
	return t.Noted("notice.withdrawn")
}

// Series implements engine.Serial.
func (f *Feature) Series(t *engine.Turn, p engine.Prompt) (string, error) {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return "", fmt.Errorf("prompt %d: notice %q: %w", p.ID, p.Ref, err)
	}
	g, err := targetOf(t.Tx, id, p.Unit)
	if err != nil || g == nil {
		return "", err
	}
	return g.number(), nil
}

// Awaits implements engine.Awaiter: who has acknowledged one notice, or has
// written it, means another one.
func (f *Feature) Awaits(t *engine.Turn, p engine.Prompt) (bool, error) {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return false, fmt.Errorf("prompt %d: notice %q: %w", p.ID, p.Ref, err)
	}
	n, err := load(t.Tx, id)
	if err != nil || n == nil || n.Author == t.Member.ID {
		return false, err
	}
	_, done, _, err := stands(t.Tx, id, p.Unit, t.Member.ID)
	return !done, err
}

// Open implements engine.Personal.
func (f *Feature) Open(t *engine.Turn, m *engine.Member) ([]string, error) {
	open, err := t.OpenPrompts("notice")
	var lines []string
	for _, p := range open {
		id, _ := strconv.ParseInt(p.Ref, 10, 64)
		n, err := load(t.Tx, id)
		if err != nil || n == nil {
			return nil, err
		}
		g, err := targetOf(t.Tx, id, t.Unit.ID)
		if err != nil || g == nil {
			return nil, err
		}
		due, done, _, err := stands(t.Tx, id, t.Unit.ID, m.ID)
		if err != nil {
			return nil, err
		}
		there, err := g.arrived(t.Tx)
		if err != nil {
			return nil, err
		}
		switch {
		case !there:
		case done:
			lines = append(lines, t.T("notice.open_done", "Number", g.number()))
		case due:
			lines = append(lines, t.T("notice.open_line", "Number", g.number(), "Code", g.Code, "Until", n.until(t)))
		}
	}
	return lines, err
}

// Data implements engine.Personal.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	acks, err := history(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	open, err := unanswered(t.Tx, t.Unit.ID, m.ID)
	if err != nil {
		return nil, err
	}
	reminders, err := remindersOf(t.Tx, t.Unit.ID, m.ID)
	if err != nil {
		return nil, err
	}
	told, err := toldOf(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	sent, err := written(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	var lines []string
	if len(acks) > 0 {
		lines = append(lines, t.T("notice.data", "N", len(acks)))
	}
	for _, a := range acks {
		g := target{Year: a.Year, Seq: a.Seq}
		lines = append(lines, t.T("notice.data_line", "Number", g.number(), "At", a.At.In(t.Unit.Zone).Format("2006-01-02 15:04")))
	}
	if len(open) > 0 {
		numbers := make([]string, len(open))
		for i, p := range open {
			numbers[i] = (&target{Year: p.Year, Seq: p.Seq}).number()
		}
		lines = append(lines, t.T("notice.data_open", "Numbers", strings.Join(numbers, t.T("engine.list_comma"))))
	}
	if reminders > 0 {
		lines = append(lines, t.T("notice.data_reminded", "Reminders", reminders))
	}
	if told > 0 {
		lines = append(lines, t.T("notice.data_told", "N", told))
	}
	if sent > 0 {
		lines = append(lines, t.T("notice.data_sent", "Sent", sent))
	}
	return lines, nil
}
