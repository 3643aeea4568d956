// Package award keeps the honours that units give to their members.
//
// Rules:
//   - A secretary gives a title, with a reason if he likes. The member gets the
//     certificate in private, and nobody else does.
//   - He is asked there whether others may know. Only if he says yes is the
//     group told and the board shows it; he can change his mind at any time.
//     Nobody is told that he has not answered, or that he has said no.
//   - The group is told once, outside the quiet hours, of all who have agreed
//     within a few minutes in one message.
//   - An honour that was revoked stays in the records, marked. What the group
//     has read cannot be taken back.
//
// Commands: /表彰 /honour, /荣誉 /honours.
package award

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
	"branchbot/schedules"
)

// Feature gives honours.
type Feature struct {
	Quiet func() schedules.Quiet // conduct: quiet_hours
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "honour" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"荣誉", "honours", "我的荣誉"}, Role: engine.OnRoster, Group: engine.Mine, Usage: "honour.usage.mine", Run: f.mine},
		{Names: []string{"表彰", "honour", "honor"}, Role: engine.Secretary, Group: engine.People, Usage: "honour.usage.honour", Example: "honour.example.honour", Run: f.honour},
	}
}

// The longest title and reason, in characters: more does not go on a certificate.
const (
	maxTitle  = 24
	maxReason = 60
)

// honour is /表彰 NAME TITLE [REASON], /表彰 名单, /表彰 撤销 NUMBER.
func (f *Feature) honour(t *engine.Turn, line command.Line) error {
	words := line.Fields()
	if len(words) == 0 {
		return engine.Complain("honour.how")
	}
	switch command.Fold(words[0]) {
	case "名单", "list":
		return f.list(t)
	case "撤销", "revoke":
		return f.revoke(t, words[1:])
	}
	if len(words) < 2 {
		return engine.Complain("honour.how")
	}
	all, err := roster.FindAll(t.Tx, t.Unit.ID, words[0])
	if err != nil {
		return err
	}
	words = line.Words()
	title := strings.Trim(chat.Clean(words[1]), "“”\"「」『』《》")
	reason := strings.TrimRight(strings.Join(strings.Fields(chat.Clean(strings.Join(words[2:], " "))), " "), "，。；,.; ")
	switch {
	case strings.TrimSpace(title) == "":
		return engine.Complain("honour.how")
	case utf8.RuneCountInString(title) > maxTitle:
		return engine.Complain("honour.long_title", "Max", maxTitle)
	case utf8.RuneCountInString(reason) > maxReason:
		return engine.Complain("honour.long_reason", "Max", maxReason)
	}
	for _, m := range all {
		h := &Honour{Unit: t.Unit.ID, Member: m.ID, Name: m.Name, Title: title, Reason: reason, Day: t.Day(), By: t.Member.ID}
		if twice, err := h.same(t.Tx); err != nil || twice {
			return or(err, engine.Complain("honour.twice", "Name", m.Name, "Title", title))
		}
		if err := f.give(t, h, m); err != nil {
			return err
		}
	}
	return nil
}

