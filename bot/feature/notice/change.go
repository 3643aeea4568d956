package notice

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/bot/outbox"
	"branchbot/schedules"
)

// A correction stands above the text that it corrects, which stays legible. Who has
// acknowledged that is told; if the secretary wants, all are asked anew.

// own finds a notice that the unit may change: its own, not recalled.
func (f *Feature) own(t *engine.Turn, word string) (*notice, *target, error) {
	n, g, err := f.named(t, word)
	if err != nil {
		return nil, nil, err
	}
	if n.Unit != t.Unit.ID {
		u, err := t.Directory().Unit(t.Tx, n.Unit)
		if err != nil {
			return nil, nil, err
		}
		return nil, nil, engine.Complain("notice.not_own", "Number", g.number(), "Unit", u.Name)
	}
	if n.State == recalled {
		return nil, nil, engine.Complain("notice.recalled_already", "Number", g.number())
	}
	return n, g, nil
}

// maxCorrections is how often a notice can be corrected. Where the platform cannot
// edit, each comes as a new message, and there must be no way round the limit of
// notices a day.
const maxCorrections = 3

// againWords ask those anew who have acknowledged a notice that is corrected.
var againWords = []string{"重新回执", "重新确认", "again"}

// correct is /更正 n [重新回执] TEXT.
func (f *Feature) correct(t *engine.Turn, line command.Line) error {
	word, rest := firstWord(line.Args)
	again := false
	if option, after := firstWord(rest); slices.Contains(againWords, command.Fold(option)) {
		again, rest = true, after
	}
	text := strings.TrimSpace(chat.Clean(rest))
	if word == "" || text == "" {
		return engine.Complain("notice.correct_how")
	}
	n, g, err := f.own(t, word)
	if err != nil {
		return err
	}
	return f.correctTo(t, n, g, text, again)
}

