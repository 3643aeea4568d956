// Package survey holds votes (投票), surveys (问卷) and the pulse (心声).
//
// Rules:
//   - Answers are given in private, never in the group. The group sees the
//     announcement, how many have voted, and at the close the totals.
//   - At least five people must be eligible, and of an anonymous vote nothing
//     but the turnout is published when fewer than five have voted.
//   - An anonymous ballot cannot be changed once it is cast: nobody knows whose
//     it is. A confirmation says so before. A named one can, until the close.
//   - The number of those who have voted must equal that of the ballots; if it
//     does not, the result says so.
//   - Votes earn no points.
//   - A written answer that reports wrongdoing is not taken; one that may do so is asked
//     about first (package misconduct).
//
// How a ballot is kept apart from its voter:
//   - "Has voted" (survey_voted) holds member and survey, no time, no order. It
//     is written together with the ballot, so that neither can be lost alone.
//   - Whatever holds a choice before the close (drafts, ballots, the letters of
//     the private exchange in the outbox) is sealed with the vote's own key,
//     which is not in the database (package seal), and padded to one length.
//   - At the close all ballots are opened in memory and what is left of them is
//     written at once in the order of their random receipts: for a vote receipt
//     and choice, for a survey the receipt alone. Two minutes later, when the
//     last letters are out, the key is destroyed: journal, outbox and backups
//     then hold ballots that nobody can read.
//   - Branches are shown apart only where each, and all that are not shown
//     together, have cast ten ballots or more.
//
// What is not hidden: the platform itself and its operator see what is typed to
// the bot. Who holds the machine while a vote is open can read the key beside
// the database, or change the program. When somebody wrote to the bot can be
// seen in the outbox. A unanimous result tells what each has voted. Who shows
// his receipt before the close can prove his vote with it; after the close all
// receipts are public and prove nothing about whose they are.
//
// Commands: /投票 /vote, /问卷 /survey, /心声 /pulse, /验票 /verify. Actions: pulse.
package survey

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/feature/misconduct"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
	"branchbot/schedules"
)

const (
	// fewest people make a vote; below it single answers could be guessed.
	fewest = 5
	// usualOpen is how long a vote is open unless told otherwise.
	usualOpen = 48 * time.Hour
	// pulseOpen gives each shift its turn.
	pulseOpen = 72 * time.Hour
	// lastLetters is how long after the close the key still lives, so that who
	// voted in the last second gets his receipt.
	lastLetters = 2 * time.Minute
)

// Keys keep what is sealed out of reach; package seal implements it.
type Keys interface {
	Make() (string, error)
	Seal(key string, plain []byte) ([]byte, error)
	Open(key string, sealed []byte) ([]byte, error)
	Destroy(key string) error
}

// Feature holds votes.
type Feature struct {
	Keys    Keys
	Reports *misconduct.Feature
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "survey" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"投票", "vote"}, Role: engine.OnRoster, Discreet: true, Group: engine.Join, Usage: "survey.usage.vote", More: "survey.more.vote", Example: "survey.example.vote", Run: f.vote},
		{Names: []string{"问卷", "survey"}, Role: engine.OnRoster, Discreet: true, Group: engine.Join, Usage: "survey.usage.survey", More: "survey.more.survey", Run: f.survey},
		{Names: []string{"心声", "pulse"}, Role: engine.OnRoster, Group: engine.Join, Usage: "survey.usage.pulse", Run: f.pulse},
		{Names: []string{"验票", "verify"}, Role: engine.OnRoster, Discreet: true, Group: engine.Join, Usage: "survey.usage.verify", Run: f.verify},
	}
}

