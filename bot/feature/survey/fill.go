package survey

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/keystore"
)

// draft is what a member has filled in so far; it is stored sealed.
type draft struct {
	Answers []string `json:"answers"` // "B", "AC", "4", a text; "" = passed over
	Picked  string   `json:"picked"`  // of the multiple choice that is being made
	At      int64    `json:"at"`      // of the last step, UTC milliseconds
}

// ballot is a draft that was cast; it is stored sealed until the close.
type ballot struct {
	Receipt string   `json:"receipt,omitempty"` // anonymous
	Member  int64    `json:"member,omitempty"`  // named
	Branch  string   `json:"branch"`            // of the voter, for the totals of large branches
	Answers []string `json:"answers"`
}

// take lets the sender fill in the one of a code, or the only one open.
func (f *Feature) take(t *engine.Turn, kind string, code int) error {
	open, err := openFor(t, kind)
	if err != nil {
		return err
	}
	all := codes(t, open)
	if code != 0 {
		open = slices.DeleteFunc(open, func(s *Survey) bool { return s.Code != code })
	}
	command := t.T("survey.command." + kind)
	switch {
	case len(open) == 0 && code != 0 && all != "":
		return engine.Complain("survey.no_such_code", "Command", command, "Code", code, "Codes", all)
	case len(open) == 0 && code == 0 && t.Role >= engine.Secretary && kind != "pulse":
		return engine.Complain("survey.compose_how." + kind)
	case len(open) == 0:
		return engine.Complain("survey.none_open", "Command", command)
	case len(open) > 1:
		lines := []string{t.T("survey.several")}
		for _, s := range open {
			lines = append(lines, fmt.Sprintf("%s %d  %s", command, s.Code, s.Title))
		}
		return t.TellSender(chat.Text(strings.Join(lines, "\n")))
	}
	return f.paper(t, open[0])
}

func codes(t *engine.Turn, open []*Survey) string {
	words := make([]string, len(open))
	for i, s := range open {
		words[i] = strconv.Itoa(s.Code)
	}
	return strings.Join(words, t.T("engine.list_comma"))
}

// paper gives the sender an empty ballot paper in private.
func (f *Feature) paper(t *engine.Turn, s *Survey) error {
	if err := t.Enter(s.Unit); err != nil {
		return err
	}
	if err := f.mayVote(t, s); err != nil {
		return err
	}
	others, err := drafting(t.Tx, t.Member.ID)
	if err != nil {
		return err
	}
	for _, id := range others { // one at a time, so that a typed answer has one meaning
		if err := deleteDraft(t.Tx, id, t.Member.ID); err != nil {
			return err
		}
	}
	return f.next(t, s, &draft{})
}

func (f *Feature) mayVote(t *engine.Turn, s *Survey) error {
	if s.Closed {
		return engine.Complain("engine.closed", "Code", s.Code)
	}
	voted, err := hasVoted(t.Tx, s.ID, t.Member.ID)
	if err != nil {
		return err
	}
	if voted && !s.Named {
		return engine.Complain("survey.already")
	}
	return nil
}

// next keeps the draft and shows the next question, or all for confirmation.
func (f *Feature) next(t *engine.Turn, s *Survey, d *draft) error {
	if err := f.keep(t, s, d); err != nil {
		return err
	}
	m := confirmation(t, s, d)
	if n := len(d.Answers); n < len(s.Questions) {
		m = s.ask(t, n)
	}
	return t.Sealed(s.Seal, func() error { return t.TellSender(m) })
}

