// Package rehearse plays a script to a whole bot on a virtual clock: what
// falls due between two lines happens, in order, at its time. Secretaries see
// next week's pushes with it before they happen, and tests a month in a second.
//
// A script has one step a line; # begins a comment:
//
//	@ 2026-12-01 07:59      the clock moves; all that falls due on the way fires
//	@ +1d                   (also +30m, +2h)
//	张三: A                  a message in the group of the unit
//	李四 (私聊): /积分        in private
//	张三@demo: [按 B]        a button, or an option of a poll; [引用 17] A quotes
package rehearse

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// Speaker is a member who can speak in a script.
type Speaker struct {
	Name, Unit string
	Staff      string
	Roles      []string
	User       chat.UserID
}

// Stage is the bot that a script is played to.
type Stage struct {
	Clock    *Clock
	Engine   *engine.Engine
	Adapter  *Adapter
	Sender   *outbox.Sender
	Speakers []Speaker
	Units    []string       // the first is where outsiders speak
	Zone     *time.Location // of the times in script and transcript

	said int // events so far, for their keys
}

// Clock is a clock that only the script moves. An adapter with a network may
// read it meanwhile.
type Clock struct{ nanos atomic.Int64 }

// NewClock starts at an instant.
func NewClock(at time.Time) *Clock {
	c := &Clock{}
	c.Set(at)
	return c
}

// Now is the clock's time.
func (c *Clock) Now() time.Time { return time.Unix(0, c.nanos.Load()) }

// Set moves the clock at once, as if the program had been away.
func (c *Clock) Set(at time.Time) { c.nanos.Store(at.UnixNano()) }

// Error is a script line that is wrong.
type Error struct {
	Line    int
	Problem string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Problem) }

// Transcript writes what the chats show.
type Transcript struct {
	w    io.Writer
	json bool
	zone *time.Location
	err  error
}

// NewTranscript writes text, or one JSON object a line.
func NewTranscript(w io.Writer, asJSON bool, zone *time.Location) *Transcript {
	return &Transcript{w: w, json: asJSON, zone: zone}
}

func (t *Transcript) write(text string, object any) {
	if t.err != nil {
		return
	}
	if !t.json {
		_, t.err = fmt.Fprintln(t.w, text)
		return
	}
	enc := json.NewEncoder(t.w)
	enc.SetEscapeHTML(false)
	t.err = enc.Encode(object)
}

// Ledger writes an entry.
func (t *Transcript) Ledger(at time.Time, member, rule string, points int64, cause string) {
	t.write(fmt.Sprintf("%s %s %s %+d %s", at.In(t.zone).Format("2006-01-02 15:04"), member, rule, points, cause), struct {
		Kind   string `json:"kind"`
		At     string `json:"at"`
		Member string `json:"member"`
		Rule   string `json:"rule"`
		Points int64  `json:"points"`
		Cause  string `json:"cause"`
	}{"ledger", t.stamp(at), member, rule, points, cause})
}

// Note writes a line that is no event; in JSON it is left out.
func (t *Transcript) Note(text string) {
	if !t.json {
		t.write(text, nil)
	}
}

// Fault writes a script error.
func (t *Transcript) Fault(err *Error) {
	if t.json {
		t.write("", struct {
			Kind string `json:"kind"`
			Line int    `json:"line"`
			Text string `json:"text"`
		}{"error", err.Line, err.Problem})
	}
}

func (t *Transcript) stamp(at time.Time) string { return at.In(t.zone).Format(time.RFC3339) }

func (t *Transcript) sent(s *Sent) {
	head := s.Title
	if s.Private {
		head = "→ " + s.Title
	}
	mark := "◀"
	if s.Edit {
		mark = "✎"
	}
	text := fmt.Sprintf("%s %s %s %s", s.At.In(t.zone).Format("2006-01-02 15:04"), head, mark,
		strings.ReplaceAll(s.Text, "\n", "\n    "))
	if len(s.Labels) > 0 {
		text += "\n    [" + strings.Join(s.Labels, "] [") + "]"
	}
	t.write(text, struct {
		Kind    string   `json:"kind"`
		At      string   `json:"at"`
		Chat    string   `json:"chat"`
		Private bool     `json:"private"`
		Edit    bool     `json:"edit,omitempty"`
		Text    string   `json:"text"`
		Buttons []string `json:"buttons,omitempty"`
	}{"sent", t.stamp(s.At), s.Title, s.Private, s.Edit, s.Text, s.Labels})
}

