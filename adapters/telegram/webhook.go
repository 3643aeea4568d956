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
)

// beCalled has Telegram deliver updates to Handler until ctx ends. The webhook
// stays: what comes while nobody listens is delivered again later.
func (a *Adapter) beCalled(ctx context.Context, in chat.Inbox) error {
	_, err := a.bot.SetWebhook(ctx, &bot.SetWebhookParams{URL: a.o.Webhook.URL, SecretToken: a.o.Webhook.Secret,
		MaxConnections: connections, AllowedUpdates: allowed})
	if err != nil {
		return err
	}
	in.State(chat.State{Condition: chat.Online})
	var told time.Time
	for wait(ctx, askEvery) {
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
			in.State(chat.State{Condition: chat.Online, Reason: chat.NotDelivered, Detail: info.LastErrorMessage})
		} else if told.Before(time.Now().Add(-2 * askEvery)) {
			in.State(chat.State{Condition: chat.Online})
		}
	}
	return nil
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
		a.o.Log.Warn("an update was not stored; telegram will deliver it again", "account", a.o.ID, "error", err)
		http.Error(w, "not stored", http.StatusServiceUnavailable)
	}
}
