// Package suggestion hears suggestions (建议), questions (咨询) and requests for
// help (求助), and has them answered.
//
// Rules:
//   - All of it is said in private. What is written in the group is not kept;
//     its author is told to say it in private.
//   - A suggestion or question has a number per unit, kind and year. Its states
//     are 已收, 研究, 采纳 or 不采纳 (with the reason), 完成; the author is told
//     of each. The secretary is reminded when it is due, at most twice.
//   - Who gives no name is stored nowhere: his text waits sealed until the next
//     morning, when all texts without a name are taken out at once, in random
//     order. He follows his case by a code that he alone was told; each answer to
//     him is sealed, and its key destroyed an hour later.
//   - A request for help goes to the secretary in private. Text and letters are
//     sealed with the case's own key. When it is closed, its row is deleted and
//     the key destroyed: no backup can show the text any more. Member and
//     category stand in the row in clear, so a backup made before shows them for
//     as long as it is kept.
//   - Of a report of wrongdoing nothing is stored: package misconduct looks at each
//     text first.
//
// What is not hidden: the platform sees what is typed; when somebody wrote to
// the bot can be seen in the outbox, so that the only one who wrote on a day can
// be guessed; who holds the machine while a key lives can read what it seals.
//
// Commands: /建议 /suggest, /咨询 /ask, /求助 /care, /进度 /case, /办理 /handle.
package suggestion

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/feature/misconduct"
	"branchbot/bot/keystore"
)

const (
	maxText  = 1000 // runes
	firstDue = 7    // days until a case should be taken up
	careDue  = 3    // days until somebody should have called
	morning  = 9    // o'clock: reminders, and what has no name
)

// Keys keep what is sealed out of reach; package seal implements it.
type Keys interface {
	Make() (string, error)
	Seal(key string, plain []byte) ([]byte, error)
	Open(key string, sealed []byte) ([]byte, error)
	Destroy(key string) error
}

// Feature hears suggestions.
type Feature struct {
	Keys    Keys
	Reports *misconduct.Feature
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "suggestion" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"建议", "suggest"}, Role: engine.OnRoster, Discreet: true, Group: engine.Join, Usage: "suggestion.usage.suggest", Example: "suggestion.example.suggest", Run: f.suggest},
		{Names: []string{"咨询", "ask"}, Role: engine.OnRoster, Discreet: true, Group: engine.Join, Usage: "suggestion.usage.ask", Run: f.ask},
		{Names: []string{"求助", "care"}, Role: engine.OnRoster, Discreet: true, Group: engine.Join, Usage: "suggestion.usage.care", Example: "suggestion.example.care", Run: f.care},
		{Names: []string{"进度", "case"}, Role: engine.OnRoster, Discreet: true, Group: engine.Join, Usage: "suggestion.usage.case", Run: f.progress},
		{Names: []string{"办理", "handle"}, Role: engine.Secretary, Discreet: true, Group: engine.Follow, Usage: "suggestion.usage.handle", Run: f.handle},
	}
}

func (f *Feature) suggest(t *engine.Turn, line command.Line) error {
	return f.submit(t, "suggestion", line.Args)
}

func (f *Feature) ask(t *engine.Turn, line command.Line) error {
	return f.submit(t, "question", line.Args)
}

// submit takes a suggestion, question or request for help, unless it is a report
// or may be one.
func (f *Feature) submit(t *engine.Turn, kind, text string) error {
	if text == "" {
		return engine.Complain("suggestion.how." + kind)
	}
	if misconduct.Suspect(text) != misconduct.Report {
		switch {
		case !t.Private():
			return t.TellSender(chat.Text(t.T("suggestion.privately")))
		case utf8.RuneCountInString(text) > maxText:
			return engine.Complain("suggestion.long", "Most", maxText)
		}
	}
	return f.Reports.Screen(t, text, f.Name(), kind, func() error { return f.take(t, kind, text) })
}

