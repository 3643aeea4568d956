package outbox

import (
	"container/heap"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"branchbot/bot/chat"
	"branchbot/store"
)

// A lane is the letters of one chat, or of one user who has no chat yet, in the
// order in which they leave. The sender keeps the first letter of each lane in
// memory, so that the next one to send is found without asking the database about
// all chats. The database is the truth: a lane is read anew when something about
// it was committed, and all are once a minute.
type laneKey struct {
	chat chat.ChatID
	user chat.UserID
}

// busyKey is what two lanes share that may not send at the same time.
func (k laneKey) busyKey() chat.ChatID {
	if k.chat != "" {
		return k.chat
	}
	return chat.ChatID("@" + k.user)
}

// head is the first letter of a lane.
type head struct {
	key       laneKey
	id        int64
	urgency   int
	notBefore time.Time
	created   time.Time

	told  bool      // that it waits for long
	at    time.Time // when it may leave, as far as its lane is concerned
	place int       // in its heap
	due   bool      // which heap that is
}

// touched are lanes of an account about which something was committed.
type touched struct {
	mu    sync.Mutex
	lanes map[laneKey]bool // true: its first letter may be another one now
	all   bool             // letters have gone from lanes to others
	asked bool             // another process may have added letters

	refusing map[chat.ChatID]Reason // chats that take nothing at the moment
}

// hint has the letters of other processes be looked for.
func (t *touched) hint() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = true
}

// forget has all lanes be read anew.
func (t *touched) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = true
}

// touch notes, once tx is committed, that a lane has changed: changed is false
// when a letter was only added to its end.
func (o *Outbox) touch(tx *store.Tx, account chat.AccountID, key laneKey, changed bool) {
	t := o.touched[account]
	if t == nil {
		return
	}
	tx.AfterCommit(func() {
		if !o.db.Holds(Role(account)) { // its sender is another process's
			o.db.Hint(string(account))
			return
		}
		t.mu.Lock()
		t.lanes[key] = t.lanes[key] || changed
		t.mu.Unlock()
		poke(o.wake[account])
	})
}

// add notes that a lane has changed.
func (t *touched) add(key laneKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lanes[key] = true
}

// take hands out what was touched.
func (t *touched) take() (lanes map[laneKey]bool, all, asked bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lanes, all, asked = t.lanes, t.all, t.asked
	t.lanes, t.all, t.asked = map[laneKey]bool{}, false, false
	return lanes, all, asked
}

// lanes are the heads of an account.
type lanes struct {
	heads  map[laneKey]*head
	due    dueHeap  // those whose time has come, the most urgent first
	later  timeHeap // the others, the earliest first
	loaded time.Time
	marks  marks
}

const (
	reloadEvery = time.Minute
	// lookEvery is how often the letters of other processes are looked for.
	lookEvery = time.Second
	// mature is how long a letter may take from getting its id to its commit: ids are
	// not committed in their order, so that all from the last while are looked at. One
	// that takes longer is found when all lanes are read anew.
	mature = 20 * time.Second
)

// lately is how many letters are taken to have got their ids in the last while, when
// that is not known.
const lately = 10_000

// marks tell from which id on the letters of other processes are looked for.
type marks struct {
	looked    time.Time // when it was done last
	set       time.Time // when next was the highest id
	low, next int64
}

