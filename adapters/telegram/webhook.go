package telegram

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-telegram/bot"

	"branchbot/bot/chat"
)

const (
	// secretHeader carries the secret of setWebhook.
	secretHeader = "X-Telegram-Bot-Api-Secret-Token"
	// maxUpdate bounds the body of one call.
	maxUpdate = 1 << 20
	// connections is how many calls Telegram makes at a time; they share the
	// engine's transactions.
	connections = 40
	// askEvery is how often Telegram is asked whether it reaches us.
	askEvery = time.Minute
	// backlogEvery is how often it is asked while updates wait there.
	backlogEvery = time.Second
)

// beCalled has Telegram deliver updates to Handler until ctx ends. The webhook
// stays: what comes while nobody listens is delivered again later.
func (a *Adapter) beCalled(ctx context.Context, in chat.Inbox) error {
	_, err := a.bot.SetWebhook(ctx, &bot.SetWebhookParams{URL: a.o.Webhook.URL, SecretToken: a.o.Webhook.Secret,
		MaxConnections: connections, AllowedUpdates: allowed})
	if err != nil {
		return err
	}
	st := chat.State{Condition: chat.Online, Behind: true} // what waits is delivered first
	in.State(st)
	var told time.Time
	for {
		pause := askEvery
		if st.Behind {
			pause = backlogEvery
		}
		if !a.waitRefused(ctx, pause) {
			return nil
		}
		info, err := a.bot.GetWebhookInfo(ctx)
		if err == nil { // another process may have been told of a group
			err = a.remember(ctx, in)
		}
		switch {
		case err != nil:
			return err
		case info.URL != a.o.Webhook.URL:
			return fmt.Errorf("the webhook was set to another address: %w", bot.ErrorConflict)
		}
		failed := time.Unix(int64(info.LastErrorDate), 0)
		if info.LastErrorDate != 0 && time.Since(failed) < 2*askEvery && failed.After(told) {
			told = failed
			st.Reason, st.Detail = chat.NotDelivered, info.LastErrorMessage
		} else if told.Before(time.Now().Add(-2 * askEvery)) {
			st.Reason, st.Detail = "", ""
		}
		st.Behind = info.PendingUpdateCount > 0
		in.State(st)
	}
}

// waitRefused waits, but not on when an update was refused, which Telegram will deliver
// again; false when ctx ended first.
func (a *Adapter) waitRefused(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-a.refused:
	case <-timer.C:
	}
	return true
}

// called takes one update; it says 200 only once that is stored.
func (a *Adapter) called(w http.ResponseWriter, r *http.Request) {
	// Hashes, so that the comparison takes the same time for every length.
	got, want := sha256.Sum256([]byte(r.Header.Get(secretHeader))), sha256.Sum256([]byte(a.o.Webhook.Secret))
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		http.Error(w, "wrong secret token", http.StatusUnauthorized)
		return
	}
	var u update
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxUpdate)).Decode(&u)
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		http.Error(w, "too big", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "no update", http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	in := a.in
	a.mu.Unlock()
	if in == nil {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	if err := a.take(r.Context(), in, "", []update{u}); err != nil {
		in.State(chat.State{Condition: chat.Online, Behind: true})
		select {
		case a.refused <- struct{}{}:
		default: // it was said already
		}
		a.o.Log.Warn("an update was not stored; telegram will deliver it again", "account", a.o.ID, "error", err)
		http.Error(w, "not stored", http.StatusServiceUnavailable)
	}
}
