package delivery

import (
	"embed"
	"fmt"
	"slices"
	"time"

	"branchbot/bot/web"
	"branchbot/store"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// letter is a message that was not delivered, in words.
type letter struct {
	State, Words string
	At           int64
}

// Parts implements web.Partner: what was not delivered, on the page of today.
func (f *Feature) Parts() []web.Part {
	return []web.Part{{Of: "today", View: views.Of("failed"), Data: undelivered, Pulse: failedPulse}}
}

// mostShown is how many are listed.
const mostShown = 20

// undelivered are the messages that were not delivered within a day, the newest first.
func undelivered(r *web.Request) (any, error) {
	t, since := r.Turn(), r.Now.Add(-keep)
	rows, err := Since(r.Tx, r.Unit.ID, since, mostShown)
	if err != nil {
		return nil, err
	}
	others, err := repliesFailedSince(r.Tx, r.Unit.ID, since, r.T("delivery.about.reply"))
	if err != nil {
		return nil, err
	}
	rows = append(rows, others...)
	slices.SortStableFunc(rows, func(a, b Row) int { return b.At.Compare(a.At) })
	d := struct{ Letters []letter }{}
	for _, row := range rows[:min(len(rows), mostShown)] {
		words, err := Tell(t, &row)
		if err != nil {
			return nil, err
		}
		d.Letters = append(d.Letters, letter{row.State, words, row.At.UnixMilli()})
	}
	return d, nil
}

// repliesFailedSince are the messages to the unit's chats that were not sent and of which no
// item has told.
func repliesFailedSince(tx *store.Tx, unit string, since time.Time, about string) ([]Row, error) {
	return store.All(tx, func(row store.Scanner) (Row, error) {
		one := Row{About: about, State: "failed"}
		var at int64
		err := row.Scan(&one.Account, &one.Chat, &one.Reason, &at)
		one.At = time.UnixMilli(at)
		return one, err
	}, `SELECT o.account, o.chat, o.reason, o.settled_at FROM chat c
		JOIN outbox o ON o.account = c.account AND o.chat = c.chat AND o.state IN ('dead', 'uncertain') AND o.settled_at >= $1
		WHERE c.unit = $2 AND o.about = '' ORDER BY o.id DESC LIMIT 20`, since.UnixMilli(), unit)
}

// failedPulse rises when a message of the unit's has failed.
func failedPulse(tx *store.Tx, unit string) (string, error) {
	var n int64
	err := tx.QueryRow(`SELECT (SELECT COALESCE(MAX(at), 0) + COUNT(*) FROM undelivered WHERE unit = $1 AND at >= $2) +
		(SELECT COUNT(*) FROM chat c JOIN outbox o ON o.account = c.account AND o.chat = c.chat
			AND o.state IN ('dead', 'uncertain') AND o.settled_at >= $2 WHERE c.unit = $1)`, unit, tx.Now.Add(-keep).UnixMilli()).Scan(&n)
	return fmt.Sprint(n), err
}