// ask is the message of a question.
func (s *Survey) ask(t *engine.Turn, n int) chat.Message {
	q := &s.Questions[n]
	head := s.Title
	if len(s.Questions) > 1 {
		head = t.T("survey.question", "Title", s.Title, "Number", n+1, "All", len(s.Questions))
	}
	m := chat.Message{}.AddStyled(head, chat.Bold)
	if len(s.Questions) > 1 {
		m = m.Add("\n" + q.Ask)
	}
	m = m.Add(q.list())
	button := func(verb, value, label string) chat.Button {
		return chat.Button{Label: label, Data: fmt.Sprintf("survey:%s:%d:%d:%s", verb, s.ID, n, value), Word: label}
	}
	var row []chat.Button
	for i := range q.Options {
		verb := "pick"
		if q.Type == Multiple {
			verb = "toggle"
		}
		row = append(row, button(verb, letter(i), letter(i)))
	}
	if q.Type == Scale {
		for i := 1; i <= 5; i++ {
			row = append(row, button("pick", strconv.Itoa(i), strconv.Itoa(i)))
		}
	}
	rows := [][]chat.Button{row}
	var last []chat.Button
	if q.Type == Multiple {
		last = append(last, button("done", "", t.T("survey.picked")))
	}
	if s.Kind != "vote" {
		last = append(last, button("pass", "", t.T("survey.pass")))
	}
	m = m.Add("\n" + s.how(t, n))
	m.Buttons = append(rows, last)
	return m
}

// how tells how a question is answered.
func (s *Survey) how(t *engine.Turn, n int) string {
	q := &s.Questions[n]
	how := t.T("survey.fill."+string(q.Type), "Max", q.most())
	if s.Kind != "vote" {
		how += t.T("survey.may_pass")
	}
	return how
}

// most is how many options of a multiple choice may be picked.
func (q *Question) most() int {
	if q.Max == 0 || q.Max > len(q.Options) {
		return len(q.Options)
	}
	return q.Max
}

// confirmation shows what was filled in and says what casting means.
func confirmation(t *engine.Turn, s *Survey, d *draft) chat.Message {
	m := chat.Message{}.AddStyled(t.T("survey.confirm", "Title", s.Title), chat.Bold)
	for i, a := range d.Answers {
		line := shown(t, a)
		if q := &s.Questions[i]; len(s.Questions) == 1 && q.Type == Single && a != "" {
			line += ". " + q.Options[a[0]-'A']
		}
		if len(s.Questions) > 1 {
			line = t.T("survey.answer", "Number", i+1, "Answer", line)
		}
		m = m.Add("\n" + line)
	}
	secrecy := "survey.confirm_anonymous"
	if s.Named {
		secrecy = "survey.confirm_named"
	}
	m = m.Add("\n" + t.T(secrecy))
	cast, again := t.T("survey.cast"), t.T("survey.again")
	m.Buttons = [][]chat.Button{{
		{Label: cast, Data: "survey:cast:" + s.ref(), Word: cast},
		{Label: again, Data: "survey:go:" + s.ref(), Word: again},
	}}
	m.Hint = t.T("survey.confirm_hint", "Cast", cast, "Again", again)
	return m
}

func shown(t *engine.Turn, answer string) string {
	if answer == "" {
		return t.T("survey.passed")
	}
	return answer
}

func joined(t *engine.Turn, answers []string) string {
	words := make([]string, len(answers))
	for i, a := range answers {
		words[i] = shown(t, a)
	}
	return strings.Join(words, t.T("engine.list_comma"))
}

// keep stores a draft sealed.
func (f *Feature) keep(t *engine.Turn, s *Survey, d *draft) error {
	d.At = t.Tx.Millis()
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	sealed, err := f.Keys.Seal(s.Seal, text)
	if err != nil {
		return f.lost(err)
	}
	return putDraft(t.Tx, s.ID, t.Member.ID, sealed)
}

// lost tells the sender that the key is gone; nothing can be cast any more.
func (f *Feature) lost(err error) error {
	if errors.Is(err, keystore.ErrGone) {
		return engine.Complain("survey.key_lost")
	}
	return err
}

// drafted returns nil when the member has none.
func (f *Feature) drafted(t *engine.Turn, s *Survey) (*draft, error) {
	sealed, err := sealedDraft(t.Tx, s.ID, t.Member.ID)
	if err != nil || sealed == nil {
		return nil, err
	}
	text, err := f.Keys.Open(s.Seal, sealed)
	if err != nil {
		return nil, f.lost(err)
	}
	d := &draft{}
	return d, json.Unmarshal(text, d)
}

