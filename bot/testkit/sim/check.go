package sim

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"branchbot/bot/points"
	"branchbot/store"
)

// quiesce lets all that is under way come to rest without more faults, and
// checks what must hold then.
func (w *world) quiesce() error {
	w.calm, w.crashIn, w.refuse = true, 0, 0
	if w.full {
		if err := w.disk(false); err != nil {
			return err
		}
	}
	if err := w.start(); err != nil {
		return err
	}
	for len(w.pending) > 0 {
		ev := w.pending[0]
		if err := w.stage.Engine.Handle(w.stage.Adapter.ID(), "end", ev); err != nil {
			return fmt.Errorf("deliver %s in the end: %w", ev.Key, err)
		}
		w.acknowledged[ev.Key] = true
		delete(w.poisoned, ev.Key) // it can be handled by now
		w.pending = w.pending[1:]
	}
	if err := w.pass(30 * time.Hour); err != nil {
		return err
	}
	if err := w.publish(); err != nil {
		return err
	}
	return w.stage.DB.Read(func(tx *store.Tx) error {
		return errors.Join(w.checkAnswers(tx), w.checkOutbox(tx), w.checkOccurrences(tx), w.checkLedger(tx), w.checkChats())
	})
}

// I1: what was acknowledged has had its effect, or its failure is kept.
func (w *world) checkAnswers(tx *store.Tx) error {
	var errs []error
	for key := range w.acknowledged {
		var round, who int64
		if _, err := fmt.Sscanf(key, "answer:%d:%d", &round, &who); err != nil {
			return err
		}
		var stored, late, failed, seen int
		err := tx.QueryRow(`SELECT (SELECT COUNT(*) FROM answer a JOIN identity i ON i.member = a.member WHERE a.round = $1 AND i.user_id = $2),
			(SELECT COUNT(*) FROM round WHERE id = $1 AND closed_at IS NOT NULL), (SELECT COUNT(*) FROM dead_letter WHERE event LIKE '%"' || $3 || '"%'),
			(SELECT COUNT(*) FROM event_seen WHERE key = $3)`, round, fmt.Sprint(who), key).Scan(&stored, &late, &failed, &seen)
		if err != nil {
			return err
		}
		if stored > 0 && (failed > 0 || w.poisoned[key]) {
			errs = append(errs, fmt.Errorf("I1: %s could not be handled, and is stored", key))
		}
		if stored == 0 && failed == 0 && (late == 0 || seen > 0 && !w.closedBefore(tx, round, key)) {
			errs = append(errs, fmt.Errorf("I1: %s was acknowledged, and is neither stored nor kept as failed", key))
		}
	}
	return errors.Join(errs...)
}

// closedBefore tells whether a round had closed when an answer was handled.
func (w *world) closedBefore(tx *store.Tx, round int64, key string) bool {
	var closed, at int64
	err := tx.QueryRow(`SELECT r.closed_at, e.at FROM round r, event_seen e WHERE r.id = $1 AND e.key = $2`, round, key).Scan(&closed, &at)
	return err == nil && closed <= at
}

// I3, I5: every message has come to rest, and none is shown twice but a notice
// whose fate was unknown, marked.
func (w *world) checkOutbox(tx *store.Tx) error {
	var errs []error
	var open, doubtful int
	err := tx.QueryRow(`SELECT COALESCE(SUM(CASE WHEN state IN ('pending', 'sending') THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN key LIKE '%:again' AND class NOT IN ('notice', 'report') THEN 1 ELSE 0 END), 0) FROM outbox`).Scan(&open, &doubtful)
	if err != nil {
		return err
	}
	if open > 0 || doubtful > 0 {
		errs = append(errs, fmt.Errorf("I3: %d messages have not come to rest; I5: %d are repeated that may not be", open, doubtful))
	}
	for key, n := range w.shown {
		if n > 1 {
			errs = append(errs, fmt.Errorf("I5: part %s is shown %d times", key, n))
		}
	}
	rows, err := tx.Query(`SELECT o.id, o.class, o.state, (SELECT COUNT(*) FROM outbox_part p WHERE p.outbox = o.id) FROM outbox o WHERE state = 'sent'`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var class, state string
		var parts int
		if err := rows.Scan(&id, &class, &state, &parts); err != nil {
			return err
		}
		if class == "push" && w.shown[fmt.Sprintf("%d:0", id)] != 1 {
			errs = append(errs, fmt.Errorf("I3: message %d is said to be sent, and is shown %d times", id, w.shown[fmt.Sprintf("%d:0", id)]))
		}
	}
	return errors.Join(append(errs, rows.Err())...)
}