// TakeAnyway implements misconduct.Taker.
func (f *Feature) TakeAnyway(t *engine.Turn, kind, text string) error { return f.take(t, kind, text) }

// take registers what is no report.
func (f *Feature) take(t *engine.Turn, kind, text string) error {
	if kind == "care" {
		return f.takeCare(t, text)
	}
	for _, word := range []string{"匿名", "anonymous"} {
		if rest, ok := strings.CutPrefix(text, word); ok {
			rest = strings.TrimLeft(rest, " ：:\n")
			if rest == "" {
				return engine.Complain("suggestion.how." + kind)
			}
			return f.unnamed(t, kind, rest)
		}
	}
	c := &Case{Unit: t.Unit.ID, Kind: kind, Member: t.Member.ID, Body: chat.Clean(text)}
	if err := f.register(t, c); err != nil {
		return err
	}
	unit := t.In(t.Unit)
	if err := unit.TellSecretaries(chat.Text(unit.T("suggestion.new", "Case", c.label(unit), "Name", t.Member.Name, "Text", c.Body))); err != nil {
		return err
	}
	return t.Say("suggestion.received", "Case", c.label(t))
}

// register gives a case its number and its day.
func (f *Feature) register(t *engine.Turn, c *Case) error {
	local := t.Now.In(t.Unit.Zone)
	c.Year, c.Day, c.State = local.Year(), t.Day(), "received"
	c.DueDay = local.AddDate(0, 0, firstDue).Format(time.DateOnly)
	if err := c.insert(t.Tx); err != nil {
		return err
	}
	return f.remindOn(t, c, 1)
}

// boxed is a text without a name as it waits for the morning.
type boxed struct {
	Kind string `json:"kind"`
	Hash string `json:"hash"`
	Text string `json:"text"`
}

// unnamed puts a text without a name into the box.
func (f *Feature) unnamed(t *engine.Turn, kind, text string) error {
	key, err := f.Keys.Make()
	if err != nil {
		return err
	}
	code := keystore.Code()
	plain, err := json.Marshal(boxed{Kind: kind, Hash: hash(code), Text: chat.Clean(text)})
	if err != nil {
		return err
	}
	sealed, err := f.Keys.Seal(key, plain)
	if err != nil {
		return err
	}
	if err := putBoxed(t.Tx, t.Unit.ID, key, sealed); err != nil {
		return err
	}
	if err := t.At(nextMorning(t, 1), "suggestion", "unbox", t.Unit.ID, "suggestion:unbox:"+t.Unit.ID); err != nil {
		return err
	}
	return t.Sealed(key, func() error { return t.Say("suggestion.boxed", "Code", code) })
}

// nextMorning is nine o'clock so many days from now, in the unit's zone.
func nextMorning(t *engine.Turn, days int) time.Time {
	y, m, d := t.Now.In(t.Unit.Zone).Date()
	return time.Date(y, m, d+days, morning, 0, 0, 0, t.Unit.Zone)
}

// hash is what is kept of a code.
func hash(code string) string {
	plain := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(command.Fold(code)))
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[:])
}

// unbox turns what waits in a unit's box into cases, all at once and in the
// order of their random ids.
func (f *Feature) unbox(t *engine.Turn) error {
	waiting, err := boxOf(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		b, err := f.unseal(w)
		if err != nil {
			return err
		}
		if b == nil { // a backup was restored without the keys
			if err := t.TellSecretaries(chat.Text(t.T("suggestion.box_lost"))); err != nil {
				return err
			}
			continue
		}
		c := &Case{Unit: t.Unit.ID, Kind: b.Kind, Code: b.Hash, Body: b.Text}
		if err := f.register(t, c); err != nil {
			return err
		}
		text := t.T("suggestion.new", "Case", c.label(t), "Name", t.T("suggestion.no_name"), "Text", c.Body)
		if err := t.TellSecretaries(chat.Text(text)); err != nil {
			return err
		}
		if err := f.Reports.ForgetAt(t, w.seal, t.Now); err != nil {
			return err
		}
	}
	return emptyBox(t.Tx, t.Unit.ID)
}

