package outbox

import (
	"math/rand/v2"
	"time"

	"branchbot/bot/chat"
	"branchbot/store"
)

// day is the time over which chat.Pace.AccountPerDay is counted.
const day = 24 * time.Hour

// quota is what the budget of an account adds to its rate: a number a day, and
// a little chance between two messages. Tries are counted, not messages: a
// platform that wants few of them counts the tries too.
type quota struct {
	pace chat.Pace
	sent []time.Time // in the last day, oldest first
	lull time.Time   // nothing leaves before
}

// free is when the next message may leave.
func (q *quota) free(now time.Time) time.Time {
	at := q.lull
	for len(q.sent) > 0 && !q.sent[0].Add(day).After(now) {
		q.sent = q.sent[1:]
	}
	if most := q.pace.AccountPerDay; most > 0 && len(q.sent) >= most {
		if next := q.sent[len(q.sent)-most].Add(day); next.After(at) {
			at = next
		}
	}
	return at
}

// spend notes that a message leaves.
func (q *quota) spend(now time.Time) {
	if q.pace.AccountPerDay > 0 {
		q.sent = append(q.sent, now)
	}
	if q.pace.Jitter > 0 {
		wait := rand.N(q.pace.Jitter)
		if per := q.pace.AccountPerSecond; per > 0 {
			wait += time.Duration(float64(time.Second) / per)
		}
		q.lull = now.Add(wait)
	}
}

// count reads what was sent before this start: it counts for the day's number, and
// the next message keeps its distance from it.
func (s *Sender) count() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pace == nil || s.pace.quota.pace.AccountPerDay == 0 {
		return nil
	}
	s.pace.quota.sent = nil
	return s.out.db.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT chat, sent_at FROM outbox_part WHERE account = $1 AND sent_at > $2 ORDER BY sent_at`,
			s.adapter.ID(), tx.Now.Add(-day).UnixMilli())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var in chat.ChatID
			var ms int64
			if err := rows.Scan(&in, &ms); err != nil {
				return err
			}
			at := time.UnixMilli(ms)
			s.pace.quota.sent = append(s.pace.quota.sent, at)
			if next := at.Add(s.adapter.Caps(in).Pace.ChatEvery); next.After(tx.Now) {
				s.groups[in.Group()] = next
			}
			if at.After(tx.Now.Add(-time.Minute)) { // what is older does not matter any more
				s.pace.even.AllowN(at, 1)
			}
		}
		return rows.Err()
	})
}

// Left is how many messages the account may still send in the present day;
// false when they are not counted.
func (s *Sender) Left() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pace == nil {
		return 0, false
	}
	q := &s.pace.quota
	q.free(s.out.db.Now())
	return max(0, q.pace.AccountPerDay-len(q.sent)), q.pace.AccountPerDay > 0
}
