package web

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// The page accounts shows how the bot's accounts do. Whoever scans the code of one
// can give the account away, so the top unit's secretaries alone see codes.

// account is one login of the bot.
type account struct {
	ID      chat.AccountID
	State   chat.State
	Counts  map[outbox.State]int
	Left    int  // messages that it may still send today
	Counted bool // whether that is counted
	ByPhone bool // it is logged in with a phone
	Code    template.URL
	Owner   *store.Holding // the process that has it; nil with SQLite, and while none has
	Here    bool           // this process has it
}

// accounts is what the page shows.
type accounts struct {
	All       []account
	Processes []process // that share the work; none with SQLite
}

// process is one of several that share the work.
type process struct {
	store.Peer
	Roles []string
}

// Waiting are the letters that are still to be sent.
func (a account) Waiting() int { return a.Counts[outbox.Pending] + a.Counts[outbox.Sending] }

// Failed are those that were not sent, or may not have arrived.
func (a account) Failed() int { return a.Counts[outbox.Dead] + a.Counts[outbox.Uncertain] }

// Why tells why it does not work as it should.
func (r *Request) Why(reason chat.Reason) string {
	return strings.TrimLeft(r.T("desk.reason."+string(reason)), "。. ") // it stands behind a sentence in /状态
}

// Ask is what the button says that asks for a login.
func (a account) Ask() string {
	switch {
	case a.State.Condition == chat.Banned:
		return "login.again"
	case a.Other():
		return "login.same"
	}
	return "console.accounts.renew"
}

// Other tells whether somebody has scanned with another account than before.
func (a account) Other() bool { return a.State.Reason == chat.OtherAccount }

// Sent are those that have arrived.
func (a account) Sent() int { return a.Counts[outbox.Sent] }

func showAccounts(r *Request) error {
	s := r.server
	states := s.Engine.States()
	peers, roles, err := s.DB.Shared()
	if err != nil {
		return err
	}
	var all accounts
	for _, id := range slices.Sorted(maps.Keys(states)) {
		a := account{ID: id, State: states[id], ByPhone: s.ByPhone(id), Here: s.DB.Holds(outbox.Role(id))}
		if i := slices.IndexFunc(roles, func(h store.Holding) bool { return h.Role == outbox.Role(id) }); i >= 0 {
			a.Owner = &roles[i]
		}
		a.Left, a.Counted = s.Engine.Left(id)
		var err error
		if a.Counts, err = outbox.Counts(r.Tx, id); err != nil {
			return err
		}
		if picture := s.Code(id); picture != nil && r.Top && a.State.Condition != chat.Online {
			a.Code = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(picture))
		}
		all.All = append(all.All, a)
	}
	for _, p := range peers {
		shown := process{Peer: p}
		for _, h := range roles {
			if h.Owner == p.Owner {
				shown.Roles = append(shown.Roles, h.Role)
			}
		}
		all.Processes = append(all.Processes, shown)
	}
	return r.Show(all)
}

// changeAccount asks for a new code to scan, or agrees to another account.
func changeAccount(r *Request) error {
	id := chat.AccountID(r.Field("account"))
	if _, known := r.server.Engine.States()[id]; !known || !r.Top || !r.server.ByPhone(id) {
		return UserError(http.StatusForbidden, "console.accounts.not_yours")
	}
	if !r.server.DB.Holds(outbox.Role(id)) {
		return UserError(http.StatusConflict, "console.accounts.elsewhere")
	}
	change, said := r.server.Renew, "console.accounts.renewed"
	if r.Field("do") == "accept" {
		change, said = r.server.AcceptAccount, "console.accounts.accepted"
	}
	if err := r.Audit("code", string(id)); err != nil {
		return err
	}
	change(id)
	if err := r.Say(said); err != nil {
		return err
	}
	return r.Back("accounts")
}

// accountsPulse changes with the states, the codes and what waits.
func (s *Server) accountsPulse(tx *store.Tx, _ string) (string, error) {
	text := ""
	states := s.Engine.States()
	for _, id := range slices.SortedFunc(maps.Keys(states), cmp.Compare[chat.AccountID]) {
		counts, err := outbox.Counts(tx, id)
		if err != nil {
			return "", err
		}
		text += fmt.Sprint(id, states[id], len(s.Code(id)), counts, s.DB.Holds(outbox.Role(id)))
	}
	for _, h := range s.DB.Elsewhere() {
		text += fmt.Sprint(h.Role, h.Owner)
	}
	return hashOf(text), nil
}
