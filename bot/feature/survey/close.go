package survey

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/keystore"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
	"branchbot/store"
)

// shownApart is how many ballots a branch must have cast for its own totals.
const shownApart = 10

// Timer implements engine.Timed: close, forget (the key), count.
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error {
	id, err := strconv.ParseInt(tm.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("survey %q: %w", tm.Ref, err)
	}
	s, err := load(t.Tx, id)
	if err != nil || s == nil {
		return err
	}
	if tm.Kind == "forget" {
		return f.forget(t, s)
	}
	if s.Closed {
		return nil
	}
	u, err := t.Directory().Unit(t.Tx, s.Unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	if tm.Kind == "close" {
		return f.close(t, s)
	}
	voted, err := countVoted(t.Tx, s.ID)
	if err != nil {
		return err
	}
	due, err := countDue(t.Tx, s)
	if err != nil {
		return err
	}
	text := t.T("survey.count", "Title", s.Title, "Done", voted, "Due", due)
	return t.PostCount("survey:"+s.ref(), text, voted, due)
}

// forget destroys the key: from now on nobody can read a ballot, wherever a
// copy of it lies.
func (f *Feature) forget(t *engine.Turn, s *Survey) error {
	if err := f.Keys.Destroy(s.Seal); err != nil {
		return err
	}
	e := t.Engine()
	t.Tx.AfterCommit(func() {
		if err := e.DB.Scrub(); err != nil {
			e.Log.Error("empty the journal", "error", err)
		}
	})
	return nil
}

// Close implements engine.Closer.
func (f *Feature) Close(t *engine.Turn, p engine.Prompt) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return err
	}
	s, err := load(t.Tx, id)
	if err != nil || s == nil || s.Closed {
		return err
	}
	return f.close(t.In(t.Unit), s)
}

// ballots opens what is in the box; broken are those that cannot be read.
func (f *Feature) ballots(tx *store.Tx, s *Survey) (all []ballot, broken int, err error) {
	bodies, err := sealedBallots(tx, s.ID)
	if err != nil {
		return nil, 0, err
	}
	for _, body := range bodies {
		var b ballot
		text, err := f.Keys.Open(s.Seal, body)
		if errors.Is(err, keystore.ErrGone) {
			return nil, len(bodies), nil
		}
		if err != nil || json.Unmarshal(text, &b) != nil || len(b.Answers) != len(s.Questions) {
			broken++ // counted, and said aloud
			continue
		}
		all = append(all, b)
	}
	return all, broken, nil
}

func (f *Feature) close(t *engine.Turn, s *Survey) error {
	ballots, broken, err := f.ballots(t.Tx, s)
	if err != nil {
		return err
	}
	voted, err := countVoted(t.Tx, s.ID)
	if err != nil {
		return err
	}
	due, err := countDue(t.Tx, s)
	if err != nil {
		return err
	}
	enough := len(ballots) >= fewest || s.Named && len(ballots) > 0
	result := func(u *engine.Turn) chat.Message {
		m := chat.Message{}.AddStyled(u.T("survey.closed", "Title", s.Title, "Done", voted, "Due", due), chat.Bold)
		switch {
		case broken > 0 && len(ballots) == 0:
			return m.Add("\n" + u.T("survey.void"))
		case voted != len(ballots):
			m = m.Add("\n" + u.T("survey.mismatch", "Done", voted, "Ballots", len(ballots)))
		}
		switch {
		case enough:
			return m.Add(totals(u, s, ballots, nil))
		case voted > 0:
			m = m.Add("\n" + u.T("survey.few_ballots", "Least", fewest))
		}
		return m
	}
	if err := f.end(t, s, result(t)); err != nil {
		return err
	}
	var list func(*engine.Turn) chat.Message
	if enough && !s.Named {
		if list, err = receipts(t, s, ballots); err != nil {
			return err
		}
	}
	_, err = everywhere(t, func(u *engine.Turn) (int, error) {
		n, err := u.Post(engine.Post{Class: outbox.Notice, Message: result(u),
			About: t.T("survey.about_result", "Title", s.Title), Unit: t.Unit.ID})
		if err != nil || list == nil {
			return n, err
		}
		return u.Post(engine.Post{Class: outbox.Notice, Message: list(u)})
	})
	if err != nil || !enough {
		return err
	}
	return f.tellSecretaries(t, s, ballots)
}