// I2: an occurrence is one, runs once, and none is missing.
func (w *world) checkOccurrences(tx *store.Tx) error {
	var errs []error
	var ran, rounds, reasonless int
	err := tx.QueryRow(`SELECT COUNT(*), COALESCE(SUM(CASE WHEN state IN ('missed', 'skipped') AND reason = '' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN schedule LIKE 'quiz%' AND state NOT IN ('missed', 'skipped') AND reason <> 'schedule.reason.error' THEN 1 ELSE 0 END), 0),
		(SELECT COUNT(*) FROM round) FROM occurrence`).Scan(&w.Occurrences, &reasonless, &ran, &rounds)
	if err != nil {
		return err
	}
	if ran != rounds || reasonless > 0 {
		errs = append(errs, fmt.Errorf("I2: %d occurrences of questions ran, %d were asked; %d did not run without a reason", ran, rounds, reasonless))
	}
	first, err := time.Parse(time.RFC3339, began)
	if err != nil {
		return err
	}
	for u := range units {
		zone, err := time.LoadLocation(zones[u])
		if err != nil {
			return err
		}
		for day := first.AddDate(0, 0, 1); day.Before(w.now().AddDate(0, 0, -1)); day = day.AddDate(0, 0, 1) {
			key := day.In(zone).Format(time.DateOnly) + "T02:15"
			var n int
			err := tx.QueryRow(`SELECT COUNT(*) FROM occurrence WHERE schedule = $1 AND slot = $2`, fmt.Sprintf("lesson%d", u), key).Scan(&n)
			if err != nil {
				return err
			}
			if n != 1 {
				errs = append(errs, fmt.Errorf("I2: lesson%d has %d occurrences for %s", u, n, key))
			}
		}
	}
	return errors.Join(errs...)
}

// I6: the ledger's chains fit, and there is an entry for each answer.
func (w *world) checkLedger(tx *store.Tx) error {
	verified, err := points.Verify(tx)
	if err != nil {
		return err
	}
	var errs []error
	for _, v := range verified {
		if v.Bad != 0 {
			errs = append(errs, fmt.Errorf("I6: the chain of %s breaks at %d: %s", v.Unit, v.Bad, v.Reason))
		}
	}
	wrong, err := points.VerifyRules(tx, nil)
	if err != nil {
		return err
	}
	for _, text := range wrong {
		errs = append(errs, errors.New("I6: "+text))
	}
	var answers, entries int
	err = tx.QueryRow(`SELECT (SELECT COUNT(*) FROM answer), (SELECT COUNT(*) FROM ledger WHERE rule = 'quiz-answered')`).Scan(&answers, &entries)
	if err == nil && answers != entries {
		err = fmt.Errorf("I6: %d answers, %d entries", answers, entries)
	}
	return errors.Join(append(errs, err)...)
}

// I4, I7: a chat shows its messages in the order in which they were written, and
// at its pace.
func (w *world) checkChats() error {
	var errs []error
	for in, letters := range w.first {
		last := int64(0)
		for _, id := range letters {
			switch {
			case id == -1:
				errs = append(errs, fmt.Errorf("I7: the pace of %s was exceeded after message %d", in, last))
				continue
			case id < last:
				errs = append(errs, fmt.Errorf("I4: %s shows message %d after %d", in, id, last))
			}
			last = id
		}
	}
	return errors.Join(errs...)
}

// Leaks is I8: it tells how many goroutines and open files there are. They do not
// become more by simulating.
func Leaks() (goroutines, files int) {
	runtime.GC() // which closes files that nobody holds
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		entries = nil // not on this system
	}
	return runtime.NumGoroutine(), len(entries)
}
