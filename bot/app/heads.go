package app

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"branchbot/bot/points"
	"branchbot/store"
)

// heads publishes the ends of the ledger's chains outside of the database, and
// knows what of them was lost. Nothing is repaired by itself.
type heads struct {
	db     *store.DB
	file   string
	log    *slog.Logger
	breaks atomic.Pointer[[]points.Break]
	noted  bool // in the database, that they are published
	failed bool // the last try; only the first failure is logged
}

// publishEvery is how long an entry waits, at most, until it shows when it is lost.
const publishEvery = 5 * time.Second

func newHeads(db *store.DB, log *slog.Logger) *heads {
	return &heads{db: db, file: points.HeadsBeside(db.Path()), log: log}
}

// Breaks are the chains that do not hold what was published of them.
func (h *heads) Breaks() []points.Break {
	if all := h.breaks.Load(); all != nil {
		return *all
	}
	return nil
}

// publish tells each new break in the log. Of several processes the one that keeps
// house publishes; the others only compare.
func (h *heads) publish() { h.bring(h.db.Holds(store.House)) }

// bring compares the published heads with the ledger, and brings them up to its ends if
// this process is the one to do it.
func (h *heads) bring(up bool) {
	var breaks []points.Break
	err := h.db.Read(func(tx *store.Tx) (err error) {
		if up {
			breaks, err = points.Publish(tx, h.file)
			return err
		}
		published, err := points.ReadHeads(h.file)
		if err == nil {
			breaks, err = published.Breaks(tx)
		}
		return err
	})
	if err == nil && up && !h.noted && len(breaks) == 0 {
		err = h.db.Write(func(tx *store.Tx) error { return points.NotePublished(tx, h.file) })
		h.noted = err == nil
	}
	if err != nil {
		if !h.failed {
			h.log.Error("the ledger's heads are not published", "error", err)
		}
		h.failed = true
		return
	}
	h.failed = false
	for _, b := range breaks {
		known := slices.ContainsFunc(h.Breaks(), func(o points.Break) bool { return o.Unit == b.Unit && o.Missing == b.Missing && o.Epoch == b.Epoch })
		if !known {
			h.log.Error("the ledger does not hold its published head; see branchbot ledger verify", "unit", b.Unit, "error", b)
		}
	}
	h.breaks.Store(&breaks)
}

// run publishes until ctx ends. It takes a twentieth of a reader's time at most.
func (h *heads) run(ctx context.Context) {
	for {
		began := time.Now()
		h.publish()
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(publishEvery, 20*time.Since(began))):
		}
	}
}
