package web

import (
	"encoding/hex"
	"fmt"
	"net/http"

	"branchbot/bot/engine"
	"branchbot/bot/points"
	"branchbot/store"
)

// The ledger: entries with their cause, points given and taken back by hand, and
// the chain verified.
var (
	ledgerPage = page{path: "ledger", title: "console.title.ledger", role: engine.Secretary, nav: true, view: "ledger",
		get: showLedger, post: changeLedger, pulse: ledgerPulse}
	ledgerExport = page{path: "ledger/export", title: "console.title.ledger", role: engine.Secretary, get: exportLedger}
)

// ledgerPulse is the length of the chain: it only grows.
func ledgerPulse(_ *Server, tx *store.Tx, unit string) (string, error) {
	n, _, err := points.Chosen(tx, unit, points.Filter{})
	return fmt.Sprint(n), err
}

// entries is what the page shows.
type entries struct {
	Rows     []points.Row
	Paging   Paging
	More     bool // there are more than are counted
	Filter   points.Filter
	Rules    [][2]string // id, name
	Verified *points.Verified
	Head     string // of the verified chain, in hexadecimal
}

func showLedger(r *Request) error { return r.entries(entries{}) }

func (r *Request) entries(d entries) error {
	q := r.URL.Query()
	d.Filter = points.Filter{Member: r.Query()}
	for _, id := range feature[*points.Feature](r.server).RulesOf() {
		d.Rules = append(d.Rules, [2]string{id, points.RuleName(r.Lang, id)})
		if id == q.Get("rule") {
			d.Filter.Rule = id
		}
	}
	if q.Get("from") != "" || q.Get("to") != "" {
		d.Filter.From, d.Filter.To = r.days()
	}
	n, more, err := points.Chosen(r.Tx, r.Unit.ID, d.Filter)
	if err != nil {
		return err
	}
	d.More = more
	d.Paging = r.Paging(n)
	if d.Rows, err = points.Rows(r.Tx, r.Unit.ID, d.Filter, d.Paging.Size, d.Paging.Offset()); err != nil {
		return err
	}
	return r.Show(d)
}

// Rule is the name of a rule.
func (r *Request) Rule(id string) string { return points.RuleName(r.Lang, id) }

func changeLedger(r *Request) error {
	switch r.Field("do") {
	case "award":
		return r.Command("", "ledger", "/加分", oneWord(r.Field("who")), oneWord(r.Field("points")), r.line("reason"))
	case "revoke":
		seq := oneWord(r.Field("seq"))
		return r.Command(seq, "ledger", "/撤销", seq, r.line("reason"))
	case "verify":
		return r.verify()
	}
	return complain(http.StatusBadRequest, "console.old_form")
}

// verify re-computes the chain and tells its head.
func (r *Request) verify() error {
	if err := r.Audit("verify", ""); err != nil {
		return err
	}
	return r.Again(func(r *Request) error {
		v, err := points.VerifyUnit(r.Tx, r.Unit.ID)
		if err != nil {
			return err
		}
		return r.entries(entries{Verified: v, Head: hex.EncodeToString(v.Head)})
	})
}

func exportLedger(r *Request) error {
	ending, kind := ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	if r.URL.Query().Get("type") == "csv" {
		ending, kind = ".csv", "text/csv; charset=utf-8"
	}
	data, err := points.Export(r.Tx, r.Unit.ID, "ledger"+ending, r.Lang)
	if err != nil {
		return err
	}
	w, err := r.Export("ledger", "", r.Unit.Name+"-"+r.T("console.title.ledger")+ending, kind)
	if err != nil {
		return err
	}
	_, _ = w.Write(data) // or the browser went away
	return nil
}