// Press implements engine.Presser: go:ID, pick:ID:N:VALUE, toggle:…, done:…,
// pass:…, cast:ID.
func (f *Feature) Press(t *engine.Turn, data string) error {
	parts := append(strings.SplitN(data, ":", 4), "", "", "")
	id, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return engine.Complain("engine.old_button")
	}
	s, err := load(t.Tx, id)
	if err != nil {
		return err
	}
	if s == nil {
		return engine.Complain("engine.old_button")
	}
	if parts[0] == "go" {
		return f.paper(t, s)
	}
	if err := t.Enter(s.Unit); err != nil {
		return err
	}
	if err := f.mayVote(t, s); err != nil {
		return err
	}
	d, err := f.drafted(t, s)
	if err != nil {
		return err
	}
	if d == nil {
		return engine.Complain("engine.old_button")
	}
	if parts[0] == "cast" {
		return f.cast(t, s, d)
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil || n != len(d.Answers) || n >= len(s.Questions) {
		return engine.Complain("engine.old_button")
	}
	return f.pressed(t, s, d, parts[0], parts[3])
}

// pressed handles a button under the question that is being answered.
func (f *Feature) pressed(t *engine.Turn, s *Survey, d *draft, verb, value string) error {
	q := &s.Questions[len(d.Answers)]
	switch verb {
	case "pick":
		if value, ok := q.read(value); ok {
			return f.screened(t, s, d, value)
		}
	case "done":
		if d.Picked == "" {
			return engine.Complain("survey.nothing_picked")
		}
		return f.answer(t, s, d, d.Picked)
	case "pass":
		if s.Kind != "vote" {
			return f.answer(t, s, d, "")
		}
	case "toggle":
		if _, ok := q.read(value); !ok || len(value) != 1 {
			break
		}
		d.Picked = toggle(d.Picked, value)
		if len(d.Picked) > q.most() {
			return engine.Complain("survey.too_many", "Max", q.most())
		}
		if err := f.keep(t, s, d); err != nil {
			return err
		}
		return t.Sealed(s.Seal, func() error { return t.Noted("survey.chosen", "Value", shown(t, d.Picked)) })
	}
	return engine.Complain("engine.old_button")
}

func toggle(old, letter string) string {
	if strings.Contains(old, letter) {
		return strings.ReplaceAll(old, letter, "")
	}
	letters := strings.Split(old+letter, "")
	slices.Sort(letters)
	return strings.Join(letters, "")
}

func (f *Feature) answer(t *engine.Turn, s *Survey, d *draft, value string) error {
	d.Answers, d.Picked = append(d.Answers, value), ""
	return f.next(t, s, d)
}

// cast puts the ballot into the box and notes, apart from it, that the member
// has voted.
func (f *Feature) cast(t *engine.Turn, s *Survey, d *draft) error {
	if len(d.Answers) != len(s.Questions) {
		return engine.Complain("engine.old_button")
	}
	first, err := setVoted(t.Tx, s.ID, t.Member.ID)
	if err != nil {
		return err
	}
	if !first && !s.Named {
		return engine.Complain("survey.already")
	}
	home, err := t.Directory().Home(t.Tx, t.Member)
	if err != nil {
		return err
	}
	b := ballot{Branch: home.Name, Answers: d.Answers}
	thanks := t.T("survey.cast_named", "Title", s.Title)
	if s.Named {
		b.Member = t.Member.ID
	} else {
		b.Receipt = keystore.Code()
		key := "survey.cast_anonymous"
		if s.Kind == "vote" {
			key = "survey.cast_vote"
		}
		thanks = t.T(key, "Title", s.Title, "Receipt", b.Receipt)
	}
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	sealed, err := f.Keys.Seal(s.Seal, text)
	if err != nil {
		return f.lost(err)
	}
	if err := putBallot(t.Tx, s, t.Member.ID, sealed); err != nil {
		return err
	}
	if err := deleteDraft(t.Tx, s.ID, t.Member.ID); err != nil {
		return err
	}
	if first {
		if err := t.CountSoon("survey", s.ref()); err != nil {
			return err
		}
	}
	return t.Sealed(s.Seal, func() error { return t.TellSender(chat.Text(thanks)) })
}