// Actions implements engine.Actor.
func (f *Feature) Actions() []engine.Action {
	return []engine.Action{{
		Name: "pulse",
		Check: func(args engine.Args) error {
			if _, err := args.CloseAfter(pulseOpen); err != nil {
				return fmt.Errorf("close_after: %q is no time between 1m and 720h", args["close_after"])
			}
			return nil
		},
		Run: func(t *engine.Turn, args engine.Args, cause string) error {
			open, err := args.CloseAfter(pulseOpen)
			if err != nil {
				return err
			}
			_, err = f.open(t, pulseOf(t, open), cause)
			return err
		},
		Preview: func(t *engine.Turn, args engine.Args) (chat.Message, error) {
			open, err := args.CloseAfter(pulseOpen)
			return post(t, pulseOf(t, open)), err
		},
	}}
}

// pulseOf is the fixed pulse in the unit's language.
func pulseOf(t *engine.Turn, open time.Duration) *Survey {
	return &Survey{Kind: "pulse", Title: t.T("survey.pulse.title"), ClosesAt: t.Now.Add(open), Questions: []Question{
		{Ask: t.T("survey.pulse.mood"), Type: Scale},
		{Ask: t.T("survey.pulse.heard"), Type: Scale},
		{Ask: t.T("survey.pulse.useful"), Type: Scale},
	}}
}

func (f *Feature) vote(t *engine.Turn, line command.Line) error {
	return f.begin(t, line, "vote", parseVote)
}

func (f *Feature) survey(t *engine.Turn, line command.Line) error {
	return f.begin(t, line, "survey", parseSurvey)
}

// begin is /投票 and /问卷: without a text or with a number the sender fills
// one in, with a text the secretary opens one.
func (f *Feature) begin(t *engine.Turn, line command.Line, kind string, parse func(*engine.Turn, string) (*Survey, error)) error {
	code, err := strconv.Atoi(command.Fold(line.Args))
	if line.Args == "" || err == nil {
		return f.take(t, kind, code)
	}
	if pick, err := f.coded(t, command.Read(line.Args)); pick != nil || err != nil { // /投票 17 B
		switch {
		case err != nil:
			return err
		case t.Private():
			return pick()
		}
		return t.TellSender(chat.Text(t.T("survey.not_here", "Command", t.T("survey.command."+kind), "Code", command.Read(line.Args).Code)))
	}
	if t.Role < engine.Secretary {
		return f.misplaced(t, kind)
	}
	text := line.Args
	first, _, _ := strings.Cut(t.Event.Text, "\n")
	if l, ok := command.Parse(first); ok && l.Args == "" {
		text = "\n" + text // so that lines count as they were written
	}
	s, err := parse(t, text)
	if err != nil {
		return err
	}
	s.Kind = kind
	if s.left != "" {
		if asked, err := t.AskFirst(line, t.T("engine.ask_left", "Word", s.left), s.preview(t)); asked || err != nil {
			return err
		}
	}
	return f.start(t, s)
}

// misplaced answers a member who writes behind the command what is neither a
// number nor a choice: he cannot open one, but may want to fill one in.
func (f *Feature) misplaced(t *engine.Turn, kind string) error {
	open, err := openFor(t, kind)
	switch {
	case err != nil:
		return err
	case len(open) == 0:
		return engine.Complain("engine.secretaries_only")
	case t.Private() || len(open) > 1:
		return f.take(t, kind, 0)
	}
	return t.TellSender(chat.Text(t.T("survey.not_here", "Command", t.T("survey.command."+kind), "Code", open[0].Code)))
}

// pulse is /心声: the sender fills in the one that is open, or the secretary
// opens one.
func (f *Feature) pulse(t *engine.Turn, line command.Line) error {
	open := pulseOpen
	if code, err := strconv.Atoi(command.Fold(line.Args)); err == nil {
		return f.take(t, "pulse", code)
	}
	if line.Args != "" {
		d, ok := command.Duration(line.Args)
		if !ok {
			return engine.Complain("engine.close_after", "Value", chat.CleanName(line.Args))
		}
		open = d
	}
	found, err := openFor(t, "pulse")
	if err != nil {
		return err
	}
	if t.Role < engine.Secretary || len(found) > 0 {
		return f.take(t, "pulse", 0)
	}
	return f.start(t, pulseOf(t.In(t.Unit), open))
}

