package notice

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
)

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

// correct is /更正 n TEXT.
func (f *Feature) correct(t *engine.Turn, line command.Line) error {
	word, rest := line.Args, ""
	if i := strings.IndexFunc(word, unicode.IsSpace); i >= 0 {
		word, rest = word[:i], word[i:]
	}
	text := strings.TrimSpace(chat.Clean(rest))
	if word == "" || text == "" {
		return engine.Complain("notice.correct_how")
	}
	n, g, err := f.own(t, word)
	if err != nil {
		return err
	}
	return f.correctTo(t, n, g, text)
}

// correctTo gives a notice another text.
func (f *Feature) correctTo(t *engine.Turn, n *notice, g *target, text string) error {
	if n := utf8.RuneCountInString(text); n > maxText {
		return engine.Complain("notice.too_long", "Length", n, "Max", maxText)
	}
	if n.Corrected >= maxCorrections {
		return engine.Complain("notice.corrected_enough", "Number", g.number(), "Max", maxCorrections)
	}
	if err := n.correct(t.Tx, text); err != nil {
		return err
	}
	cause := t.Receipts()
	if err := f.sweep(t.In(t.Unit), step{Kind: "correct", Notice: n.ID, Cause: cause}); err != nil {
		return err
	}
	return t.Sending(cause, t.T("notice.corrected", "Number", g.number()))
}

// postCorrection puts the new text in the place of the old one, or below it
// where the platform cannot edit.
func (f *Feature) postCorrection(t *engine.Turn, n *notice, g *target, origin *source, cause string) error {
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
	_, err := f.show(t, n, engine.Post{Class: outbox.Digest, Message: message(t, &shown, g, origin), Prompt: prompt, Cause: cause, Thread: n.thread(),
		About: about(t, "notice", g, origin), Unit: n.Unit})
	return err
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
