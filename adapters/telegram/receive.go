package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-telegram/bot"

	"branchbot/bot/chat"
)

const (
	// pollFor is how long Telegram waits for something to tell us.
	pollFor = 50 * time.Second
	// batch is the most that Telegram gives at once.
	batch = 100
	// cursorLife is how long a cursor is good for: after a week without updates
	// Telegram draws their ids anew, and an old cursor could lie above them.
	cursorLife = 6 * 24 * time.Hour
	// maxFile is the largest file that is taken, as chat.File says.
	maxFile = 5 << 20
)

// cursor is where polling resumes: the id of the next update, and when that was
// known.
type cursor struct {
	next  int64
	since time.Time
}

func (c cursor) String() string {
	if c.next == 0 {
		return ""
	}
	return fmt.Sprintf("%d@%d", c.next, c.since.Unix())
}

func parseCursor(s string) (c cursor) {
	next, since, _ := strings.Cut(s, "@")
	seconds, err := strconv.ParseInt(since, 10, 64)
	if c.next, _ = strconv.ParseInt(next, 10, 64); err != nil {
		return cursor{}
	}
	c.since = time.Unix(seconds, 0)
	return c
}

// offset is what to ask Telegram for; 0 = whatever it has not been told to have
// arrived.
func (c cursor) offset(now time.Time) int64 {
	if now.Sub(c.since) > cursorLife {
		return 0
	}
	return c.next
}

// poll asks for updates until ctx ends or Telegram refuses.
func (a *Adapter) poll(ctx context.Context, in chat.Inbox) error {
	stored, err := in.Cursor(ctx)
	if err != nil {
		return err
	}
	at, behind := parseCursor(stored), true
	pause := time.Duration(0)
	for ctx.Err() == nil {
		in.State(chat.State{Condition: chat.Online, Behind: behind})
		next, full, err := a.pollOnce(ctx, in, at, behind)
		var failed *acceptError
		switch behind = full || err != nil; {
		case err == nil:
			at, pause = next, 0
			continue
		case isConflict(err) && says(err, "webhook"): // left from another way of running
			if _, err := a.bot.DeleteWebhook(ctx, &bot.DeleteWebhookParams{}); err != nil {
				return err
			}
			continue
		case !errors.As(err, &failed):
			return err
		}
		// Ours to mend: what was not stored is asked for again.
		a.o.Log.Warn("updates not stored, asking for them again", "account", a.o.ID, "error", failed.err)
		pause = min(max(2*pause, 50*time.Millisecond), 5*time.Second)
		if !wait(ctx, pause) {
			return nil
		}
	}
	return nil
}

// acceptError is a failure on our side of what was received.
type acceptError struct{ err error }

func (e *acceptError) Error() string { return e.err.Error() }
func (e *acceptError) Unwrap() error { return e.err }

// pollOnce receives one list of updates and stores it; only the next question
// tells Telegram that they arrived. full: there may be more. While that is not known,
// Telegram is to answer at once.
func (a *Adapter) pollOnce(ctx context.Context, in chat.Inbox, at cursor, behind bool) (next cursor, full bool, err error) {
	timeout := int(pollFor.Seconds())
	if behind {
		timeout = 0
	}
	params, err := json.Marshal(map[string]any{"offset": at.offset(time.Now()), "limit": batch, "timeout": timeout, "allowed_updates": allowed})
	if err != nil {
		return at, false, err
	}
	asking, cancel := context.WithTimeout(ctx, pollFor+15*time.Second) // a dead connection answers nothing at all
	defer cancel()
	var list []update
	last, bad := int64(0), 0
	if err := a.client.call(asking, "getUpdates", params, &list); errors.Is(err, errGarbled) {
		var raw []json.RawMessage
		if err := a.client.call(asking, "getUpdates", params, &raw); err != nil {
			return at, false, err
		}
		if list, last, bad = decode(raw); bad > 0 {
			a.o.Log.Error("updates that cannot be read are left out", "account", a.o.ID, "count", bad)
		}
	} else if err != nil {
		return at, false, err
	}
	for i := range list {
		last = max(last, list[i].ID)
	}
	if last == 0 {
		return at, false, nil
	}
	next = cursor{last + 1, time.Now()}
	if err := a.take(ctx, in, next.String(), list); err != nil {
		return at, false, &acceptError{err}
	}
	a.settle(ctx)
	return next, len(list)+bad >= batch, nil
}

// take stores updates with the cursor behind them.
func (a *Adapter) take(ctx context.Context, in chat.Inbox, cursor string, list []update) error {
	a.mu.Lock()
	me, username := a.me.ID, a.me.Username
	a.mu.Unlock()
	events := make([]chat.Event, 0, len(list))
	for i := range list {
		got := convert(&list[i], me, username, a.administers)
		if got.group != "" {
			if err := a.promoted(ctx, in, got.group, got.admin); err != nil {
				return err
			}
		}
		if got.file != "" {
			file, err := a.fetch(ctx, &got)
			if err != nil {
				return err
			}
			got.events[0].Files = []chat.File{file}
		}
		for _, ev := range got.events {
			ev.Account = a.o.ID
			events = append(events, ev)
		}
	}
	if len(events) == 0 {
		return nil
	}
	return in.Accept(ctx, cursor, events...)
}

// fetch gets a file. One that Telegram does not give comes without its bytes, so
// that the sender is told that it cannot be read.
func (a *Adapter) fetch(ctx context.Context, got *incoming) (chat.File, error) {
	file := chat.File{Name: got.name}
	if got.size > maxFile {
		file.Problem = chat.FileTooBig
		return file, nil
	}
	where, err := a.bot.GetFile(ctx, &bot.GetFileParams{FileID: got.file})
	if err == nil {
		file.Data, err = a.client.download(ctx, where.FilePath, maxFile)
	}
	switch {
	case ctx.Err() != nil:
		return file, ctx.Err()
	case err != nil:
		file.Problem = chat.FileUnreachable
		a.o.Log.Warn("a file could not be fetched", "account", a.o.ID, "error", classed(err))
	}
	return file, nil
}

// wait returns false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
