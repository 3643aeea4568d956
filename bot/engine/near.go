package engine

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/locale"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// What could be an answer and is no clear one is asked about, in private: once a
// person and item. Of what was said nothing is kept, but who was asked about what, until
// that closes.
//
// A word that is ordinary talk as well (好的, 1) counts only near its question: within
// nearFor of its post or a reminder, and with no talk of others in between. When talk was
// last heard is known to the memory of the process alone.

// nearFor is how long a weak word is near a question that was posted.
const nearFor = 10 * time.Minute

// closeness is how near a message is to the post of a prompt.
type closeness int

const (
	farOff  closeness = iota // there was talk in between
	longAgo                  // there was none, but it is not just there
	closeBy
	notKnown // it was posted before this process could hear the chat
)

func (t *Turn) closeness(p Prompt) closeness {
	e := t.work.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	at := p.OpenedAt
	if last := e.posted[p.ID]; last.After(at) {
		at = last
	}
	switch {
	case e.talk[heard{p.ID, t.Event.Chat}].before(t.number):
		return farOff
	case t.When.Sub(at) > nearFor && at.Before(e.started):
		return farOff // for all that is known
	case t.When.Sub(at) > nearFor:
		return longAgo
	case at.Before(e.started):
		return notKnown
	}
	return closeBy
}

// heard is a prompt in one of the chats where it is open.
type heard struct {
	prompt int64
	chat   chat.ChatID
}

// talk is that somebody talked: the numbers of the first and the last event that was talk,
// since events of a batch may be handled again, after later ones.
type talk struct{ first, last int64 }

func (k talk) before(number int64) bool { return k.first != 0 && k.first < number }

// put notes that a prompt was posted, or reminded of, by an event of a number.
func (e *Engine) put(prompt int64, in chat.ChatID, at time.Time, number int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.posted[prompt] = at
	if k := e.talk[heard{prompt, in}]; number > 0 && k.last > number { // a timer comes after all of them
		e.talk[heard{prompt, in}] = talk{k.last, k.last}
	} else {
		delete(e.talk, heard{prompt, in})
	}
	if len(e.posted) > 20_000 { // of prompts that have closed, mostly
		maps.DeleteFunc(e.posted, func(_ int64, last time.Time) bool { return at.Sub(last) > nearFor })
	}
}

// talked notes that an event was talk while prompts were open.
func (e *Engine) talked(open []Prompt, in chat.ChatID, number int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range open {
		k := e.talk[heard{open[i].ID, in}]
		if k.first == 0 || number < k.first {
			k.first = number
		}
		k.last = max(k.last, number)
		e.talk[heard{open[i].ID, in}] = k
	}
	if len(e.talk) > 50_000 { // of prompts that have closed, mostly
		clear(e.talk)
		e.started = e.DB.Now() // what was said is not known any more
	}
}

// number gives the events of a request their numbers.
func (e *Engine) number(batch []*request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range batch {
		r.first = e.events + 1
		e.events += int64(len(r.events))
	}
}

const (
	askedKind = "asked"         // of timers that name who could not be asked in private; ref is the prompt
	askAfter  = 3 * time.Minute // how long it is waited for more of them
	askBudget = 4               // questions to a person in askEvery
	askEvery  = time.Hour
)