func firstWord(text string) (word, rest string) {
	text = strings.TrimSpace(text)
	if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

// correctTo gives a notice another text.
func (f *Feature) correctTo(t *engine.Turn, n *notice, g *target, text string, again bool) error {
	if n := utf8.RuneCountInString(text); n > maxText {
		return engine.Complain("notice.too_long", "Length", n, "Max", maxText)
	}
	if n.Corrected >= maxCorrections {
		return engine.Complain("notice.corrected_enough", "Number", g.number(), "Max", maxCorrections)
	}
	had, err := acknowledged(t, n, g)
	if err != nil {
		return err
	}
	if err := n.correct(t.Tx, text); err != nil {
		return err
	}
	cause := t.Receipts()
	if err := f.sweep(t.In(t.Unit), step{Kind: "correct", Notice: n.ID, Cause: cause, Again: again}); err != nil {
		return err
	}
	if err := t.Sending(cause, t.T("notice.corrected", "Number", g.number())); err != nil {
		return err
	}
	if had == 0 || again || n.State != sent {
		return nil
	}
	return f.offerAgain(t, n, had)
}

// acknowledged is how many have acknowledged a notice, in all its units.
func acknowledged(t *engine.Turn, n *notice, g *target) (int, error) {
	if n.Relayed {
		now, err := countParts(t.Tx, n)
		return now.Done, err
	}
	now, err := count(t.Tx, n, g)
	return now.Done, err
}

// offerAgain asks in private who has corrected a notice whether all are to be asked anew.
func (f *Feature) offerAgain(t *engine.Turn, n *notice, had int) error {
	if private, err := t.Reaches(t.Member.ID); err != nil || !private && !t.Private() {
		return err
	}
	m := chat.Text(t.T("notice.again_ask", "N", had))
	if at, quiet := f.quietUntil(t, n); quiet {
		m = chat.Text(t.T("notice.again_ask_later", "N", had, "At", schedules.Instant(at, t.Now, t.Unit.Zone, t.Lang)))
	}
	m.Buttons = [][]chat.Button{{{Label: t.T("notice.again_yes"), Data: fmt.Sprintf("notice:again:%d", n.ID)}}}
	return t.TellSender(m)
}

// quietUntil tells whether what a notice says has to wait, and how long.
func (f *Feature) quietUntil(t *engine.Turn, n *notice) (time.Time, bool) {
	local := t.Now.In(t.Unit.Zone)
	if n.Urgent || !f.Quiet().Contains(local) {
		return time.Time{}, false
	}
	return f.Quiet().End(local), true
}

// again asks those anew who have acknowledged a notice before its correction, when a
// secretary of its unit has pressed the button.
func (f *Feature) again(t *engine.Turn, id int64) error {
	n, err := load(t.Tx, id)
	if err != nil {
		return err
	}
	if n == nil || n.State != sent {
		return engine.Complain("engine.old_button")
	}
	role, err := t.Directory().Role(t.Tx, t.Member, n.Unit)
	if err != nil {
		return err
	}
	if role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	u, err := t.Directory().Unit(t.Tx, n.Unit)
	if err != nil {
		return err
	}
	there, err := t.Into(u)
	if err != nil {
		return err
	}
	if err := f.sweep(there, step{Kind: "again", Notice: n.ID}); err != nil {
		return err
	}
	return t.Say("notice.again_done")
}

// body is the text as people see it: what has corrected it on top, and below it what it
// said before, as far as there is room.
func (n *notice) body(lang string) string {
	if len(n.Earlier) == 0 {
		return n.Text
	}
	text := locale.Text(lang, "notice.correction", "Text", n.Text)
	room := maxText - utf8.RuneCountInString(text)
	for i, was := range n.Earlier {
		key := "notice.correction_before"
		if i == len(n.Earlier)-1 {
			key = "notice.original"
		}
		runes := []rune(was)
		if len(runes) > room {
			runes = append(runes[:max(0, room)], '…')
		}
		room -= len(runes)
		text += "\n" + locale.Text(lang, key, "Text", string(runes))
	}
	return text
}

// postCorrection puts the new text in the place of the old one, or below it where the
// platform cannot edit, and tells those who have acknowledged the old one.
func (f *Feature) postCorrection(t *engine.Turn, n *notice, g *target, origin *source, s step) error {
	if g.Chats == 0 { // not there yet: it will come with the new text
		return nil
	}
	shown := *n
	shown.Ack = n.Ack && !g.Closed
	shown.Files = nil // they stand above
	prompt := g.Prompt
	if g.Closed {
		prompt = 0
	}
	_, err := f.show(t, n, engine.Post{Class: outbox.Digest, Message: message(t, &shown, g, origin), Prompt: prompt, Cause: s.Cause, Thread: n.thread(),
		About: about(t, "notice", g, origin), Unit: n.Unit})
	if err != nil || !n.Ack {
		return err
	}
	if s.Again {
		return f.askAgain(t, n, g)
	}
	return f.tellCorrected(t, n, g, false)
}

// askAgain asks all of a unit anew.
func (f *Feature) askAgain(t *engine.Turn, n *notice, g *target) error {
	if g.Closed || g.Prompt == 0 {
		return f.tellCorrected(t, n, g, false)
	}
	if err := f.tellCorrected(t, n, g, true); err != nil {
		return err
	}
	if err := g.ask(t.Tx, n); err != nil {
		return err
	}
	return t.In(t.Unit).CountSoon("notice", fmt.Sprintf("%d:%s", n.ID, g.Unit))
}

// tellCorrected tells those of a unit who have acknowledged what a notice said before: in
// private, and by one line in the group where some are not reached so and would not see the
// edit. In quiet hours that waits, unless the notice is urgent.
func (f *Feature) tellCorrected(t *engine.Turn, n *notice, g *target, again bool) error {
	who, err := outdated(t.Tx, n, g.Unit, g.Due)
	if err != nil || len(who) == 0 {
		return err
	}
	ids := make([]int64, len(who))
	for i, m := range who {
		ids[i] = m.ID
	}
	s := step{Kind: "corrected", Notice: n.ID, After: g.Unit, Again: again, Readers: ids}
	if at, quiet := f.quietUntil(t, n); quiet {
		return t.At(at, "notice", "step", s.ref(), fmt.Sprintf("notice:corrected:%d:%s:%d:%t", n.ID, g.Unit, n.Corrected, again))
	}
	return f.afterCorrection(t, n, g, s)
}

// afterCorrection tells the readers of a step that the notice was corrected.
func (f *Feature) afterCorrection(t *engine.Turn, n *notice, g *target, s step) error {
	again := s.Again && !g.Closed
	key, group := "notice.corrected_told", "notice.corrected_told_group"
	if again {
		key, group = "notice.corrected_again", "notice.corrected_again_group"
	}
	missed := 0
	for _, id := range s.Readers {
		m, err := t.Directory().Member(t.Tx, id)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		in := t.In(t.Unit)
		if m.Language != "" {
			in.Lang = m.Language
		}
		msg := chat.Text(in.T(key, "Number", g.number(), "Text", n.body(in.Lang)))
		if again {
			msg.Buttons = ackButton(in, g)
			msg.Hint = in.T("notice.hint_private", "Code", g.Code)
		}
		told, err := in.TellAs(m, engine.Private{Message: msg})
		if err != nil {
			return err
		}
		if !told {
			missed++
		}
	}
	if missed == 0 {
		return nil
	}
	if silent, err := f.editsSilently(t, n); err != nil || !silent && !again {
		return err
	}
	line := chat.Text(t.T(group, "Number", g.number(), "Text", n.Text))
	if again {
		line.Buttons = ackButton(t, g)
	}
	return f.showInGroup(t, n, engine.Post{Class: outbox.Push, Message: line, Prompt: g.Prompt, About: about(t, "notice", g, nil)})
}

// correctedLater tells what the quiet hours have put off.
func (f *Feature) correctedLater(t *engine.Turn, s step) error {
	t, n, g, err := waitingIn(t, s)
	if err != nil || g == nil {
		return err
	}
	return f.afterCorrection(t, n, g, s)
}

// editsSilently tells whether a correction takes the place of the text in a chat, which
// nobody notices.
func (f *Feature) editsSilently(t *engine.Turn, n *notice) (bool, error) {
	in, err := branchOf(t)
	if err != nil || n.thread() == "" {
		return false, err
	}
	if in == nil {
		in = t
	}
	return in.EditsPosts()
}

// recall is /撤回 n.
func (f *Feature) recall(t *engine.Turn, line command.Line) error {
	if strings.TrimSpace(line.Args) == "" {
		return engine.Complain("notice.recall_how")
	}
	n, g, err := f.own(t, line.Args)
	if err != nil {
		return err
	}
	if err := f.stop(t, n, recalled); err != nil {
		return err
	}
	if err := f.sweep(t.In(t.Unit), step{Kind: "recall", Notice: n.ID}); err != nil {
		return err
	}
	if t.Private() || n.Relayed {
		return t.Say("notice.recalled", "Number", g.number())
	}
	return nil
}

// postRecall takes the text out of the chats where the platform can, and says
// that it does not hold any more.
func (f *Feature) postRecall(t *engine.Turn, n *notice, g *target) error {
	if err := f.endWaiting(t, n, g); err != nil || g.Chats == 0 {
		return err
	}
	_, err := f.show(t, n, engine.Post{Class: outbox.Digest, Message: chat.Text(t.T("notice.recalled", "Number", g.number())), Thread: n.thread(),
		About: about(t, "notice", g, nil)})
	return err
}