// unseal returns nil when the key is gone.
func (f *Feature) unseal(w waiting) (*boxed, error) {
	plain, err := f.Keys.Open(w.seal, w.body)
	if errors.Is(err, keystore.ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := &boxed{}
	return b, json.Unmarshal(plain, b)
}

// progress is /进度: the sender's own cases, or the one of a code.
func (f *Feature) progress(t *engine.Turn, line command.Line) error {
	if !t.Private() {
		return t.TellSender(chat.Text(t.T("suggestion.privately")))
	}
	if line.Args == "" {
		own, err := casesOf(t.Tx, t.Member.ID)
		if err != nil {
			return err
		}
		lines := []string{t.T("suggestion.own")}
		for _, c := range own {
			lines = append(lines, c.line(t))
		}
		if len(own) == 0 {
			return engine.Complain("suggestion.none")
		}
		return t.Reply(chat.Text(strings.Join(lines, "\n")))
	}
	c, err := byCode(t.Tx, hash(line.Args))
	if err != nil {
		return err
	}
	if c != nil {
		return f.Reports.Whisper(t, chat.Text(c.line(t)))
	}
	waits, err := f.boxes(t, hash(line.Args))
	if err != nil {
		return err
	}
	if waits {
		return f.Reports.Whisper(t, chat.Text(t.T("suggestion.still_boxed")))
	}
	return engine.Complain("suggestion.unknown_code")
}

// boxes tells whether the text of a code waits in the unit's box.
func (f *Feature) boxes(t *engine.Turn, code string) (bool, error) {
	waiting, err := boxOf(t.Tx, t.Unit.ID)
	if err != nil {
		return false, err
	}
	for _, w := range waiting {
		b, err := f.unseal(w)
		if err != nil {
			return false, err
		}
		if b != nil && b.Hash == code {
			return true, nil
		}
	}
	return false, nil
}

// label is the name of a case: 建议 2026-003.
func (c *Case) label(t *engine.Turn) string {
	return fmt.Sprintf("%s %d-%03d", t.T("suggestion.kind."+c.Kind), c.Year, c.Number)
}

// line is a case with its state, as its author sees it.
func (c *Case) line(t *engine.Turn) string {
	text := t.T("suggestion.line", "Case", c.label(t), "State", t.T("suggestion.state."+c.State), "Text", shorten(c.Body))
	if c.Answer != "" {
		text += "\n" + t.T("suggestion.answer", "Answer", c.Answer)
	}
	return text
}

func shorten(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > 30 {
		return string(r[:30]) + "…"
	}
	return string(r)
}

// Open implements engine.Personal: what waits for a secretary.
func (f *Feature) Open(t *engine.Turn, m *engine.Member) ([]string, error) {
	role, err := t.Directory().Role(t.Tx, m, t.Unit.ID)
	if err != nil || role < engine.Secretary {
		return nil, err
	}
	open, err := openCases(t.Tx, t.Unit.ID)
	if err != nil {
		return nil, err
	}
	help, err := careCases(t.Tx, t.Unit.ID)
	if n := len(open) + len(help); n > 0 {
		return []string{t.T("suggestion.open_line", "N", n)}, err
	}
	return nil, err
}

// Data implements engine.Personal. Cases without a name are nobody's.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	own, err := casesOf(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, c := range own {
		lines = append(lines, c.line(t))
	}
	n, err := countCare(t.Tx, m.ID)
	if n > 0 {
		lines = append(lines, t.T("suggestion.care_data", "N", n))
	}
	return lines, err
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{
		{Name: "suggestion", Where: "member = $1 AND member <> 0"},
		{Name: "care", LeftOut: "sealed, and told to nobody else, not even to who looks over their shoulder"},
	}
}