// sync brings the lanes up to date with the database.
func (ls *lanes) sync(db *store.DB, account chat.AccountID, t *touched, now time.Time) error {
	changes, all, asked := t.take()
	all = all || ls.heads == nil || now.Before(ls.loaded) || now.Sub(ls.loaded) >= reloadEvery
	look := db.Postgres() && (asked || now.Sub(ls.marks.looked) >= lookEvery)
	if !all && !look && len(changes) == 0 {
		return nil
	}
	err := db.Read(func(tx *store.Tx) error {
		if look {
			if err := ls.look(tx, account, now, changes); err != nil {
				return err
			}
		}
		if all {
			return ls.load(tx, account)
		}
		for key, changed := range changes {
			if _, known := ls.heads[key]; known && !changed {
				continue
			}
			if err := ls.loadLane(tx, account, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		ls.heads = nil // what was touched is not known any more
		return err
	}
	if all {
		ls.loaded = now
	}
	return nil
}

// look adds the lanes to which another process may have added letters lately.
func (ls *lanes) look(tx *store.Tx, account chat.AccountID, now time.Time, changes map[laneKey]bool) error {
	m := &ls.marks
	m.looked = now
	if now.Sub(m.set) >= mature || now.Before(m.set) {
		first := m.set.IsZero()
		m.set, m.low = now, m.next
		if err := tx.QueryRow(`SELECT COALESCE(MAX(id), 0) FROM outbox`).Scan(&m.next); err != nil {
			return fmt.Errorf("look for letters: %w", err)
		}
		if first {
			m.low = max(m.next-lately, 0)
		}
	}
	// Both ends are given: so the plan is by id, however many letters wait.
	rows, err := tx.Query(`SELECT DISTINCT chat, user_id FROM outbox WHERE id BETWEEN $1 AND $2 AND account = $3 AND state = 'pending'`,
		m.low+1, int64(math.MaxInt64), account)
	if err != nil {
		return fmt.Errorf("look for letters: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key laneKey
		if err := rows.Scan(&key.chat, &key.user); err != nil {
			return err
		}
		changes[key] = changes[key] || false
	}
	return rows.Err()
}

const selectHead = `SELECT id, chat, user_id, CASE class WHEN 'reply' THEN 0 WHEN 'report' THEN 0 WHEN 'push' THEN 2 WHEN 'notice' THEN 2 ELSE 1 END,
	not_before, created_at FROM outbox `

func (ls *lanes) load(tx *store.Tx, account chat.AccountID) error {
	ls.heads, ls.due, ls.later = map[laneKey]*head{}, nil, nil
	rows, err := tx.Query(selectHead+`WHERE id IN (SELECT MIN(id) FROM outbox
		WHERE account = $1 AND state IN ('pending', 'sending') GROUP BY account, chat, user_id)`, account)
	if err != nil {
		return fmt.Errorf("read lanes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		h, err := scanHead(rows)
		if err != nil {
			return err
		}
		ls.heads[h.key] = h
		ls.wait(h, h.notBefore)
	}
	return rows.Err()
}

func (ls *lanes) loadLane(tx *store.Tx, account chat.AccountID, key laneKey) error {
	ls.drop(key)
	h, err := scanHead(tx.QueryRow(selectHead+`WHERE account = $1 AND chat = $2 AND user_id = $3
		AND state IN ('pending', 'sending') ORDER BY id LIMIT 1`, account, key.chat, key.user))
	if errors.Is(err, store.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read lane: %w", err)
	}
	ls.heads[key] = h
	ls.wait(h, h.notBefore)
	return nil
}

func scanHead(row interface{ Scan(...any) error }) (*head, error) {
	h := &head{}
	var after, created int64
	if err := row.Scan(&h.id, &h.key.chat, &h.key.user, &h.urgency, &after, &created); err != nil {
		return nil, err
	}
	h.notBefore, h.created = time.UnixMilli(after), time.UnixMilli(created)
	return h, nil
}

// drop forgets a lane.
func (ls *lanes) drop(key laneKey) {
	h := ls.heads[key]
	switch {
	case h == nil:
		return
	case h.place < 0:
	case h.due:
		heap.Remove(&ls.due, h.place)
	default:
		heap.Remove(&ls.later, h.place)
	}
	delete(ls.heads, key)
}

// wait has a head wait until a time.
func (ls *lanes) wait(h *head, at time.Time) {
	h.at, h.due = at, false
	heap.Push(&ls.later, h)
}

// next takes the most urgent head whose time has come; nil when there is none,
// with the time of the one that comes next, zero when there is none either.
func (ls *lanes) next(now time.Time) (*head, time.Time) {
	for len(ls.later) > 0 && !ls.later[0].at.After(now) {
		h := heap.Pop(&ls.later).(*head)
		h.due = true
		heap.Push(&ls.due, h)
	}
	if len(ls.due) > 0 {
		return heap.Pop(&ls.due).(*head), time.Time{}
	}
	if len(ls.later) > 0 {
		return nil, ls.later[0].at
	}
	return nil, time.Time{}
}

// dueHeap and timeHeap implement heap.Interface.
type (
	dueHeap  []*head
	timeHeap []*head
)

func (d dueHeap) Len() int { return len(d) }
func (d dueHeap) Less(i, j int) bool {
	if d[i].urgency != d[j].urgency {
		return d[i].urgency < d[j].urgency
	}
	return d[i].id < d[j].id
}
func (d dueHeap) Swap(i, j int) { swap(d, i, j) }
func (d *dueHeap) Push(x any)   { push((*[]*head)(d), x) }
func (d *dueHeap) Pop() any     { return pop((*[]*head)(d)) }

func (t timeHeap) Len() int           { return len(t) }
func (t timeHeap) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timeHeap) Swap(i, j int)      { swap(t, i, j) }
func (t *timeHeap) Push(x any)        { push((*[]*head)(t), x) }
func (t *timeHeap) Pop() any          { return pop((*[]*head)(t)) }

func swap(list []*head, i, j int) {
	list[i], list[j] = list[j], list[i]
	list[i].place, list[j].place = i, j
}

func push(list *[]*head, x any) {
	h := x.(*head)
	h.place = len(*list)
	*list = append(*list, h)
}

func pop(list *[]*head) *head {
	last := len(*list) - 1
	h := (*list)[last]
	h.place = -1
	(*list)[last] = nil
	*list = (*list)[:last]
	return h
}
