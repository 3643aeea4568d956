// Package misconduct keeps reports of wrongdoing out of the bot: it tells them from other
// texts, names the official channels, and asks where it is in doubt.
//
// Rules:
//   - Of a report nothing is stored or sent. Its author is told the official channels.
//   - What may be one (suspect.go) is asked about before anything is done with it, and
//     meanwhile sealed, for half an hour.
//   - Each feature in which people write freely in confidence has Screen look first.
//
// Command: /举报 /report.
package misconduct

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/keystore"
	"branchbot/store"
)

// Keys keep what is sealed out of reach; package seal implements it.
type Keys interface {
	Make() (string, error)
	Seal(key string, plain []byte) ([]byte, error)
	Open(key string, sealed []byte) ([]byte, error)
	Destroy(key string) error
}

// Taker is a feature that takes a text whose author says that it is no report. ref is what
// it gave to Screen.
type Taker interface {
	TakeAnyway(t *engine.Turn, ref, text string) error
}

// Feature screens what people write.
type Feature struct {
	Keys   Keys
	Takers map[string]Taker // by the name of the feature
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "misconduct" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{{Names: []string{"举报", "report"}, Word: true, Discreet: true, Group: engine.Join, Usage: "misconduct.usage",
		Run: func(t *engine.Turn, _ command.Line) error { return f.channels(t) }}}
}

// channels names the official channels. Not even that somebody asked is kept.
func (f *Feature) channels(t *engine.Turn) error {
	return f.Whisper(t, chat.Text(t.T("misconduct.channels")))
}

// Screen has a text of the sender taken, unless it is a report or may be one. taker is the
// feature that takes it, also after a question; then ref tells it what for.
func (f *Feature) Screen(t *engine.Turn, text, taker, ref string, take func() error) error {
	switch Suspect(text) {
	case Report:
		t.Confide()
		return f.channels(t)
	case Doubtful:
		t.Confide()
		return f.ask(t, held{Member: t.Member.ID, Unit: t.Unit.ID, Taker: taker, Ref: ref, Text: text})
	}
	return take()
}

// Listen implements engine.Listener: who reports something without a command
// is told the same. An answer to a question about bribes is no report.
func (f *Feature) Listen(t *engine.Turn) (func() error, error) {
	if Suspect(t.Event.Text) != Report {
		return nil, nil
	}
	if is, err := answers(t); is || err != nil {
		return nil, err
	}
	t.Confide()
	return func() error { return f.channels(t) }, nil
}

// answers tells whether the message is surely an answer to something that is
// open. To a question that takes any text it is one only by number or by 答.
func answers(t *engine.Turn) (bool, error) {
	open, err := t.OpenPrompts("")
	if err != nil {
		return false, err
	}
	r := command.Read(t.Event.Text)
	r.Addressed = true
	for _, p := range open {
		if p.Want.Kind == command.Blank && r.Code != p.Code && !strings.HasPrefix(r.Text, "答") {
			continue
		}
		if _, v := r.Match(p.Want); v == command.OK {
			return true, nil
		}
	}
	return false, nil
}

// held is what somebody has written and is asked about.
type held struct {
	Member int64  `json:"member"`
	Unit   string `json:"unit"`
	Taker  string `json:"taker"`
	Ref    string `json:"ref"`
	Text   string `json:"text"`
}

// heldFor is how long the answer is waited for. Then nobody can read the text any more.
const heldFor = 30 * time.Minute

// ask asks whether a text is a report. Until the answer the text is kept sealed,
// and so is whose it is.
func (f *Feature) ask(t *engine.Turn, h held) error {
	key, err := f.Keys.Make()
	if err != nil {
		return err
	}
	plain, err := json.Marshal(h)
	if err != nil {
		return err
	}
	body, err := f.Keys.Seal(key, plain)
	if err != nil {
		return err
	}
	if err := f.ForgetAt(t, key, t.Now.Add(heldFor)); err != nil {
		return err
	}
	var id int64
	if err := t.Tx.QueryRow(`INSERT INTO suggestion_held (seal, body) VALUES ($1, $2) RETURNING id`, key, body).Scan(&id); err != nil {
		return err
	}
	m := chat.Text(t.T("misconduct.ask"))
	m.Buttons = [][]chat.Button{{
		{Label: t.T("misconduct.ask_report"), Data: fmt.Sprintf("misconduct:report:%d", id)},
		{Label: t.T("misconduct.ask_no"), Data: fmt.Sprintf("misconduct:submit:%d", id)},
	}}
	return f.Whisper(t, m)
}

// Press implements engine.Presser: the answer to ask.
func (f *Feature) Press(t *engine.Turn, data string) error {
	verb, number, _ := strings.Cut(data, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return engine.Complain("engine.old_button")
	}
	h, key, err := f.heldText(t.Tx, id)
	if err != nil {
		return err
	}
	if h == nil || t.Member == nil || h.Member != t.Member.ID {
		return engine.Complain("engine.old_button")
	}
	t.Confide()
	if err := t.Cancel(forgetKey(key)); err != nil {
		return err
	}
	if err := f.ForgetAt(t, key, t.Now); err != nil {
		return err
	}
	if _, err := t.Tx.Exec(`DELETE FROM suggestion_held WHERE id = $1`, id); err != nil {
		return err
	}
	if verb != "submit" {
		return f.channels(t)
	}
	if err := t.Enter(h.Unit); err != nil {
		return err
	}
	taker := f.Takers[h.Taker]
	if taker == nil {
		return fmt.Errorf("a text in doubt: there is no taker %q", h.Taker)
	}
	return taker.TakeAnyway(t, h.Ref, h.Text)
}

// heldText is nil when it is gone.
func (f *Feature) heldText(tx *store.Tx, id int64) (*held, string, error) {
	var key string
	var body []byte
	err := tx.QueryRow(`SELECT seal, body FROM suggestion_held WHERE id = $1`, id).Scan(&key, &body)
	if errors.Is(err, store.ErrNoRows) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	plain, err := f.Keys.Open(key, body)
	if errors.Is(err, keystore.ErrGone) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	h := &held{}
	return h, key, json.Unmarshal(plain, h)
}

// WhisperFor is how long the words of Whisper can be read.
const WhisperFor = time.Hour

// Whisper answers the sender so that what it says is soon read by nobody else.
func (f *Feature) Whisper(t *engine.Turn, m chat.Message) error {
	key, err := f.Keys.Make()
	if err != nil {
		return err
	}
	if err := f.ForgetAt(t, key, t.Now.Add(WhisperFor)); err != nil {
		return err
	}
	return t.Sealed(key, func() error { return t.TellSender(m) })
}

// ForgetAt has a key destroyed.
func (f *Feature) ForgetAt(t *engine.Turn, key string, at time.Time) error {
	return t.At(at, "misconduct", "forget", key, forgetKey(key))
}

func forgetKey(key string) string { return "misconduct:forget:" + key }

// Timer implements engine.Timed: it is time to Forget a key.
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error { return f.Forget(t, tm.Ref) }

// Forget destroys a key and empties the journal.
func (f *Feature) Forget(t *engine.Turn, key string) error {
	if _, err := t.Tx.Exec(`DELETE FROM suggestion_held WHERE seal = $1`, key); err != nil {
		return err
	}
	if err := f.Keys.Destroy(key); err != nil {
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
