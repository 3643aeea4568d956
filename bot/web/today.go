package web

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/store"
)

// The page today is what a secretary looks at first: what is open and who is missing, what
// was pushed, and what features add as parts: what failed, what comes next.

// today is what the page shows.
type today struct {
	Open   []engine.OpenItem
	Pushed []engine.OpenItem
}

func showToday(r *Request) (err error) {
	var d today
	if d.Open, err = r.server.Engine.OpenItems(r.Tx, r.Unit.ID, time.Time{}); err != nil {
		return err
	}
	if d.Pushed, err = r.server.Engine.OpenItems(r.Tx, r.Unit.ID, r.Midnight()); err != nil {
		return err
	}
	for _, list := range [][]engine.OpenItem{d.Open, d.Pushed} {
		for i := range list {
			list[i].Title = chat.CleanName(Shorten(list[i].Title, 60))
		}
	}
	return r.Show(d)
}

// Can tells what a secretary can do about an open item, by its feature: missing (who has
// not answered yet), remind, close.
func (r *Request) Can(it engine.OpenItem) []string { return r.server.Engine.ItemActs(it.Feature) }

// Midnight is when the unit's day began.
func (r *Request) Midnight() time.Time {
	y, m, d := r.Now.In(r.Unit.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, r.Unit.Zone)
}

// Shorten cuts a text to so many letters.
func Shorten(text string, most int) string {
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return text
}

// changeToday runs the command that a button beside an open item stands for, or what a part
// of the page wants.
func changeToday(r *Request) error {
	if did, err := r.PostPart("today"); did || err != nil {
		return err
	}
	if line := r.server.Engine.ItemCommand(r.Field("feature"), r.Field("do"), OneWord(r.Field("code"))); line != "" {
		return r.Command(r.Field("code"), "today", line)
	}
	return UserError(http.StatusBadRequest, "console.old_form")
}

// todayPulse changes when something is opened, answered or closed, and with the parts.
func (s *Server) todayPulse(tx *store.Tx, unit string) (string, error) {
	open, err := s.Engine.OpenItems(tx, unit, time.Time{})
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, it := range open {
		fmt.Fprintln(h, it.Feature, it.ID, it.Done, it.Due)
	}
	parts, err := s.pulseOf("today", tx, unit)
	return fmt.Sprintf("%x %s", h.Sum(nil)[:8], parts), err
}
