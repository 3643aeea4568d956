package telegram

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"time"

	"branchbot/bot/chat"
)

// Telegram keeps the news that the bot was taken out of a group, muted or made an
// administrator for a day, and tells nothing when a group forbids all its members to write.
// So it is asked, at each start and when a group was bound.

const (
	// askGroupsEvery is how often it is looked for groups that were bound since.
	askGroupsEvery = 15 * time.Second
	// askPause keeps the questions about many groups from disturbing what is sent.
	askPause = 200 * time.Millisecond
)

// askGroups asks about all groups of the account, each once, until ctx ends.
func (a *Adapter) askGroups(ctx context.Context, in chat.Inbox) {
	asked := map[chat.ChatID]bool{}
	for {
		groups, err := in.Groups(ctx)
		if err != nil && ctx.Err() == nil {
			a.o.Log.Warn("the groups of the account could not be read", "account", a.o.ID, "error", err)
		}
		pause := askGroupsEvery
		for _, g := range groups {
			id := g.ID.Group()
			if asked[id] {
				continue
			}
			if err := a.askGroup(ctx, in, g); err != nil {
				if ctx.Err() == nil {
					a.o.Log.Warn("what the bot may do in a group could not be asked", "account", a.o.ID, "error", err)
				}
				pause = max(pause, restOf(err))
				break
			}
			asked[id] = true
			if !wait(ctx, askPause) {
				return
			}
		}
		if !wait(ctx, pause) {
			return
		}
	}
}

// askGroup finds out what the bot may do in a group.
func (a *Adapter) askGroup(ctx context.Context, in chat.Inbox, known chat.Group) error {
	group := known.ID.Group()
	number, _, err := number(group)
	if err != nil {
		return nil // no group of Telegram's: sending tells
	}
	a.mu.Lock()
	me := a.me.ID
	a.mu.Unlock()
	var about struct {
		Title       string `json:"title"`
		Permissions struct {
			CanSend *bool `json:"can_send_messages"`
		} `json:"permissions"`
	}
	var m membership
	err = a.ask(ctx, "getChat", map[string]int64{"chat_id": number}, &about)
	if err == nil {
		err = a.ask(ctx, "getChatMember", map[string]int64{"chat_id": number, "user_id": me}, &m)
	}
	now := time.Now()
	ev := chat.Event{Account: a.o.ID, At: now, Chat: group, Title: cmp.Or(about.Title, known.Title)}
	admin := m.Status == "creator" || m.Status == "administrator"
	switch class := chat.ClassOf(err); {
	case err != nil && class == chat.ChatMoved:
		ev.Kind, ev.To = chat.Moved, movedTo(err)
	case err != nil && class != chat.ChatGone && class != chat.Forbidden:
		return err
	case err != nil, !m.present():
		if !known.Removed {
			ev.Kind = chat.Removed
		}
	case !admin && (m.mute() || about.Permissions.CanSend != nil && !*about.Permissions.CanSend):
		ev.Kind = chat.Muted
	case known.Removed:
		ev.Kind = chat.Added
	}
	if err := a.promoted(ctx, in, group, admin); err != nil || ev.Kind == "" {
		return err
	}
	ev.Key = "s" + string(group) + ":" + string(ev.Kind) + ":" + strconv.FormatInt(now.UnixMilli(), 10)
	return in.Accept(ctx, "", ev)
}

// ask makes a request; its error has a class.
func (a *Adapter) ask(ctx context.Context, method string, params map[string]int64, result any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	text, err := json.Marshal(params)
	if err != nil {
		return err
	}
	return classed(a.client.call(ctx, method, text, result))
}
