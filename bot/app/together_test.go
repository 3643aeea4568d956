package app

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/chat"
	"branchbot/store"
)

// What comes in one batch, and is handled side by side, has the effects that it has one
// after the other.
func TestBatchIsAsOneByOne(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			var seen [2]string
			for i := range seen {
				p := newPairIn(t, store.Options{Now: func() time.Time { return time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC) }})
				p.play(seed, i == 0)
				p.fits()
				seen[i] = p.all()
			}
			if diff := cmp.Diff(seen[1], seen[0]); diff != "" {
				t.Errorf("(-one by one +in batches)\n%s", diff)
			}
			if strings.Count(seen[0], "\nquiz-answered") < 20 || strings.Count(seen[0], "\nread") < 5 {
				t.Errorf("too little has happened:\n%s", seen[0])
			}
		})
	}
}

// play has crowds answer. What changes things for several chats comes alone, since the
// order between chats is open.
func (p *pair) play(seed uint64, batches bool) {
	rng := rand.New(rand.NewPCG(seed, 7))
	key := 0
	event := func(who, in, text string) chat.Event {
		key++
		ev := chat.Event{Key: fmt.Sprint("e", key), Kind: chat.Said, Chat: chat.ChatID(in), From: chat.User{ID: chat.UserID(who), Name: "群友" + who},
			Text: text, Message: chat.MessageID(fmt.Sprint(key))}
		if in == "" {
			ev.Chat, ev.Private = chat.ChatID("dm:"+who), true
		}
		return ev
	}
	handle := func(events ...chat.Event) {
		if batches {
			if err := p.bots[0].engine.Handle("acc", "", events...); err != nil {
				p.Fatal(err)
			}
			return
		}
		for _, ev := range events {
			if err := p.bots[0].engine.Handle("acc", "", ev); err != nil {
				p.Fatal(err)
			}
		}
	}
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	for range 20 {
		switch rng.IntN(4) {
		case 0:
			command := pick("/出题 org-001", "/结束", "/通知 回执 下级 请各支部报数")
			handle(event("c0", "c", command))
			if strings.HasPrefix(command, "/通知") {
				p.confirms(0, "c0", "请各支部报数")
			}
		case 1:
			handle(event("x0", "x", pick("/出题 org-001", "/出题 org-002", "/签到", "/通知 回执 明天开会", "/结束")))
			handle(event("y0", "y", pick("/出题 org-001", "/接龙 春游", "/通知 回执 后天开会", "/结束")))
		default:
			handle(event(pick("x0", "y0", "c0"), "", pick("/签到", "/出题 org-003")))
		}
		var crowd []chat.Event
		for range 5 + rng.IntN(60) {
			unit := pick("x", "y")
			who := fmt.Sprint(unit, 1+rng.IntN(pairMembers))
			in := unit
			switch rng.IntN(12) {
			case 0, 1:
				in = ""
			case 2:
				in = "c"
			case 3:
				who = "stranger" + unit
			}
			text := pick("A", "B", "收到", "签到", "+1", "今天天气不错", "我的积分", "/今日", "/撤回", "99 B")
			if rng.IntN(3) > 0 {
				text = fmt.Sprint(1+rng.IntN(6), " ", pick("A", "B", "C", "收到", "签到", "+1"))
			}
			crowd = append(crowd, event(who, in, text))
			if rng.IntN(10) == 0 { // delivered again
				crowd = append(crowd, crowd[rng.IntN(len(crowd))])
			}
		}
		handle(crowd...)
	}
}

// all is what the tables hold, but for the order between chats.
func (p *pair) all() string {
	var b strings.Builder
	for _, query := range []string{
		`SELECT round, member, value FROM answer ORDER BY round, member`,
		`SELECT checkin, member, state FROM checkin_entry ORDER BY checkin, member`,
		`SELECT signup, member FROM signup_entry ORDER BY signup, member`,
		`SELECT notice, member, unit, acked_at IS NOT NULL FROM notice_reader ORDER BY notice, member`,
		`SELECT notice, unit, done, due FROM notice_target ORDER BY notice, unit`,
		`SELECT rule, unit, member, points, key FROM ledger ORDER BY rule, unit, member, key`,
		`SELECT member, period, rule, points FROM ledger_sum WHERE points <> 0 ORDER BY member, period, rule`,
		`SELECT account, user_id, prompt, answer FROM pending_answer ORDER BY account, user_id, prompt`,
		`SELECT unit, feature, ref, code, closed_at IS NOT NULL FROM prompt ORDER BY id`,
		`SELECT feature, kind, key, unit FROM timer WHERE kind <> 'count' ORDER BY key`,
		`SELECT account, key FROM event_seen ORDER BY account, key`,
		`SELECT chat, class, key, message FROM outbox ORDER BY chat, id`,
	} {
		fmt.Fprintf(&b, "\n%s\n", query)
		err := p.bots[0].db.Read(func(tx *store.Tx) error {
			rows, err := tx.Query(query)
			if err != nil {
				return err
			}
			defer rows.Close()
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			values, into := make([]string, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			for rows.Next() {
				if err := rows.Scan(into...); err != nil {
					return err
				}
				fmt.Fprintln(&b, strings.Join(values, " "))
			}
			return rows.Err()
		})
		if err != nil {
			p.Fatal(query, err)
		}
	}
	return seqs.ReplaceAllString(b.String(), "#")
}

// seqs are the numbers of ledger entries, whose order between chats is open.
var seqs = regexp.MustCompile(`#\d+`)
