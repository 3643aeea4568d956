package adaptertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"branchbot/bot/chat"
)

// ErrAsked is the error of a Recorder that was asked to fail.
var ErrAsked = errors.New("the inbox was asked to fail")

// Recorder is a chat.Inbox that remembers in memory what it got. Like the
// engine it takes an event with a key that it knows for a repetition.
type Recorder struct {
	mu         sync.Mutex
	changed    chan struct{} // closed and replaced at each change
	deliveries []chat.Event
	events     []chat.Event
	seen       map[string]bool
	cursor     string
	states     []chat.State
	items      map[string][]byte
	failing    int
	shelfFails int
	before     func()
}

// NewRecorder makes an empty Recorder.
func NewRecorder() *Recorder {
	return &Recorder{changed: make(chan struct{}), seen: map[string]bool{}, items: map[string][]byte{}}
}

// FailNext makes the next n calls of Accept fail.
func (r *Recorder) FailNext(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing = n
}

// FailShelf makes the next n calls of Get, Put, Delete and List fail.
func (r *Recorder) FailShelf(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shelfFails = n
}

// Before has f called by each Accept before it stores anything.
func (r *Recorder) Before(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before = f
}

// Accept implements chat.Inbox.
func (r *Recorder) Accept(ctx context.Context, cursor string, events ...chat.Event) error {
	r.mu.Lock()
	before := r.before
	r.mu.Unlock()
	if before != nil {
		before()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.change()
	r.deliveries = append(r.deliveries, events...)
	if r.failing > 0 {
		r.failing--
		return ErrAsked
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if cursor != "" {
		r.cursor = cursor
	}
	for _, ev := range events {
		if !r.seen[ev.Key] {
			r.seen[ev.Key] = true
			r.events = append(r.events, ev)
		}
	}
	return nil
}

// change wakes those who wait; the caller holds mu.
func (r *Recorder) change() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// Cursor implements chat.Inbox.
func (r *Recorder) Cursor(context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cursor, nil
}

// State implements chat.Inbox.
// Groups implements chat.Inbox: none are bound.
func (r *Recorder) Groups(context.Context) ([]chat.Group, error) { return nil, nil }

func (r *Recorder) State(s chat.State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.change()
	r.states = append(r.states, s)
}

// Events are the events that were stored, each once. The caller owns them.
func (r *Recorder) Events() []chat.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Deliveries are all events that ever came, with repetitions and those that
// were not stored. The caller owns them.
func (r *Recorder) Deliveries() []chat.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.deliveries)
}

// States are the states in the order in which they were reported. The caller
// owns them.
func (r *Recorder) States() []chat.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.states)
}

// Wait returns the first n stored events as soon as there are so many, and
// fails the test if they do not come.
func (r *Recorder) Wait(t *testing.T, n int) []chat.Event {
	t.Helper()
	r.wait(t, fmt.Sprintf("%d stored events", n), func() bool { return len(r.events) >= n })
	return r.Events()[:n]
}

// WaitState waits until the last state is as wanted, and returns it.
func (r *Recorder) WaitState(t *testing.T, what string, wanted func(chat.State) bool) (state chat.State) {
	t.Helper()
	r.wait(t, "a state: "+what, func() bool {
		if len(r.states) > 0 {
			state = r.states[len(r.states)-1]
		}
		return len(r.states) > 0 && wanted(state)
	})
	return state
}

// WaitCondition waits until the last state has one of the conditions, and
// returns it.
func (r *Recorder) WaitCondition(t *testing.T, any ...chat.Condition) (state chat.State) {
	t.Helper()
	r.wait(t, fmt.Sprintf("a state of %v", any), func() bool {
		if len(r.states) > 0 {
			state = r.states[len(r.states)-1]
		}
		return slices.Contains(any, state.Condition)
	})
	return state
}

// WaitCaughtUp waits until the account has caught up.
func (r *Recorder) WaitCaughtUp(t *testing.T) {
	t.Helper()
	r.wait(t, "an account that has caught up", func() bool { return len(r.states) > 0 && r.states[len(r.states)-1].CaughtUp() })
}

// wait waits until come, which is called with mu held, says so.
func (r *Recorder) wait(t *testing.T, what string, come func() bool) {
	t.Helper()
	timeout := time.After(patience)
	for {
		r.mu.Lock()
		ok, changed := come(), r.changed
		got := fmt.Sprintf("%d deliveries, %d stored events, states %v", len(r.deliveries), len(r.events), r.states)
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("waited for %s, got %s", what, got)
		}
	}
}

// shelf runs f on the shelf unless it is to fail.
func (r *Recorder) shelf(f func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shelfFails > 0 {
		r.shelfFails--
		return ErrAsked
	}
	f()
	return nil
}

// Get implements chat.Shelf.
func (r *Recorder) Get(_ context.Context, key string) (value []byte, err error) {
	err = r.shelf(func() { value = bytes.Clone(r.items[key]) })
	return value, err
}

// Put implements chat.Shelf.
func (r *Recorder) Put(_ context.Context, items ...chat.Item) error {
	return r.shelf(func() {
		for _, it := range items {
			r.items[it.Key] = bytes.Clone(it.Value)
		}
	})
}

// Delete implements chat.Shelf.
func (r *Recorder) Delete(_ context.Context, keys ...string) error {
	return r.shelf(func() {
		for _, key := range keys {
			delete(r.items, key)
		}
	})
}

// List implements chat.Shelf.
func (r *Recorder) List(_ context.Context, prefix string, limit int) (items []chat.Item, err error) {
	err = r.shelf(func() {
		for key, value := range r.items {
			if strings.HasPrefix(key, prefix) {
				items = append(items, chat.Item{Key: key, Value: bytes.Clone(value)})
			}
		}
	})
	slices.SortFunc(items, func(a, b chat.Item) int { return strings.Compare(a.Key, b.Key) })
	return items[max(0, len(items)-limit):], err
}