func (f *Feature) start(t *engine.Turn, s *Survey) error {
	cause := t.Receipts()
	code, err := f.open(t.In(t.Unit), s, cause)
	if err != nil {
		return err
	}
	return t.Sending(cause, t.T("survey.opened."+s.Kind, "Title", s.Title, "Code", code))
}

// open announces a vote; it returns the short code.
func (f *Feature) open(t *engine.Turn, s *Survey, cause string) (int, error) {
	groups, err := everywhere(t, func(u *engine.Turn) (int, error) {
		groups, err := u.Directory().Groups(u.Tx, u.Unit.ID)
		return len(groups), err
	})
	if err != nil {
		return 0, err
	}
	if groups == 0 {
		return 0, &engine.Skip{Key: "engine.no_chat"}
	}
	eligible, err := roster.Count(t.Tx, t.Unit.ID)
	if err != nil {
		return 0, err
	}
	if eligible < fewest {
		return 0, &engine.Skip{Key: "survey.too_few", Args: []any{"Least", fewest, "Have", eligible}, Brief: "survey.few"}
	}
	s.Unit = t.Unit.ID
	if s.Seal, err = f.Keys.Make(); err != nil {
		return 0, err
	}
	if err := s.insert(t.Tx, t.Day()); err != nil {
		return 0, err
	}
	want := command.Want{Kind: command.Ballot}
	if len(s.Questions) == 1 {
		want.Options, want.Texts = len(s.Questions[0].Options), s.Questions[0].Options
	}
	p, err := t.Open("survey", s.ref(), want, time.Time{}) // a ballot counts until the count
	if err != nil {
		return 0, err
	}
	if err := s.prompted(t.Tx, p); err != nil {
		return 0, err
	}
	if err := t.At(s.ClosesAt, "survey", "close", s.ref(), "survey:close:"+s.ref()); err != nil {
		return 0, err
	}
	_, err = everywhere(t, func(u *engine.Turn) (int, error) {
		return u.Post(engine.Post{Class: outbox.Push, Message: post(u, s), Prompt: p.ID, Cause: cause,
			About: t.T("survey.about", "Title", s.Title), Unit: t.Unit.ID})
	})
	return p.Code, err
}

// everywhere does something for the unit of the turn and all units under it,
// whose members may vote too, and sums what it returns.
func everywhere(t *engine.Turn, do func(*engine.Turn) (int, error)) (sum int, err error) {
	units, err := t.Directory().Below(t.Tx, t.Unit.ID)
	if err != nil {
		return 0, err
	}
	for _, id := range units {
		there := t
		if id != t.Unit.ID {
			u, err := t.Directory().Unit(t.Tx, id)
			if err != nil {
				return 0, err
			}
			there = t.In(u)
		}
		n, err := do(there)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// preview is what will be asked, before it is.
func (s *Survey) preview(t *engine.Turn) chat.Message {
	text := s.Title
	for i := range s.Questions {
		if s.Kind != "vote" {
			text += "\n" + s.Questions[i].Ask
		}
		text += s.Questions[i].list()
	}
	secrecy := "survey.anonymous"
	if s.Named {
		secrecy = "survey.named"
	}
	return chat.Text(text + "\n" + t.T(secrecy) + "\n" + schedules.Deadline(s.ClosesAt, t.Now, t.Unit.Zone, t.Lang))
}

// post is the announcement.
func post(t *engine.Turn, s *Survey) chat.Message {
	until := schedules.Deadline(s.ClosesAt, t.Now, t.Unit.Zone, t.Lang)
	m := chat.Message{}.AddStyled(t.T("survey.head."+s.Kind, "Code", s.Code, "Title", s.Title, "Until", until), chat.Bold)
	if s.Kind == "vote" {
		m = m.Add(s.Questions[0].list())
	}
	secrecy := "survey.anonymous"
	if s.Named {
		secrecy = "survey.named"
	}
	m = m.Add("\n" + t.T(secrecy) + t.T("survey.how", "Command", t.T("survey.command."+s.Kind), "Code", s.Code))
	m.Buttons = [][]chat.Button{{{Label: t.T("survey.go"), Data: "survey:go:" + s.ref(), Word: t.T("survey.go")}}}
	return m
}

// Answer implements engine.Answerer: an answer in the group is refused, and
// nothing of it is kept.
func (f *Feature) Answer(t *engine.Turn, p engine.Prompt, _ command.Answer) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: survey %q: %w", p.ID, p.Ref, err)
	}
	s, err := load(t.Tx, id)
	if err != nil || s == nil {
		return err
	}
	return t.TellSender(chat.Text(t.T("survey.not_here", "Command", t.T("survey.command."+s.Kind), "Code", s.Code)))
}