// ask asks the sender what is meant; nil when he was asked before, or too often.
func (t *Turn) ask(about []candidate) (func() error, error) {
	if t.Member == nil || t.Event.Edited {
		return nil, nil
	}
	about, err := t.open(about)
	if err != nil || len(about) == 0 {
		return nil, err
	}
	t.discreet = true // nothing is kept of what was said
	if t.Event.Private {
		return func() error { return t.Reply(t.question(about)) }, nil
	}
	asked, err := askedOf(t.Tx, t.Member.ID)
	if err != nil {
		return nil, err
	}
	about = slices.DeleteFunc(about, func(c candidate) bool { return asked[c.prompt.ID] })
	if len(about) == 0 || !t.mayAsk() {
		return nil, nil
	}
	for _, c := range about {
		t.involved = append(t.involved, c.prompt.Unit)
	}
	return func() error {
		reached, err := t.Tell(t.Member, t.question(about))
		if err != nil {
			return err
		}
		named := 0
		if reached {
			named = 1
		}
		for _, c := range about {
			_, err := t.Tx.Exec(`INSERT INTO asked (prompt, member, at, named) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
				c.prompt.ID, t.Member.ID, t.Tx.Millis(), named)
			if err != nil {
				return fmt.Errorf("note who was asked: %w", err)
			}
		}
		if reached {
			return nil
		}
		p := about[0].prompt
		return t.At(t.Now.Add(askAfter), p.Feature, askedKind, t.Unit.ID, askedKind+":"+t.Unit.ID)
	}, nil
}

// open leaves out what the sender has answered already.
func (t *Turn) open(about []candidate) ([]candidate, error) {
	var left []candidate
	for _, c := range about {
		if f, ok := t.work.engine.owners[c.prompt.Feature].(Awaiter); ok {
			if yes, err := f.Awaits(t, c.prompt); err != nil {
				return nil, err
			} else if c.done(yes) {
				continue
			}
		}
		left = append(left, c)
	}
	return left, nil
}

// mayAsk keeps to the budget of a person.
func (t *Turn) mayAsk() bool {
	for n := range askBudget {
		if t.work.once(t.cause, fmt.Sprintf("ask:%d:%d", t.Member.ID, n), askEvery) {
			return true
		}
	}
	return false
}

// question asks whether, or which of several, is meant.
func (t *Turn) question(about []candidate) chat.Message {
	lang := t.Lang
	say := func(key string, args ...any) string { return locale.Text(lang, key, args...) }
	if len(about) == 1 {
		c := about[0]
		kind := string(c.prompt.Want.Kind)
		word := t.wordOf(c)
		if word == "" {
			return chat.Text(say("engine.unclear") + say("engine.malformed."+kind, "Code", c.prompt.Code))
		}
		key := "engine.near." + kind
		if c.answer.Value == "withdraw" {
			key = "engine.near.withdraw"
		}
		if !wordy(about) {
			key = "engine.near.answer"
		}
		m := chat.Text(say(key, "Code", c.prompt.Code, "Word", t.label(c)))
		m.Buttons = [][]chat.Button{{{Label: t.label(c), Data: PressData(c.prompt, word)}}}
		return m
	}
	m := chat.Text(say("engine.near.which"))
	for _, c := range about[:min(len(about), 6)] {
		if word := t.wordOf(c); word != "" {
			m.Buttons = append(m.Buttons, []chat.Button{{Label: say("engine.near.choice", "Code", c.prompt.Code, "Word", t.label(c)), Data: PressData(c.prompt, word)}})
		}
	}
	return m
}

// wordOf is what a button sends for an answer; "" when that is not known.
func (t *Turn) wordOf(c candidate) string {
	a := c.answer
	switch c.prompt.Want.Kind {
	case command.Acknowledge, command.CheckIn, command.Done:
		words := map[command.Kind][2]string{command.Acknowledge: {"收到", "撤回收到"}, command.CheckIn: {"签到", "取消签到"}, command.Done: {"已学", "取消已学"}}
		switch a.Value {
		case "withdraw":
			return words[c.prompt.Want.Kind][1]
		case "leave":
			return "请假"
		}
		return words[c.prompt.Want.Kind][0]
	case command.Join:
		if a.Value == "withdraw" {
			return "-1"
		}
		return fmt.Sprintf("+%d", max(a.Count, 1))
	}
	return a.Value
}

// label is what stands on the button.
func (t *Turn) label(c candidate) string {
	word := t.wordOf(c)
	switch {
	case c.answer.Value == "true" || c.answer.Value == "false":
		return t.T("quiz." + c.answer.Value)
	case wordy([]candidate{c}) && t.Lang != "zh-CN":
		return t.T("engine.near.yes")
	}
	return word
}

// nameAsked asks those in the group, in one line, who could not be asked in private.
// Nobody is named twice for one item.
func (t *Turn) nameAsked(tm Timer) error {
	u, err := t.Directory().Unit(t.Tx, tm.Ref)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	rows, err := t.Tx.Query(`SELECT DISTINCT m.id, m.name FROM asked a JOIN prompt p ON p.id = a.prompt JOIN member m ON m.id = a.member
		WHERE p.unit = $1 AND p.closed_at IS NULL AND a.named = 0 AND m.left_at IS NULL ORDER BY m.id`, u.ID)
	if err != nil {
		return fmt.Errorf("read who was not asked: %w", err)
	}
	var names []string
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			rows.Close()
			return err
		}
		names = append(names, name)
	}
	if err := rows.Close(); err != nil || len(names) == 0 {
		return err
	}
	_, err = t.Tx.Exec(`UPDATE asked SET named = 1 WHERE prompt IN (SELECT id FROM prompt WHERE unit = $1 AND closed_at IS NULL)`, u.ID)
	if err != nil {
		return err
	}
	_, err = t.Post(Post{Class: outbox.Digest, Message: chat.Text(t.T("engine.near.group", "Names", strings.Join(names, t.T("engine.list_comma"))))})
	return err
}

// askedOf are the prompts about which a member was asked.
func askedOf(tx *store.Tx, member int64) (map[int64]bool, error) {
	return ids(tx, `SELECT prompt FROM asked WHERE member = $1`, member)
}

// Asked are the members who were asked about a prompt, and have not answered since.
func (t *Turn) Asked(prompt int64) (map[int64]bool, error) {
	return ids(t.Tx, `SELECT member FROM asked WHERE prompt = $1`, prompt)
}

func ids(tx *store.Tx, query string, arg int64) (map[int64]bool, error) {
	rows, err := tx.Query(query, arg)
	if err != nil {
		return nil, fmt.Errorf("read who was asked: %w", err)
	}
	defer rows.Close()
	out := map[int64]bool{}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out[id] = true
	}
	return out, rows.Err()
}

// AskedAbout are the short codes of the open items about which a member was asked.
func AskedAbout(tx *store.Tx, member int64) (codes []string, err error) {
	rows, err := tx.Query(`SELECT p.code FROM asked a JOIN prompt p ON p.id = a.prompt WHERE a.member = $1 ORDER BY p.id`, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var code int
		if err := rows.Scan(&code); err != nil {
			return nil, err
		}
		codes = append(codes, strconv.Itoa(code))
	}
	return codes, rows.Err()
}

// forgetAsked forgets who was asked about a prompt that closes, once the list of those
// who are missing is made.
func (t *Turn) forgetAsked(prompt int64) error {
	tx := t.Tx
	tx.BeforeCommit(func() error {
		_, err := tx.Exec(`DELETE FROM asked WHERE prompt = $1`, prompt)
		return err
	})
	return nil
}
