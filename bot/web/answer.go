package web

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
)

// answer gathers what a page says. It is sent when the page is done, and its
// transaction ended: a reader who takes their time holds up nobody.
type answer struct {
	header http.Header
	status int
	head   bytes.Buffer
	rest   *os.File // what is beyond mostHeld, so that slow readers do not fill the memory
	err    error
}

// mostHeld is how much of an answer is kept in memory.
const mostHeld = 256 << 10

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(data []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.err != nil {
		return 0, a.err
	}
	if a.rest == nil && a.head.Len()+len(data) <= mostHeld {
		return a.head.Write(data)
	}
	if a.rest == nil {
		if a.rest, a.err = os.CreateTemp("", "branchbot-answer-*"); a.err != nil {
			return 0, a.err
		}
		_ = os.Remove(a.rest.Name()) // it lives until it is closed; where that cannot be, close removes it
	}
	n, err := a.rest.Write(data)
	a.err = err
	return n, err
}

// send hands the answer to its reader.
func (a *answer) send(w http.ResponseWriter) error {
	if a.rest != nil {
		defer func() {
			_ = a.rest.Close()
			_ = os.Remove(a.rest.Name())
		}()
	}
	if a.err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return a.err
	}
	length := int64(a.head.Len())
	if a.rest != nil {
		n, err := a.rest.Seek(0, io.SeekCurrent)
		if err == nil {
			_, err = a.rest.Seek(0, io.SeekStart)
		}
		if err != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return err
		}
		length += n
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if length > 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	}
	w.WriteHeader(a.status)
	_, err := w.Write(a.head.Bytes())
	if err == nil && a.rest != nil {
		_, err = io.Copy(struct{ io.Writer }{w}, a.rest)
	}
	if err != nil {
		return nil // the browser went away
	}
	return nil
}

// gathered gathers the answers of next, and has one person make two at a time: the
// database and the processors are for all.
func (s *Server) gathered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{header: w.Header()}
		func() {
			leave, err := s.makers.enter(r)
			if err != nil {
				return // the browser went away
			}
			defer leave()
			next.ServeHTTP(a, r)
		}()
		if err := a.send(w); err != nil {
			s.Log.Error("console: keep an answer", "error", err)
		}
	})
}

// makers counts the answers that are being made for each session.
type makers struct {
	mu    sync.Mutex
	slots map[string]*slots
}

type slots struct {
	free  chan struct{}
	users int // who holds a slot or waits for one
}

// atOnce is how many answers are made for a session at a time.
const atOnce = 2

// enter waits for the turn of a request; without a cookie there is nothing to make.
func (m *makers) enter(r *http.Request) (leave func(), err error) {
	c, err := r.Cookie(cookieName(secure(r)))
	if err != nil {
		return func() {}, nil
	}
	m.mu.Lock()
	if m.slots == nil {
		m.slots = map[string]*slots{}
	}
	s := m.slots[c.Value]
	if s == nil {
		s = &slots{free: make(chan struct{}, atOnce)}
		m.slots[c.Value] = s
	}
	s.users++
	m.mu.Unlock()
	done := func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if s.users--; s.users == 0 {
			delete(m.slots, c.Value)
		}
	}
	select {
	case s.free <- struct{}{}:
		return func() { <-s.free; done() }, nil
	case <-r.Context().Done():
		done()
		return nil, r.Context().Err()
	}
}