// verify is /验票 CODE.
func (f *Feature) verify(t *engine.Turn, line command.Line) error {
	if !t.Private() {
		return engine.Complain("survey.verify_privately")
	}
	code := receiptOf(line.Args)
	if code == "" {
		return engine.Complain("survey.verify_how")
	}
	found, counted, err := counted(t.Tx, code)
	if err != nil {
		return err
	}
	if counted {
		key := "survey.counted"
		if found.Kind == "vote" {
			key = "survey.counted_vote"
		}
		return t.Say(key, "Title", found.Title)
	}
	open, err := openFor(t, "")
	if err != nil {
		return err
	}
	for _, s := range open {
		ballots, _, err := f.ballots(t.Tx, s)
		if err != nil {
			return err
		}
		for _, b := range ballots {
			if b.Receipt == code {
				return t.Say("survey.in_the_box", "Title", s.Title)
			}
		}
	}
	return engine.Complain("survey.unknown_receipt")
}

// Open implements engine.Personal.
func (f *Feature) Open(t *engine.Turn, m *engine.Member) ([]string, error) {
	open, err := openFor(t, "")
	var lines []string
	for _, s := range open {
		voted, err := hasVoted(t.Tx, s.ID, m.ID)
		if err != nil {
			return nil, err
		}
		key := "survey.open_line"
		if voted {
			key = "survey.open_done"
		}
		lines = append(lines, t.T(key, "Command", t.T("survey.command."+s.Kind), "Code", s.Code, "Title", s.Title,
			"Until", schedules.Deadline(s.ClosesAt, t.Now, t.Unit.Zone, t.Lang)))
	}
	return lines, err
}

// Data implements engine.Personal. Of an anonymous vote there is nothing to
// tell but that the member took part.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	voted, err := votedBy(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	var lines []string
	if len(voted) > 0 {
		lines = append(lines, t.T("survey.data", "N", len(voted)))
	}
	for _, v := range voted {
		line := v.day + " 《" + v.title + "》"
		if v.named != "" {
			var answers []string
			if err := json.Unmarshal([]byte(v.named), &answers); err != nil {
				return nil, fmt.Errorf("named ballot: %w", err)
			}
			line += " " + joined(t, answers)
		}
		lines = append(lines, line)
	}
	n, err := countDrafts(t.Tx, m.ID)
	if n > 0 {
		lines = append(lines, t.T("survey.data_drafts", "N", n))
	}
	return lines, err
}

// Demands implements engine.Demander: votes, surveys and pulses.
func (f *Feature) Demands(t *engine.Turn, from, to string) ([]engine.Demand, error) {
	return roster.Demands(t, `SELECT unit, COUNT(*) FROM survey WHERE unit IN (SELECT id FROM around) AND day >= $2 AND day < $3
		GROUP BY unit`, from, to)
}
