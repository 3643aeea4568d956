package app

import (
	"context"
	"errors"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/feature/delivery"
	"branchbot/bot/locale"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// troubleAfter is how long an account may send nothing before that is told, and
// troubleEvery how often it is looked.
const (
	troubleAfter = 10 * time.Minute
	troubleEvery = 30 * time.Second
)

// watch looks after an account as long as this process has it.
func (b *Bot) watch(ctx context.Context, id chat.AccountID, sender *outbox.Sender) {
	tick := time.NewTicker(troubleEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := b.lookAfter(id, sender); err != nil {
			b.log.Error("look after an account", "account", id, "error", err)
		}
	}
}

// lookAfter tells the secretaries, once, that an account has sent nothing for ten
// minutes or will not for as long, and by one line that it is over. What stateChanged
// tells at once is not told again.
func (b *Bot) lookAfter(id chat.AccountID, sender *outbox.Sender) error {
	state, now := b.engine.States()[id], b.db.Now()
	rest := sender.Resting().Sub(now)
	var why outbox.Reason
	switch {
	case trouble(state) != "":
		why = outbox.LoggedOut
	case rest > 0:
		why = outbox.RateLimited
	case state.Condition != chat.Online:
		why = outbox.Unreachable
	}
	var tell func(lang string) string
	err := b.db.Write(func(tx *store.Tx) error {
		tell = nil
		var since, told int64
		err := tx.QueryRow(`SELECT since, told_at FROM account_trouble WHERE account = $1`, id).Scan(&since, &told)
		known := err == nil
		switch {
		case err != nil && !errors.Is(err, store.ErrNoRows):
			return err
		case why == "" && known:
			if told != 0 {
				tell = func(lang string) string { return locale.Text(lang, "alert.over", "Account", id) }
			}
			_, err := tx.Exec(`DELETE FROM account_trouble WHERE account = $1`, id)
			return err
		case why == "" || known && told != 0:
			return nil
		}
		if !known {
			since = tx.Millis()
		}
		waited := now.Sub(time.UnixMilli(since))
		switch {
		case trouble(state) != "":
			told = tx.Millis()
		case waited >= troubleAfter, rest >= troubleAfter:
			told = tx.Millis()
			tell = func(lang string) string {
				if why == outbox.RateLimited {
					return locale.Text(lang, "alert.resting", "Account", id, "Minutes", int((rest+time.Minute-1)/time.Minute))
				}
				return locale.Text(lang, "alert.down", "Account", id, "Minutes", int(waited/time.Minute), "Why", locale.Text(lang, delivery.WhyKey(why)))
			}
		}
		_, err = tx.Exec(`INSERT INTO account_trouble (account, reason, since, told_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account) DO UPDATE SET reason = excluded.reason, told_at = excluded.told_at`, id, why, since, told)
		return err
	})
	if err != nil || tell == nil {
		return err
	}
	return b.tellSecretaries(id, tell, false)
}
