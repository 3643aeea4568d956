package telegram

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"branchbot/bot/chat"
)

// toast is the answer to a press: Telegram shows it to the presser alone, and
// stops the waiting animation of his button.
type toast struct {
	ID   string `json:"callback_query_id"`
	Text string `json:"text,omitempty"`
}

const (
	// maxToasts bounds what waits; what is beyond is lost, which is harmless.
	maxToasts = 4096
	// fewToasts are not worth waiting for before the next updates are asked for.
	fewToasts = 256
	// toasters is how many toasts are on their way at a time.
	toasters = 4
	// toastLimit is the longest line, in characters; see answerCallbackQuery.
	toastLimit = 200
)

// Ack implements chat.Acker.
func (a *Adapter) Ack(press chat.Event, line string) {
	id, ok := strings.CutPrefix(press.Key, pressKey)
	if !ok {
		return
	}
	if runes := []rune(line); len(runes) > toastLimit {
		line = string(runes[:toastLimit-1]) + "…"
	}
	select {
	case a.toasts <- toast{id, line}:
	default:
		a.o.Log.Debug("a toast is lost: too many wait", "account", a.o.ID)
	}
}

// toaster sends toasts until ctx ends.
func (a *Adapter) toaster(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-a.toasts:
			params, err := json.Marshal(t)
			if err == nil {
				err = a.client.tell(ctx, "answerCallbackQuery", params)
			}
			if err != nil && ctx.Err() == nil {
				a.o.Log.Debug("a toast is lost", "account", a.o.ID, "error", classed(err))
			}
		}
	}
}

// settle waits, for a while, until few toasts are left: who pressed a button is
// told before more is taken in, and a crowd does not fill the memory.
func (a *Adapter) settle(ctx context.Context) {
	for range 200 {
		if len(a.toasts) <= fewToasts || !wait(ctx, 5*time.Millisecond) {
			return
		}
	}
}
