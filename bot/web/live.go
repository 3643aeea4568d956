package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"branchbot/store"
)

// live tells browsers that what they show has changed. Several processes may
// share the database, so it looks there, once a second, for each unit and page
// that somebody watches.
type live struct {
	db    *store.DB
	log   *slog.Logger
	pulse func(*store.Tx, watch) (string, error)

	mu       sync.Mutex
	ended    bool
	watchers map[*watcher]bool
}

type watch struct{ unit, page string }

type watcher struct {
	watch   watch
	session string // hash of its cookie
	seen    string // mark of the pulse that the browser knows of
	changed chan struct{}
	over    chan struct{}
}

const (
	pulseEvery     = time.Second
	streamsAtOnce  = 6    // of a session
	streamsInAll   = 2000 // of the process
	sessionEvery   = 5    // pulses between two looks whether a session still holds
	heartbeatEvery = 20 * time.Second
)

func newLive(db *store.DB, log *slog.Logger, pulse func(*store.Tx, watch) (string, error)) *live {
	return &live{db: db, log: log, pulse: pulse, watchers: map[*watcher]bool{}}
}

func (l *live) run(ctx context.Context) {
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			l.end()
			return
		case <-tick.C:
		}
		if err := l.look(n%sessionEvery == 0); err != nil && ctx.Err() == nil {
			l.log.Error("console: look for changes", "error", err)
		}
	}
}

func (l *live) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for w := range l.watchers {
		close(w.over)
		delete(l.watchers, w)
	}
}

func (l *live) all() []*watcher {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*watcher, 0, len(l.watchers))
	for w := range l.watchers {
		all = append(all, w)
	}
	return all
}

// look asks each watched page for its pulse, and tells those whose has changed.
func (l *live) look(sessions bool) error {
	all := l.all()
	if len(all) == 0 {
		return nil
	}
	return l.db.Read(func(tx *store.Tx) error {
		pulses, holds := map[watch]string{}, map[string]bool{}
		for _, w := range all {
			if _, known := holds[w.session]; sessions && !known {
				s, err := sessionOf(tx, w.session)
				if err != nil {
					return err
				}
				holds[w.session] = s != nil && !s.over(tx.Now)
			}
			if sessions && !holds[w.session] {
				l.drop(w)
				continue
			}
			pulse, known := pulses[w.watch]
			if !known {
				var err error
				if pulse, err = l.pulse(tx, w.watch); err != nil {
					return fmt.Errorf("page %s of %s: %w", w.watch.page, w.watch.unit, err)
				}
				pulse = mark(pulse)
				pulses[w.watch] = pulse
			}
			if w.seen != pulse {
				select {
				case w.changed <- struct{}{}:
				default: // it is told already
				}
			}
			w.seen = pulse
		}
		return nil
	})
}

// mark is a pulse as a page carries it.
func mark(pulse string) string { return hashOf(pulse)[:16] }

// add is nil when there are too many, or when the program ends. seen is the mark
// of what the browser shows: what changes before its stream is open is told too.
func (l *live) add(session, seen string, to watch) *watcher {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for w := range l.watchers {
		if w.session == session {
			n++
		}
	}
	if l.ended || n >= streamsAtOnce || len(l.watchers) >= streamsInAll {
		return nil
	}
	w := &watcher{watch: to, session: session, seen: seen, changed: make(chan struct{}, 1), over: make(chan struct{})}
	l.watchers[w] = true
	return w
}

func (l *live) drop(w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watchers[w] {
		close(w.over)
		delete(l.watchers, w)
	}
}

// events is the stream of a page: one line for each change.
func (s *Server) events(w http.ResponseWriter, hr *http.Request) {
	r := s.stranger(w, hr)
	to := watch{hr.URL.Query().Get("unit"), hr.URL.Query().Get("page")}
	p := s.pageAt(to.page)
	if p == nil || p.Pulse == nil {
		http.NotFound(w, hr)
		return
	}
	r.page = *p
	err := s.DB.Read(func(tx *store.Tx) error {
		r.Tx = tx
		return r.authorise(to.unit)
	})
	if err != nil { // a browser does not try again after this
		http.Error(w, "", http.StatusForbidden)
		return
	}
	watching := s.live.add(hashOf(r.session.token), hr.URL.Query().Get("seen"), to)
	if watching == nil {
		http.Error(w, "", http.StatusServiceUnavailable)
		return
	}
	defer s.live.drop(watching)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not hold it back
	stream := http.NewResponseController(w)
	write := func(text string) bool {
		_ = stream.SetWriteDeadline(time.Now().Add(30 * time.Second))
		_, err := fmt.Fprint(w, text)
		return err == nil && stream.Flush() == nil
	}
	beat := time.NewTicker(heartbeatEvery)
	defer beat.Stop()
	for alive := write("event: open\ndata:\n\n"); alive; {
		select {
		case <-hr.Context().Done():
			return
		case <-watching.over:
			write("event: over\ndata:\n\n")
			return
		case <-watching.changed:
			alive = write("event: changed\ndata:\n\n")
		case <-beat.C:
			alive = write(":\n\n")
		}
	}
}