func or(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// give stores an honour and hands the certificate to the member.
func (f *Feature) give(t *engine.Turn, h *Honour, m *engine.Member) error {
	if err := h.insert(t.Tx); err != nil {
		return err
	}
	theirs := t.In(t.Unit)
	if m.Language != "" {
		theirs.Lang = m.Language
	}
	told, err := theirs.Tell(m, f.offer(theirs, h, theirs.T("honour.for_you", "Unit", t.Unit.Name, "Title", h.Title)))
	if err != nil {
		return err
	}
	key := "honour.given"
	if !told {
		key = "honour.given_unreached"
	}
	namesakes, err := roster.Namesakes(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	return t.TellSender(chat.Text(t.T(key, "Name", namesakes.Called(m), "Title", h.Title, "Number", h.ID)))
}

// offer is the certificate, with the question whether others may know.
func (f *Feature) offer(t *engine.Turn, h *Honour, text string) chat.Message {
	m := chat.Text(text + "\n" + t.T("honour.ask"))
	m.Media = []chat.Media{{Ref: certificateRef(h.ID), Alt: t.T("honour.alt", "Name", h.Name, "Title", h.Title, "Day", h.Day)}}
	ref := strconv.FormatInt(h.ID, 10)
	m.Buttons = [][]chat.Button{{
		{Label: t.T("honour.yes"), Data: "honour:yes:" + ref},
		{Label: t.T("honour.no"), Data: "honour:no:" + ref},
	}}
	return m
}

// soon is how long the group's message waits for others who agree as well.
const soon = 5 * time.Minute

// Press implements engine.Presser: the member says whether others may know.
func (f *Feature) Press(t *engine.Turn, data string) error {
	consent, ref, _ := strings.Cut(data, ":")
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil || consent != "yes" && consent != "no" {
		return engine.Complain("engine.old_button")
	}
	h, err := load(t.Tx, id)
	switch {
	case err != nil:
		return err
	case h == nil || h.Member != t.Member.ID || !t.Private():
		return engine.Complain("engine.old_button")
	case h.Revoked:
		return engine.Complain("honour.revoked_already", "Title", h.Title)
	}
	u, err := t.Directory().Unit(t.Tx, h.Unit)
	if err != nil {
		return err
	}
	there, err := t.Into(u)
	if err != nil {
		return err
	}
	if err := h.setConsent(t.Tx, consent); err != nil {
		return err
	}
	switch {
	case consent == "no" && h.Told:
		return t.Say("honour.hidden")
	case consent == "no":
		return t.Say("honour.private")
	case h.Told:
		return t.Say("honour.shown")
	}
	if err := there.At(t.Now.Add(soon), "honour", "tell", h.Unit, "honour:tell:"+h.Unit); err != nil {
		return err
	}
	return t.Say("honour.thanks")
}

// Timer implements engine.Timed: the group is told.
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error {
	u, err := t.Directory().Unit(t.Tx, tm.Ref)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	if local := t.Now.In(u.Zone); f.Quiet().Contains(local) {
		return t.At(f.Quiet().End(local), "honour", "tell", tm.Ref, tm.Key)
	}
	honours, err := untold(t.Tx, u.ID)
	if err != nil || len(honours) == 0 {
		return err
	}
	for i := range honours {
		if err := honours[i].told(t.Tx); err != nil {
			return err
		}
	}
	_, err = t.Post(engine.Post{Class: outbox.Push, Message: congratulation(t, honours), About: t.T("honour.about")})
	return err
}

// congratulation is what the group reads. Its picture is the certificate or, of
// several, a roll of honour.
func congratulation(t *engine.Turn, honours []Honour) chat.Message {
	lines := []string{t.T("honour.congratulations")}
	var ids []string
	for _, h := range honours {
		key := "honour.line"
		if h.Reason != "" {
			key = "honour.line_reason"
		}
		lines = append(lines, t.T(key, "Name", h.Name, "Title", h.Title, "Reason", h.Reason))
		ids = append(ids, strconv.FormatInt(h.ID, 10))
	}
	m := chat.Text(strings.Join(lines, "\n"))
	if len(honours) == 1 {
		h := honours[0]
		m.Media = []chat.Media{{Ref: publicRef(h.ID), Alt: t.T("honour.alt", "Name", h.Name, "Title", h.Title, "Day", h.Day)}}
	} else {
		m.Media = []chat.Media{{Ref: rollRef(t.Unit.ID, ids), Alt: t.T("honour.roll_alt", "Unit", t.Unit.Name, "N", len(honours))}}
	}
	return m
}

// listed is how many honours a list shows.
const listed = 30

// list shows the secretary what was given. Whether somebody agreed that others
// may know is not for him to see, but for the fact that it is published.
func (f *Feature) list(t *engine.Turn) error {
	honours, err := given(t.Tx, t.Unit.ID, listed)
	if err != nil {
		return err
	}
	if len(honours) == 0 {
		return t.TellSender(chat.Text(t.T("honour.none")))
	}
	lines := []string{t.T("honour.list")}
	for _, h := range honours {
		line := t.T("honour.item", "Number", h.ID, "Day", h.Day, "Name", h.Name, "Title", h.Title)
		switch {
		case h.Revoked:
			line += t.T("honour.state.revoked")
		case h.Published() && h.Told:
			line += t.T("honour.state.published")
		}
		lines = append(lines, line)
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

// revoke is /表彰 撤销 NUMBER.
func (f *Feature) revoke(t *engine.Turn, words []string) error {
	if len(words) != 1 {
		return engine.Complain("honour.revoke_how")
	}
	id, err := strconv.ParseInt(strings.TrimPrefix(command.Fold(words[0]), "#"), 10, 64)
	if err != nil {
		return engine.Complain("honour.revoke_how")
	}
	h, err := load(t.Tx, id)
	switch {
	case err != nil:
		return err
	case h == nil || h.Unit != t.Unit.ID:
		return engine.Complain("honour.unknown", "Number", id)
	case h.Revoked:
		return engine.Complain("honour.revoked_already", "Title", h.Title)
	}
	if err := h.revoke(t.Tx, t.Member.ID); err != nil {
		return err
	}
	if m, err := t.Directory().Member(t.Tx, h.Member); err != nil {
		return err
	} else if m != nil {
		theirs := t.In(t.Unit)
		if m.Language != "" {
			theirs.Lang = m.Language
		}
		if _, err := theirs.Tell(m, chat.Text(theirs.T("honour.revoked_yours", "Title", h.Title, "Unit", t.Unit.Name))); err != nil {
			return err
		}
	}
	return t.TellSender(chat.Text(t.T("honour.revoked", "Number", h.ID, "Name", h.Name, "Title", h.Title)))
}

// mine is /荣誉 [NUMBER]: the sender's own, in private; with a number its
// certificate once more.
func (f *Feature) mine(t *engine.Turn, line command.Line) error {
	honours, err := Of(t.Tx, t.Member.ID)
	if err != nil {
		return err
	}
	if len(honours) == 0 {
		return t.TellSender(chat.Text(t.T("honour.none_yours")))
	}
	if line.Args == "" && len(honours) > 1 {
		lines := []string{t.T("honour.yours")}
		for i, h := range honours {
			if i == listed {
				break
			}
			lines = append(lines, t.T("honour.item", "Number", h.ID, "Day", h.Day, "Name", h.Name, "Title", h.Title)+state(t, &h))
		}
		return t.TellSender(chat.Text(strings.Join(lines, "\n")))
	}
	h := &honours[0]
	if line.Args != "" {
		id, _ := strconv.ParseInt(strings.TrimPrefix(command.Fold(line.Args), "#"), 10, 64)
		if h = find(honours, id); h == nil {
			return engine.Complain("honour.not_yours")
		}
	}
	return t.TellSender(f.offer(t, h, t.T("honour.item", "Number", h.ID, "Day", h.Day, "Name", h.Name, "Title", h.Title)+state(t, h)))
}

func find(honours []Honour, id int64) *Honour {
	for i := range honours {
		if honours[i].ID == id {
			return &honours[i]
		}
	}
	return nil
}

// state tells the member who may see an honour of his.
func state(t *engine.Turn, h *Honour) string {
	switch {
	case h.Revoked:
		return t.T("honour.state.revoked")
	case h.Consent == "yes":
		return t.T("honour.state.published")
	}
	return t.T("honour.state.private")
}

// Open implements engine.Personal: nothing is due, and nobody has to agree.
func (f *Feature) Open(*engine.Turn, *engine.Member) ([]string, error) { return nil, nil }

// Data implements engine.Personal.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	honours, err := history(t.Tx, m.ID)
	if err != nil || len(honours) == 0 {
		return nil, err
	}
	lines := []string{t.T("honour.data", "N", len(honours))}
	for _, h := range honours {
		line := t.T("honour.data_line", "Day", h.Day, "Title", h.Title, "Reason", h.Reason, "By", h.ByName)
		lines = append(lines, strings.Join(strings.Fields(line), " ")+state(t, &h)) // a reason may be lacking
	}
	return lines, nil
}
