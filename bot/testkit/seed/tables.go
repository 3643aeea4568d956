package seed

import (
	"branchbot/bot/points"
	"branchbot/store"
)

// tables are what is written, in an order in which rows refer to earlier ones.
type tables struct {
	unit, member, stay, role, chat, prompt                    *store.Bulk
	lesson, done, round, answer, checkin, entry               *store.Bulk
	notice, target, reader, leave, shift, signup, signupEntry *store.Bulk
	honour, suggestion, schedule, occurrence, ledger, balance *store.Bulk
}

func (f *filler) open(tx *store.Tx) {
	f.tx = tx
	f.out = tables{}
	o := &f.out
	o.unit = tx.Bulk("unit", "id", "parent", "kind", "name", "zone", "language", "code_next")
	o.member = tx.Bulk("member", "id", "unit", "staff", "name", "status", "joined_on", "phone").After(o.unit)
	o.stay = tx.Bulk("stay", "member", "from_at", "unit").After(o.member)
	o.role = tx.Bulk("role", "member", "unit", "role", "granted_by", "granted_at").After(o.member)
	o.chat = tx.Bulk("chat", "account", "chat", "unit", "title", "bound_at").After(o.unit)
	o.prompt = tx.Bulk("prompt", "id", "unit", "feature", "ref", "code", "want", "opened_at", "closed_at").After(o.unit)
	o.lesson = tx.Bulk("lesson_push", "id", "unit", "lesson", "title", "series", "prompt", "day", "pushed_at").After(o.unit)
	o.done = tx.Bulk("lesson_done", "push", "member", "at").After(o.lesson)
	o.round = tx.Bulk("round", "id", "unit", "pool", "question", "content", "prompt", "code", "day", "opened_at", "closes_at", "closed_at").After(o.unit)
	o.answer = tx.Bulk("answer", "round", "member", "value", "at")
	o.checkin = tx.Bulk("checkin", "id", "unit", "title", "prompt", "code", "day", "opened_at", "closes_at", "closed_at").After(o.unit)
	o.entry = tx.Bulk("checkin_entry", "checkin", "member", "state", "at", "reason", "entered_by")
	o.notice = tx.Bulk("notice", "id", "unit", "author", "text", "files", "ack", "urgent", "relayed", "units", "closes_at", "state", "created_at").After(o.unit)
	o.target = tx.Bulk("notice_target", "notice", "unit", "year", "seq", "day", "prompt", "code", "due", "done", "chats", "closed_at").After(o.notice)
	o.reader = tx.Bulk("notice_reader", "notice", "member", "unit", "acked_at")
	o.leave = tx.Bulk("leave", "id", "member", "from_at", "to_at", "reason", "entered_by", "created_at").After(o.member)
	o.shift = tx.Bulk("shift", "member", "starts_on", "ends_on", "pattern", "entered_by", "entered_at").After(o.member)
	o.signup = tx.Bulk("signup", "id", "unit", "title", "places", "prompt", "code", "opened_at", "closes_at", "closed_at").After(o.unit)
	o.signupEntry = tx.Bulk("signup_entry", "id", "signup", "member", "name", "people", "waiting", "brought", "at").After(o.signup)
	o.honour = tx.Bulk("honour", "id", "unit", "member", "title", "reason", "day", "given_by", "given_at", "consent").After(o.member)
	o.suggestion = tx.Bulk("suggestion", "id", "unit", "kind", "year", "number", "member", "code", "body", "state", "answer", "due_day", "day").After(o.unit)
	o.schedule = tx.Bulk("schedule", "id", "unit", "cron", "zone", "action", "args", "misfire", "origin", "handled").After(o.unit)
	o.occurrence = tx.Bulk("occurrence", "id", "schedule", "slot", "due_at", "state", "at").After(o.schedule)
	o.ledger = tx.Bulk("ledger", points.Columns...)
	o.balance = tx.Bulk("ledger_sum", "period", "member", "rule", "points")
}

func (f *filler) flush() error {
	o := &f.out
	for _, b := range []*store.Bulk{o.unit, o.member, o.stay, o.role, o.chat, o.prompt, o.lesson, o.done, o.round, o.answer, o.checkin, o.entry,
		o.notice, o.target, o.reader, o.leave, o.shift, o.signup, o.signupEntry, o.honour, o.suggestion, o.schedule, o.occurrence, o.ledger, o.balance} {
		if err := b.Flush(); err != nil {
			return err
		}
	}
	return nil
}