// end closes prompt and timers, keeps the result and deletes what was sealed.
func (f *Feature) end(t *engine.Turn, s *Survey, result chat.Message) error {
	if err := t.ClosePrompt(s.Prompt); err != nil {
		return err
	}
	if err := s.finish(t.Tx, chat.Part{Spans: result.Spans}.Plain()); err != nil {
		return err
	}
	if err := t.Cancel("survey:close:"+s.ref(), "survey:count:"+s.ref()); err != nil {
		return err
	}
	return t.At(t.Now.Add(lastLetters), "survey", "forget", s.ref(), "survey:forget:"+s.ref())
}

// totals are the sums that the group sees. Written answers are none. hidden are
// questions that are left out; nil = none.
func totals(t *engine.Turn, s *Survey, ballots []ballot, hidden func(question int) bool) string {
	var b strings.Builder
	for i := range s.Questions {
		q := &s.Questions[i]
		if hidden != nil && hidden(i) {
			continue
		}
		if len(s.Questions) > 1 {
			fmt.Fprintf(&b, "\n%d. %s", i+1, q.Ask)
		}
		counts, n := count(ballots, i)
		switch {
		case n < fewest && !s.Named && q.Type != Text:
			b.WriteString("\n" + t.T("survey.few_answers", "Least", fewest))
		case q.Type == Scale:
			b.WriteString("\n" + scale(t, counts, n))
		case q.Type == Text:
			b.WriteString("\n" + t.T("survey.texts_private", "N", n))
		default:
			for o, text := range q.Options {
				b.WriteString("\n" + t.T("survey.option", "Letter", letter(o), "Text", text, "N", counts[letter(o)]))
			}
		}
	}
	return b.String()
}

// count sums the answers to a question: by letter or figure, and how many have
// answered at all.
func count(ballots []ballot, question int) (counts map[string]int, n int) {
	counts = map[string]int{}
	for _, b := range ballots {
		a := b.Answers[question]
		if a == "" {
			continue
		}
		n++
		for _, c := range a {
			counts[string(c)]++
		}
	}
	return counts, n
}

func scale(t *engine.Turn, counts map[string]int, n int) string {
	sum := 0
	var parts []string
	for i := 1; i <= 5; i++ {
		c := counts[strconv.Itoa(i)]
		sum += i * c
		parts = append(parts, t.T("survey.scale_part", "Value", i, "Count", c))
	}
	return t.T("survey.scale", "Mean", strconv.FormatFloat(float64(sum)/float64(max(n, 1)), 'f', 1, 64), "Parts", strings.Join(parts, "  "))
}

// tellSecretaries sends what only they see: who voted what in a named vote, the
// written answers, the totals of large branches.
func (f *Feature) tellSecretaries(t *engine.Turn, s *Survey, ballots []ballot) error {
	lines := []string{t.T("survey.private_head", "Title", s.Title)}
	if s.Named {
		people, err := roster.Roster(t.Tx, s.Unit)
		if err != nil {
			return err
		}
		for _, b := range ballots {
			i := slices.IndexFunc(people, func(m engine.Member) bool { return m.ID == b.Member })
			if i >= 0 {
				lines = append(lines, people[i].Name+"  "+joined(t, b.Answers))
			}
			if err := putNamed(t.Tx, s.ID, b.Member, b.Answers); err != nil {
				return err
			}
		}
		slices.Sort(lines[1:])
	} else {
		lines = append(lines, texts(t, s, ballots)...)
		lines = append(lines, branches(t, s, ballots)...)
	}
	if len(lines) == 1 {
		return nil
	}
	return t.TellSecretaries(chat.Text(strings.Join(lines, "\n")))
}

