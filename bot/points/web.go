package points

import (
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/bot/web"
	"branchbot/store"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Pages implements web.Paged: entries with their cause, points given and taken back by hand,
// and the chain verified.
func (f *Feature) Pages() []web.Page {
	return []web.Page{
		{Path: "ledger", Title: "ledger.page.title", Role: engine.Secretary, Nav: web.Nav{Group: web.People, Order: 40}, View: views.Of("ledger"),
			Get: f.showLedger, Post: f.changeLedger, Pulse: ledgerPulse},
		{Path: "ledger/export", Title: "ledger.page.file", Role: engine.Secretary, Get: exportLedger, Tells: web.TellsOfAll},
	}
}

// ledgerPulse is the length of the chain: it only grows.
func ledgerPulse(tx *store.Tx, unit string) (string, error) {
	n, _, err := Chosen(tx, unit, Filter{})
	return fmt.Sprint(n), err
}

// entries is what the page shows.
type entries struct {
	lang     string
	Rows     []Row
	Paging   web.Paging
	More     bool // there are more than are counted
	Filter   Filter
	Rules    [][2]string // id, name
	Verified *Verified
	Head     string // of the verified chain, in hexadecimal
}

func (f *Feature) showLedger(r *web.Request) error { return f.entries(r, entries{}) }

func (f *Feature) entries(r *web.Request, d entries) error {
	d.lang = r.Lang
	q := r.URL.Query()
	d.Filter = Filter{Member: r.Query()}
	for _, id := range f.RulesOf() {
		d.Rules = append(d.Rules, [2]string{id, RuleName(r.Lang, id)})
		if id == q.Get("rule") {
			d.Filter.Rule = id
		}
	}
	if q.Get("from") != "" || q.Get("to") != "" {
		d.Filter.From, d.Filter.To = r.Days()
	}
	n, more, err := Chosen(r.Tx, r.Unit.ID, d.Filter)
	if err != nil {
		return err
	}
	d.More = more
	d.Paging = r.Paging(n)
	if d.Rows, err = Rows(r.Tx, r.Unit.ID, d.Filter, d.Paging.Size, d.Paging.Offset()); err != nil {
		return err
	}
	return r.Show(d)
}

func (f *Feature) changeLedger(r *web.Request) error {
	switch r.Field("do") {
	case "award":
		return r.Command("", "ledger", "/加分", web.OneWord(r.Field("who")), web.OneWord(r.Field("points")), r.Line("reason"))
	case "revoke":
		seq := web.OneWord(r.Field("seq"))
		return r.Command(seq, "ledger", "/撤销", seq, r.Line("reason"))
	case "verify":
		return f.verify(r)
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}

// verify re-computes the chain and tells its head.
func (f *Feature) verify(r *web.Request) error {
	if err := r.Audit("verify", ""); err != nil {
		return err
	}
	return r.Again(func(r *web.Request) error {
		v, err := VerifyUnit(r.Tx, r.Unit.ID)
		if err != nil {
			return err
		}
		return f.entries(r, entries{Verified: v, Head: hex.EncodeToString(v.Head)})
	})
}

func exportLedger(r *web.Request) error {
	ending, kind := ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	if r.URL.Query().Get("type") == "csv" {
		ending, kind = ".csv", "text/csv; charset=utf-8"
	}
	data, err := Export(r.Tx, r.Unit.ID, "ledger"+ending, r.Lang)
	if err != nil {
		return err
	}
	return r.Export("", r.Unit.Name+"-"+r.T("ledger.page.title")+ending, kind, data)
}

// RuleName is the name of a rule.
func (d entries) RuleName(id string) string { return RuleName(d.lang, id) }

// Parts implements web.Partner: the member's points on their own page and in what they can
// download, and whether they stand on the board.
func (f *Feature) Parts() []web.Part {
	return []web.Part{
		{Of: "me", View: views.Of("me"), Data: f.mine},
		{Of: "me/choices", View: views.Of("choice"), Data: func(*web.Request) (any, error) { return struct{ Listed bool }{f.Board()}, nil },
			Post: map[string]func(*web.Request) error{"board": func(r *web.Request) error {
				return r.Mine("", engine.Act{Line: "/排行 " + web.OneWord(r.Field("board"))})
			}}},
		{Of: "mydata", View: views.Of("mydata"), Data: func(r *web.Request) (any, error) {
			all, err := f.ownEntries(r, 1<<20)
			return named(r.Lang, all), err
		}},
	}
}

// earned is an entry of the ledger with its rule's name and what it was for.
type earned struct {
	Entry
	RuleName, For string
}

func named(lang string, entries []Entry) []earned {
	all := make([]earned, len(entries))
	for i, e := range entries {
		all[i] = earned{e, RuleName(lang, e.Rule), e.Note}
	}
	return all
}

// ownUnits are those in whose chains the member can have entries.
func (f *Feature) ownUnits(t *engine.Turn) ([]*engine.Unit, error) {
	stays, err := roster.StaysOf(t.Tx, t.Member.ID, time.Time{}, t.Now.Add(time.Hour))
	if err != nil {
		return nil, err
	}
	var units []*engine.Unit
	for _, s := range stays {
		line, err := t.Directory().Line(t.Tx, s.Unit)
		if err != nil {
			return nil, err
		}
		for _, u := range line {
			if !slices.ContainsFunc(units, func(o *engine.Unit) bool { return o.ID == u.ID }) {
				units = append(units, u)
			}
		}
	}
	return units, nil
}

// ownEntries are the member's last entries, wherever they have belonged.
func (f *Feature) ownEntries(r *web.Request, most int) ([]Entry, error) {
	units, err := f.ownUnits(r.Turn())
	if err != nil {
		return nil, err
	}
	return Last(r.Tx, units, r.Member.ID, most)
}

// mine is the member's balance with their entries.
func (f *Feature) mine(r *web.Request) (any, error) {
	d := struct {
		Points  int64
		Entries []earned
		Paging  web.Paging
	}{}
	var err error
	if d.Points, err = Balance(r.Tx, r.Member.ID); err != nil {
		return nil, err
	}
	units, err := f.ownUnits(r.Turn())
	if err != nil {
		return nil, err
	}
	n, err := CountOf(r.Tx, units, r.Member.ID)
	if err != nil {
		return nil, err
	}
	d.Paging = r.Paging(n)
	last, err := Last(r.Tx, units, r.Member.ID, d.Paging.Offset()+d.Paging.Size)
	if err != nil {
		return nil, err
	}
	d.Entries = named(r.Lang, last[min(d.Paging.Offset(), len(last)):])
	known := map[string]string{}
	for i := range d.Entries {
		e := &d.Entries[i]
		if e.For != "" || e.Cause == "" {
			continue
		}
		title, ok := known[e.Cause]
		if !ok {
			if title, err = f.causeTitle(r, e.Cause); err != nil {
				return nil, err
			}
			known[e.Cause] = title
		}
		e.For = title
	}
	return d, nil
}

// causeTitle is what the cause of an entry was: a question, a check-in …; "" for others.
func (f *Feature) causeTitle(r *web.Request, cause string) (string, error) {
	for _, feature := range r.Turn().Engine().Features {
		c, ok := feature.(Causer)
		if !ok {
			continue
		}
		for _, of := range c.Causes() {
			text, is := strings.CutPrefix(cause, of.Item)
			id, err := strconv.ParseInt(text, 10, 64)
			if !is || err != nil || of.Title == nil {
				continue
			}
			title, err := of.Title(r.Tx, id)
			return chat.CleanName(web.Shorten(title, 60)), err
		}
	}
	return "", nil
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{
		{Name: "ledger", Read: func(t *engine.Turn) (any, error) {
			units, err := f.ownUnits(t)
			if err != nil {
				return nil, err
			}
			return Last(t.Tx, units, t.Member.ID, 1<<20)
		}},
		{Name: "ledger_sum", LeftOut: "the sum of the ledger"},
	}
}

// Media implements engine.MediaMaker: ledger:UNIT.xlsx.
func (f *Feature) Media() map[string]engine.MakeMedia {
	return map[string]engine.MakeMedia{"ledger": func(tx *store.Tx, d engine.Directory, name string) ([]byte, string, error) {
		unit, _, _ := strings.Cut(name, ".")
		u, err := d.Unit(tx, unit)
		if err != nil {
			return nil, "", fmt.Errorf("ledger of %s: %w", unit, err)
		}
		data, err := Export(tx, unit, name, u.Language)
		return data, engine.TableType(name), err
	}}
}
