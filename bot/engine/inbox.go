package engine

import (
	"context"
	"errors"
	"fmt"

	"branchbot/bot/chat"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// Inbox is the engine as the adapter of one account sees it, in the process that has
// the account's role.
func (e *Engine) Inbox(account chat.AccountID) chat.Inbox {
	return &inbox{e, account, outbox.Role(account)}
}

// SideInbox is the inbox of an account in a process that does not have its role and
// gets events all the same.
func (e *Engine) SideInbox(account chat.AccountID) chat.Inbox { return &inbox{e, account, ""} }

type inbox struct {
	engine  *Engine
	account chat.AccountID
	role    string
}

func (in *inbox) Accept(ctx context.Context, cursor string, events ...chat.Event) error {
	return in.engine.accept(ctx, &request{account: in.account, role: in.role, cursor: cursor, events: events})
}

func (in *inbox) State(s chat.State) {
	if in.role != "" { // else it is for another process to say
		in.engine.SetState(in.account, s)
	}
}

func (in *inbox) Groups(context.Context) (groups []chat.Group, err error) {
	err = in.engine.DB.Read(func(tx *store.Tx) error {
		groups, err = in.engine.Directory.ChatsOn(tx, in.account)
		return err
	})
	return groups, err
}

func (in *inbox) Cursor(context.Context) (cursor string, err error) {
	err = in.engine.DB.Read(func(tx *store.Tx) error {
		err := tx.QueryRow(`SELECT cursor FROM account WHERE id = $1`, in.account).Scan(&cursor)
		if errors.Is(err, store.ErrNoRows) {
			return nil
		}
		return err
	})
	return cursor, err
}

func (in *inbox) Get(_ context.Context, key string) (value []byte, err error) {
	err = in.engine.DB.Read(func(tx *store.Tx) error {
		err := tx.QueryRow(`SELECT value FROM shelf WHERE account = $1 AND key = $2`, in.account, key).Scan(&value)
		if errors.Is(err, store.ErrNoRows) {
			return nil
		}
		return err
	})
	return value, err
}

func (in *inbox) Put(_ context.Context, items ...chat.Item) error {
	return in.engine.DB.WriteAs(in.role, func(tx *store.Tx) error {
		for _, it := range items {
			_, err := tx.Exec(`INSERT INTO shelf (account, key, value) VALUES ($1, $2, $3)
				ON CONFLICT (account, key) DO UPDATE SET value = excluded.value`, in.account, it.Key, it.Value)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (in *inbox) Delete(_ context.Context, keys ...string) error {
	return in.engine.DB.WriteAs(in.role, func(tx *store.Tx) error {
		for _, key := range keys {
			if _, err := tx.Exec(`DELETE FROM shelf WHERE account = $1 AND key = $2`, in.account, key); err != nil {
				return err
			}
		}
		return nil
	})
}

func (in *inbox) List(_ context.Context, prefix string, limit int) (items []chat.Item, err error) {
	err = in.engine.DB.Read(func(tx *store.Tx) error {
		// Keys are text: nothing sorts after the last code point.
		rows, err := tx.Query(`SELECT key, value FROM shelf WHERE account = $1 AND key >= $2 AND key < $3
			ORDER BY key DESC LIMIT $4`, in.account, prefix, prefix+"\U0010FFFF", limit)
		if err != nil {
			return fmt.Errorf("list shelf: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var it chat.Item
			if err := rows.Scan(&it.Key, &it.Value); err != nil {
				return err
			}
			items = append(items, it)
		}
		return rows.Err()
	})
	for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
	return items, err
}