// texts are the written answers to each question in the order of the alphabet,
// so that they tell nothing of who came when, or what else he answered.
func texts(t *engine.Turn, s *Survey, ballots []ballot) (lines []string) {
	for i, q := range s.Questions {
		if q.Type != Text {
			continue
		}
		var all []string
		for _, b := range ballots {
			if a := b.Answers[i]; a != "" {
				all = append(all, "· "+strings.Join(strings.Fields(a), " "))
			}
		}
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, q.Ask))
		if len(all) < fewest {
			lines = append(lines, t.T("survey.few_answers", "Least", fewest))
			continue
		}
		slices.Sort(all)
		lines = append(lines, all...)
	}
	return lines
}

// branches are the totals of those that are large enough to be shown apart. What
// is large enough is looked at for each question, since one can be passed over.
func branches(t *engine.Turn, s *Survey, ballots []ballot) (lines []string) {
	by := map[string][]ballot{}
	for _, b := range ballots {
		by[b.Branch] = append(by[b.Branch], b)
	}
	if len(by) < 2 {
		return nil
	}
	shown := map[string][]int{} // questions by branch
	for i, q := range s.Questions {
		if q.Type == Text {
			continue
		}
		answers := map[string]int{}
		for name, of := range by {
			_, answers[name] = count(of, i)
		}
		for _, name := range apart(answers) {
			shown[name] = append(shown[name], i)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		hidden := func(question int) bool { return !slices.Contains(shown[name], question) }
		lines = append(lines, t.T("survey.branch", "Name", name, "Count", len(by[name]))+totals(t, s, by[name], hidden))
	}
	return lines
}

// apart are the branches whose answers to a question can be shown: each has given
// at least ten, and what remains when they are taken from the whole is nothing or
// ten too, so that no small branch can be computed by subtraction.
func apart(sizes map[string]int) []string {
	var names []string
	rest := 0
	for name, n := range sizes {
		if n >= shownApart {
			names = append(names, name)
		} else {
			rest += n
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if sizes[a] != sizes[b] {
			return sizes[b] - sizes[a]
		}
		return strings.Compare(a, b)
	})
	for rest > 0 && rest < shownApart && len(names) > 0 {
		last := names[len(names)-1]
		names, rest = names[:len(names)-1], rest+sizes[last]
	}
	slices.Sort(names)
	return names
}

// receipts keeps what voters check their ballots by. Of a vote it returns the
// list to be published, else nil.
func receipts(t *engine.Turn, s *Survey, ballots []ballot) (func(*engine.Turn) chat.Message, error) {
	slices.SortFunc(ballots, func(a, b ballot) int { return strings.Compare(a.Receipt, b.Receipt) })
	by := map[string][]string{}
	for _, b := range ballots {
		value := ""
		if s.Kind == "vote" {
			value = b.Answers[0]
		}
		if err := putReceipt(t.Tx, s.ID, b.Receipt, value); err != nil {
			return nil, err
		}
		by[value] = append(by[value], b.Receipt)
	}
	if s.Kind != "vote" {
		return nil, nil
	}
	return func(u *engine.Turn) chat.Message {
		lines := []string{u.T("survey.list", "Title", s.Title)}
		for _, value := range slices.Sorted(maps.Keys(by)) {
			lines = append(lines, value+": "+strings.Join(by[value], u.T("engine.list_comma")))
		}
		return chat.Text(strings.Join(append(lines, u.T("survey.list_note")), "\n"))
	}, nil
}

// receiptOf is a receipt as it was typed, in its canonical form; "" when it is
// none.
func receiptOf(text string) string {
	code := strings.ToUpper(strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '－' {
			return -1
		}
		return r
	}, command.Fold(text)))
	if len(code) != 10 {
		return ""
	}
	return code[:5] + "-" + code[5:]
}
