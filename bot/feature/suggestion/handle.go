package suggestion

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
)

// step is what a secretary can do with a case.
type step struct {
	words  []string
	from   []string // states
	to     string
	reason bool // must be given
	due    int  // days until the next reminder; 0 = none
}

var steps = []step{
	{[]string{"研究", "受理", "study"}, []string{"received"}, "studying", false, 30},
	{[]string{"不采纳", "decline"}, []string{"received", "studying"}, "declined", true, 0},
	{[]string{"采纳", "adopt"}, []string{"received", "studying"}, "adopted", false, 30},
	{[]string{"答复", "answer"}, []string{"received", "studying"}, "done", true, 0},
	{[]string{"完成", "办结", "done"}, []string{"adopted"}, "done", false, 0},
}

var target = regexp.MustCompile(`^\s*(建议|咨询|求助|suggestion|question|care)\s*(?:(\d{4})-)?(\d{1,6})\s*`)

var kinds = map[string]string{"建议": "suggestion", "咨询": "question", "求助": "care", "suggestion": "suggestion", "question": "question", "care": "care"}

// handle is /办理: the list; a case; a case and what to do with it.
func (f *Feature) handle(t *engine.Turn, line command.Line) error {
	if !t.Private() {
		return engine.Complain("suggestion.handle_privately")
	}
	if line.Args == "" {
		return f.list(t)
	}
	m := target.FindStringSubmatch(strings.ToLower(line.Args))
	if m == nil {
		return engine.Complain("suggestion.handle_how")
	}
	year := t.Now.In(t.Unit.Zone).Year()
	if m[2] != "" {
		year, _ = strconv.Atoi(m[2])
	}
	n, _ := strconv.Atoi(m[3])
	rest := strings.TrimSpace(line.Args[len(m[0]):])
	if kinds[m[1]] == "care" {
		return f.handleCare(t, int64(n), rest)
	}
	c, err := find(t.Tx, t.Unit.ID, kinds[m[1]], year, n)
	if err != nil {
		return err
	}
	if c == nil {
		return engine.Complain("suggestion.unknown_case", "Case", fmt.Sprintf("%s %d-%03d", m[1], year, n))
	}
	if rest == "" {
		return f.show(t, c)
	}
	return f.act(t, c, rest)
}

// list shows what is not finished.
func (f *Feature) list(t *engine.Turn) error {
	open, err := openCases(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	help, err := careCases(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	if len(open)+len(help) == 0 {
		return engine.Complain("suggestion.nothing_open")
	}
	lines := []string{t.T("suggestion.list", "N", len(open)+len(help))}
	for _, c := range open {
		lines = append(lines, c.line(t))
	}
	for _, c := range help {
		lines = append(lines, t.T("suggestion.care_line", "Number", c.ID, "Category", t.T("suggestion.category."+c.Category), "Day", c.Day))
	}
	return f.Reports.Whisper(t, chat.Text(strings.Join(lines, "\n")))
}

func (f *Feature) show(t *engine.Turn, c *Case) error {
	name := t.T("suggestion.no_name")
	if c.Member != 0 {
		m, err := roster.Member(t.Tx, c.Member)
		if err != nil {
			return err
		}
		if m != nil {
			name = m.Name
		}
	}
	text := t.T("suggestion.show", "Case", c.label(t), "State", t.T("suggestion.state."+c.State), "Name", name, "Day", c.Day, "Due", c.DueDay, "Text", c.Body)
	if c.Answer != "" {
		text += "\n" + t.T("suggestion.answer", "Answer", c.Answer)
	}
	return t.Reply(chat.Text(text))
}

// act moves a case on and tells its author.
func (f *Feature) act(t *engine.Turn, c *Case, text string) error {
	word, reason := text, ""
	var s *step
	for i := range steps {
		for _, w := range steps[i].words {
			if rest, ok := strings.CutPrefix(strings.ToLower(text), w); ok && s == nil {
				s, word, reason = &steps[i], w, strings.TrimLeft(text[len(text)-len(rest):], " ：:，,\n")
			}
		}
	}
	switch {
	case s == nil:
		return engine.Complain("suggestion.handle_how")
	case !slices.Contains(s.from, c.State):
		return engine.Complain("suggestion.wrong_state", "Case", c.label(t), "State", t.T("suggestion.state."+c.State), "Step", word)
	case s.reason && reason == "":
		return engine.Complain("suggestion.reason", "Case", c.label(t), "Step", word)
	}
	c.State = s.to
	if reason != "" {
		c.Answer = chat.Clean(reason)
	}
	c.DueDay = t.Now.In(t.Unit.Zone).AddDate(0, 0, s.due).Format(time.DateOnly)
	if err := c.save(t.Tx); err != nil {
		return err
	}
	if err := t.Cancel(c.timer()); err != nil {
		return err
	}
	if s.due > 0 {
		if err := f.remindOn(t, c, 1); err != nil {
			return err
		}
	}
	told, err := f.tellAuthor(t, c)
	if err != nil {
		return err
	}
	key := "suggestion.moved"
	if !told {
		key = "suggestion.moved_silently"
	}
	return t.Say(key, "Case", c.label(t), "State", t.T("suggestion.state."+c.State))
}

// tellAuthor is false when he gave no name, or cannot be reached.
func (f *Feature) tellAuthor(t *engine.Turn, c *Case) (bool, error) {
	if c.Member == 0 {
		return false, nil
	}
	m, err := roster.Member(t.Tx, c.Member)
	if err != nil || m == nil {
		return false, err
	}
	theirs := t.In(t.Unit)
	if m.Language != "" {
		theirs.Lang = m.Language
	}
	return theirs.Tell(m, chat.Text(theirs.T("suggestion.news", "Line", c.line(theirs))))
}

func (c *Case) timer() string { return fmt.Sprintf("suggestion:due:%d", c.ID) }

// remindOn sets the reminder of a case's due day, the nth for this state.
func (f *Feature) remindOn(t *engine.Turn, c *Case, n int) error {
	day, err := time.ParseInLocation(time.DateOnly, c.DueDay, t.Unit.Zone)
	if err != nil {
		return err
	}
	return t.At(day.Add(morning*time.Hour), "suggestion", "due", fmt.Sprintf("%d:%d", c.ID, n), c.timer())
}

// Timer implements engine.Timed: unbox, forget (a key, set by an earlier version), due, care (due).
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error {
	switch tm.Kind {
	case "forget":
		return f.Reports.Forget(t, tm.Ref)
	case "unbox":
		u, err := t.Directory().Unit(t.Tx, tm.Ref)
		if err != nil {
			return err
		}
		if t, err = t.Into(u); err != nil {
			return err
		}
		return f.unbox(t)
	case "care":
		return f.careDue(t, tm.Ref)
	}
	var id int64
	var n int
	if _, err := fmt.Sscanf(tm.Ref, "%d:%d", &id, &n); err != nil {
		return fmt.Errorf("case %q: %w", tm.Ref, err)
	}
	c, err := load(t.Tx, id)
	if err != nil || c == nil || !c.open() {
		return err
	}
	u, err := t.Directory().Unit(t.Tx, c.Unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	if n < 2 { // at most two reminders
		again := *c
		again.DueDay = t.Now.In(u.Zone).AddDate(0, 0, firstDue).Format(time.DateOnly)
		if err := f.remindOn(t, &again, n+1); err != nil {
			return err
		}
	}
	return t.TellSecretaries(chat.Text(t.T("suggestion.due", "Line", c.line(t))))
}
