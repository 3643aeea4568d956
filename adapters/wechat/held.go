package wechat

import (
	"errors"
	"slices"
	"time"

	"github.com/eatmoreapple/openwechat"
)

// Rules of messages of which the server does not tell who said them, or where:
//   - They are held in memory, and what else a batch brought goes on. The cursor
//     stays before the oldest of them, so that a crash fetches all again.
//   - The server is asked again, at growing intervals. What follows from the same
//     group or person waits with them, so that the order stays.
//   - After mostAsks, or with mostHeld of them, the ids on the wire must do.

const (
	mostAsks  = 12 // over some ten minutes
	quickAsks = 3
	mostHeld  = 200
	// heldPause is the wait before a quick ask.
	heldPause = 3 * time.Second
	// slowAsk is how much longer each later interval is.
	slowAsk = 10 * time.Second
)

// errUnknown says that it is not known yet who said something, or where.
var errUnknown = errors.New("the server does not tell who or where")

// held are messages that wait.
type held struct {
	messages []*openwechat.Message
	from     *openwechat.SyncKey // fetches them all again
	tries    int                 // since the last one was added
	settling map[string]bool     // lines of the system that have waited for the send before them
}

// set puts the messages of a batch that are not known yet in the place of those
// before. from is the key before the batch.
func (h *held) set(messages []*openwechat.Message, from *openwechat.SyncKey) {
	switch {
	case len(messages) == 0:
		*h = held{}
		return
	case len(h.messages) == 0:
		h.from, h.tries = from, 0
	}
	if len(messages) > len(h.messages) {
		h.tries = 0
	}
	h.messages = messages
}

// soon tells whether to look again before the next poll, which may take long.
func (h *held) soon() bool {
	h.tries++
	return len(h.messages) > 0 && h.tries <= quickAsks
}

// settle has a line of the system wait once, so that the message that it is about
// has its receipt.
func (h *held) settle(m *openwechat.Message) error {
	if h.settling[m.MsgId] {
		return nil
	}
	if h.settling == nil {
		h.settling = map[string]bool{}
	}
	h.settling[m.MsgId] = true
	return errUnknown
}

// ask is how often the server was asked for somebody in vain.
type ask struct {
	n    int
	next time.Time // not before
}

// mayAsk tells whether the server may be asked for an id on the wire now.
func (s *session) mayAsk(at string, now time.Time) bool { return !now.Before(s.asks[at].next) }

// inVain notes that the server did not tell.
func (s *session) inVain(at string, now time.Time) {
	n := s.asks[at].n + 1
	s.asks[at] = ask{n, now.Add(max(0, time.Duration(n-quickAsks)*slowAsk))}
}

// mustDo tells whether the id on the wire has to do.
func (s *session) mustDo(at string) bool {
	return s.asks[at].n >= mostAsks || len(s.held.messages) >= mostHeld
}

// waits tells whether an earlier message of the same chat is among some.
func waits(some []*openwechat.Message, m *openwechat.Message) bool {
	return slices.ContainsFunc(some, func(o *openwechat.Message) bool { return o.FromUserName == m.FromUserName })
}