func (t *Transcript) heard(at time.Time, who, text string) {
	t.Note(fmt.Sprintf("%s %s ▶ %s", at.In(t.zone).Format("2006-01-02 15:04"), who, strings.ReplaceAll(chat.Clean(text), "\n", "\n    ")))
}

// Play plays a script. A wrong line ends it with an *Error; what was played up
// to then stays in the transcript.
func Play(ctx context.Context, s *Stage, script io.Reader, out *Transcript) error {
	s.Adapter.show = out
	p := &player{Stage: s, out: out}
	scan := bufio.NewScanner(script)
	scan.Buffer(nil, 1<<20)
	for n := 1; scan.Scan(); n++ {
		p.line = n
		line := strings.TrimSpace(strings.TrimPrefix(scan.Text(), "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := p.step(ctx, line); err != nil {
			var e *Error
			if errors.As(err, &e) {
				out.Fault(e)
			}
			return err
		}
	}
	if err := errors.Join(scan.Err(), out.err); err != nil {
		return err
	}
	return s.drain(ctx)
}

// drain lets a slow platform show what has been said by the end.
func (s *Stage) drain(ctx context.Context) error {
	for {
		wait, waiting, err := s.Sender.NextDue()
		if err != nil || !waiting || wait > time.Minute {
			return err
		}
		if err := s.Until(ctx, s.Clock.Now().Add(wait)); err != nil {
			return err
		}
	}
}

type player struct {
	*Stage
	out  *Transcript
	line int
}

func (p *player) fault(format string, args ...any) error {
	return &Error{p.line, fmt.Sprintf(format, args...)}
}

func (p *player) step(ctx context.Context, line string) error {
	if when, ok := strings.CutPrefix(line, "@"); ok {
		at, err := p.when(strings.TrimSpace(when))
		if err != nil {
			return err
		}
		return p.Until(ctx, at)
	}
	spoken, ok := chat.ParseSpoken(line)
	if !ok {
		return p.fault("%q is neither a time (@ 2026-12-01 08:00) nor a message (张三: A)", line)
	}
	ev, who, err := p.event(spoken)
	if err != nil {
		return err
	}
	colon := strings.IndexAny(line, ":：")
	_, size := utf8.DecodeRuneInString(line[colon:])
	said := strings.TrimSpace(line[colon+size:])
	if !p.Adapter.hears(&ev, p.Engine.Names) {
		p.out.heard(p.Clock.Now(), who, said+"（平台没有交给小助手）")
		return p.settle(ctx)
	}
	p.out.heard(p.Clock.Now(), who, said)
	if err := p.Engine.Handle(p.Adapter.ID(), "", ev); err != nil {
		return fmt.Errorf("line %d: %w", p.line, err)
	}
	return p.settle(ctx)
}

var relative = regexp.MustCompile(`^\+\s*(\S+)$`)

// when reads an instant; it never lies before the clock.
func (p *player) when(text string) (time.Time, error) {
	if m := relative.FindStringSubmatch(text); m != nil {
		d, ok := command.Duration(m[1])
		if !ok {
			return time.Time{}, p.fault("%q is no time to wait; write +30m, +2h or +1d (at most 30 days)", text)
		}
		return p.Clock.Now().Add(d), nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		at, err := time.ParseInLocation(layout, text, p.Zone)
		if err != nil {
			continue
		}
		if at.Before(p.Clock.Now()) {
			return at, p.fault("%s is before %s; the clock only goes forward", text, p.Clock.Now().In(p.Zone).Format("2006-01-02 15:04"))
		}
		return at, nil
	}
	return time.Time{}, p.fault("%q is no time; write 2026-12-01 08:00 or +1d", text)
}

// event makes the event of a line; an unknown name is an outsider.
func (p *player) event(s chat.Spoken) (ev chat.Event, who string, err error) {
	name, unit, _ := strings.Cut(s.Speaker, "@")
	var found []Speaker
	for _, m := range p.Speakers {
		if (m.Name == name || m.Staff == name || roleName(m, name)) && (unit == "" || m.Unit == unit) {
			found = append(found, m)
		}
	}
	if len(found) > 1 {
		numbers := make([]string, len(found))
		for i, m := range found {
			numbers[i] = m.Staff
		}
		return ev, "", p.fault("several people are called %s; write the staff number of whom you mean, e.g. %s (they have %s)", name, numbers[0]+":", strings.Join(numbers, ", "))
	}
	speaker := Speaker{Name: name, Unit: p.Units[0], User: chat.UserID("outsider:" + name)}
	if unit != "" {
		speaker.Unit = unit
	}
	if len(found) == 1 {
		speaker = found[0]
	}
	p.said++
	ev = chat.Event{Key: fmt.Sprintf("line:%d", p.said), Kind: chat.Said, At: p.Clock.Now(), Chat: p.Adapter.group(speaker.Unit),
		Title: p.Adapter.titles[p.Adapter.group(speaker.Unit)], Private: s.Private, From: chat.User{ID: speaker.User, Name: speaker.Name},
		Message: chat.MessageID(fmt.Sprintf("in%d", p.said)), Text: s.Text}
	who = speaker.Name
	if s.Private {
		ev.Chat = PrivateChat(speaker.User)
		who = speaker.Name + "（私聊）"
		p.Adapter.titles[ev.Chat] = speaker.Name
	}
	if s.Quote != "" {
		if ev.ReplyTo, err = p.quoted(ev.Chat, s.Quote); err != nil {
			return ev, who, err
		}
		if ev.ReplyTo == "" {
			return ev, who, p.fault("no message with the number %s was sent there", s.Quote)
		}
	}
	if s.Press != "" {
		if poll, n, ok := p.Adapter.option(ev.Chat, s.Press); ok {
			ev.Kind, ev.Poll, ev.Choice = chat.Voted, poll, []int{n}
			return ev, who, nil
		}
		m, b, ok := p.Adapter.button(ev.Chat, s.Press)
		if !ok {
			return ev, who, p.fault("no message there has the button %q", s.Press)
		}
		ev.Kind, ev.Data, ev.Message = chat.Pressed, b.Data, m
	}
	return ev, who, nil
}

// quoted is the message that opened the item of a short code, or else the
// newest one that names the code.
func (p *player) quoted(in chat.ChatID, code string) (id chat.MessageID, err error) {
	err = p.Engine.DB.Read(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT op.message FROM outbox_part op JOIN outbox o ON o.id = op.outbox
			JOIN prompt pr ON pr.id = o.prompt WHERE op.account = $1 AND op.chat = $2 AND CAST(pr.code AS TEXT) = $3
			ORDER BY op.outbox DESC, op.n DESC LIMIT 1`, p.Adapter.ID(), in, code).Scan(&id)
	})
	if errors.Is(err, store.ErrNoRows) {
		return p.Adapter.find(in, code), nil
	}
	return id, err
}

// roleName lets a script say 书记 for the one member who is secretary.
func roleName(m Speaker, name string) bool {
	if name != "书记" && name != "secretary" {
		return false
	}
	for _, r := range m.Roles {
		if r == "secretary" {
			return true
		}
	}
	return false
}

// Until moves the clock; all that falls due on the way happens at its time.
func (s *Stage) Until(ctx context.Context, end time.Time) error {
	for {
		if err := s.settle(ctx); err != nil {
			return err
		}
		next := end
		due, ok, err := s.Engine.NextDue()
		if err != nil {
			return err
		}
		if ok && due.Before(next) {
			next = due
		}
		wait, waiting, err := s.Sender.NextDue()
		if err != nil {
			return err
		}
		if at := s.Clock.Now().Add(wait); waiting && at.Before(next) {
			next = at
		}
		if next.After(s.Clock.Now()) {
			s.Clock.Set(next)
		} else if !next.Before(end) {
			return nil
		}
	}
}

// settle does all that is due now, and sends what it causes.
func (s *Stage) settle(ctx context.Context) error {
	for {
		fired, err := s.Engine.FireDue()
		if err != nil {
			return err
		}
		sent, err := s.Sender.Drain(ctx)
		if err != nil {
			return err
		}
		if fired == 0 && sent == 0 {
			return nil
		}
	}
}
