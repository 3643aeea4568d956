package suggestion

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/feature/misconduct"
	"branchbot/bot/keystore"
	"branchbot/bot/roster"
)

// categories of requests for help, by the words with which one may begin.
var categories = []struct {
	name  string
	words []string
}{
	{"money", []string{"困难", "经济", "生活困难", "money"}},
	{"health", []string{"健康", "生病", "住院", "health"}},
	{"family", []string{"家庭", "家里", "family"}},
	{"mind", []string{"心理", "压力", "心里", "mind"}},
	{"work", []string{"工作", "岗位", "work"}},
}

// care is /求助 [category] [不用联系] TEXT.
func (f *Feature) care(t *engine.Turn, line command.Line) error {
	return f.submit(t, "care", line.Args)
}

func (f *Feature) takeCare(t *engine.Turn, text string) error {
	c := &Care{Unit: t.Unit.ID, Member: t.Member.ID, Category: category(text), Contact: wishes(text), Day: t.Day()}
	var err error
	if c.Seal, err = f.Keys.Make(); err != nil {
		return err
	}
	if c.Body, err = f.Keys.Seal(c.Seal, []byte(chat.Clean(text))); err != nil {
		return err
	}
	if err := c.insert(t.Tx); err != nil {
		return err
	}
	if err := t.At(nextMorning(t, careDue), "suggestion", "care", strconv.FormatInt(c.ID, 10), c.timer()); err != nil {
		return err
	}
	return t.Sealed(c.Seal, func() error {
		unit := t.In(t.Unit)
		text, err := f.tells(unit, c, t.Member.Name)
		if err != nil {
			return err
		}
		if err := unit.TellSecretaries(chat.Text(text)); err != nil {
			return err
		}
		return t.Say("suggestion.care_received", "Number", c.ID)
	})
}

// category is that of the word with which a request begins.
func category(text string) string {
	text = command.Fold(text)
	for _, c := range categories {
		if slices.ContainsFunc(c.words, func(w string) bool { return strings.HasPrefix(text, w) }) {
			return c.name
		}
	}
	return "other"
}

// wishes tells whether the author wishes to be contacted.
func wishes(text string) bool {
	text = command.Fold(text)
	return !slices.ContainsFunc([]string{"不用联系", "不必联系", "别联系", "不要联系", "no contact"}, func(w string) bool {
		return strings.Contains(text, w)
	})
}

// tells is a request as the secretary sees it.
func (f *Feature) tells(t *engine.Turn, c *Care, name string) (string, error) {
	text, err := f.Keys.Open(c.Seal, c.Body)
	switch {
	case errors.Is(err, keystore.ErrGone):
		text = []byte(t.T("suggestion.care_lost"))
	case err != nil:
		return "", err
	}
	contact := t.T("suggestion.contact_no")
	if c.Contact {
		contact = t.T("suggestion.contact_yes")
	}
	return t.T("suggestion.care_show", "Number", c.ID, "Category", t.T("suggestion.category."+c.Category), "Contact", contact,
		"Name", name, "Text", string(text)), nil
}

func (c *Care) timer() string { return fmt.Sprintf("suggestion:care:%d", c.ID) }

// handleCare shows a request, or closes it, which erases it.
func (f *Feature) handleCare(t *engine.Turn, id int64, what string) error {
	c, err := loadCare(t.Tx, id)
	if err != nil {
		return err
	}
	if c == nil || c.Unit != t.Unit.ID {
		return engine.Complain("suggestion.unknown_care", "Number", id)
	}
	m, err := roster.Member(t.Tx, c.Member)
	if err != nil || m == nil {
		return err
	}
	switch command.Fold(what) {
	case "":
		text, err := f.tells(t, c, m.Name)
		if err != nil {
			return err
		}
		return f.Reports.Whisper(t, chat.Text(text))
	case "结束", "完成", "办结", "close", "done":
		return f.erase(t, c, m)
	}
	return engine.Complain("suggestion.handle_how")
}

// erase closes a request: its row goes at once, its key a little later, when
// the last letters are out.
func (f *Feature) erase(t *engine.Turn, c *Care, author *engine.Member) error {
	if err := deleteCare(t.Tx, c.ID); err != nil {
		return err
	}
	if err := t.Cancel(c.timer()); err != nil {
		return err
	}
	key, err := f.Keys.Make()
	if err != nil {
		return err
	}
	for _, gone := range []string{key, c.Seal} {
		if err := f.Reports.ForgetAt(t, gone, t.Now.Add(misconduct.WhisperFor)); err != nil {
			return err
		}
	}
	return t.Sealed(key, func() error {
		theirs := t.In(t.Unit)
		if author.Language != "" {
			theirs.Lang = author.Language
		}
		if _, err := theirs.Tell(author, chat.Text(theirs.T("suggestion.care_closed", "Number", c.ID))); err != nil {
			return err
		}
		return t.Say("suggestion.care_erased", "Number", c.ID)
	})
}

// careDue reminds the secretary of a request, naming nobody.
func (f *Feature) careDue(t *engine.Turn, ref string) error {
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		return fmt.Errorf("request %q: %w", ref, err)
	}
	c, err := loadCare(t.Tx, id)
	if err != nil || c == nil {
		return err
	}
	u, err := t.Directory().Unit(t.Tx, c.Unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	return t.TellSecretaries(chat.Text(t.T("suggestion.care_due", "Number", c.ID)))
}
