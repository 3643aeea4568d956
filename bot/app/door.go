package app

import (
	"context"
	"fmt"
	"strings"

	room "branchbot/adapters/web"
	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/bot/web"
	"branchbot/store"
)

// door lets people into the browser rooms; see room.Door.
type door struct {
	bot     *Bot
	account chat.AccountID
}

// personaPrefix makes the user ids of the sample's people from their staff
// numbers.
const personaPrefix = "staff:"

func (d *door) Redeem(_ context.Context, code string, user chat.UserID, browser string) (ok bool, err error) {
	f := d.bot.features.members
	err = d.bot.db.Read(func(tx *store.Tx) error { // most that is tried is wrong: it keeps nobody from writing
		ok, err = roster.IsCode(tx, code)
		return err
	})
	if err != nil || !ok {
		return false, err
	}
	err = d.bot.db.Write(func(tx *store.Tx) error {
		ok = false
		if err := f.SweepRooms(tx); err != nil {
			return err
		}
		m, proof, err := f.Redeem(tx, code)
		if err != nil || m == nil {
			return err
		}
		ok, proof.Browser = true, browser
		return f.Bind(tx, d.account, user, m.ID, room.PrivateChat(user), proof)
	})
	return ok && err == nil, err
}

func (d *door) Name(_ context.Context, user chat.UserID) (name string, err error) {
	err = d.bot.db.Read(func(tx *store.Tx) error {
		m, err := d.bot.features.directory.Who(tx, d.account, user)
		if m != nil {
			name = m.Name
		}
		return err
	})
	return name, err
}

func (d *door) Session(ctx context.Context, user chat.UserID, browser string) (name string, err error) {
	dir := d.bot.features.directory
	var over, note bool
	err = d.bot.db.Read(func(tx *store.Tx) error {
		over, note, err = dir.Over(tx, d.account, user)
		return err
	})
	if err != nil || !over && !note {
		if err == nil {
			name, err = d.Name(ctx, user)
		}
		return name, err
	}
	err = d.bot.db.Write(func(tx *store.Tx) error {
		if over {
			return dir.LeaveRoom(tx, d.account, user, "over")
		}
		return dir.SawRoom(tx, d.account, user, browser)
	})
	if err != nil {
		return "", err
	}
	return d.Name(ctx, user)
}

// Leave ends the room's session, and with it what it opened of the pages in the same
// browser: at a machine that others use, too, nothing may stay open.
func (d *door) Leave(_ context.Context, user chat.UserID) error {
	dir := d.bot.features.directory
	return d.bot.db.Write(func(tx *store.Tx) error {
		room, err := dir.Room(tx, d.account, user)
		if err == nil && room != nil {
			err = web.EndIn(tx, room.ID, room.Browser)
		}
		if err != nil {
			return err
		}
		return dir.LeaveRoom(tx, d.account, user, "left")
	})
}

func (d *door) Version(context.Context) (n int64, err error) {
	err = d.bot.db.Read(func(tx *store.Tx) error {
		n, err = d.bot.features.directory.Version(tx)
		return err
	})
	return n, err
}

// Rooms are the group chats of this account whose unit has the user on its
// roster, or in which he has a role.
func (d *door) Rooms(_ context.Context, user chat.UserID) (rooms []room.Room, err error) {
	dir := d.bot.features.directory
	err = d.bot.db.Read(func(tx *store.Tx) error {
		m, err := dir.Who(tx, d.account, user)
		if err != nil || m == nil {
			return err
		}
		chats, err := roster.Chats(tx, d.account)
		if err != nil {
			return err
		}
		for _, c := range chats {
			role, err := dir.Role(tx, m, c.Unit)
			if err != nil {
				return err
			}
			if role >= engine.OnRoster {
				rooms = append(rooms, room.Room{ID: c.Chat, Title: c.Title})
			}
		}
		return nil
	})
	return rooms, err
}

func (d *door) Pages(_ context.Context, user chat.UserID) (key string, err error) {
	err = d.bot.db.Write(func(tx *store.Tx) error {
		m, err := d.bot.features.directory.Who(tx, d.account, user)
		if err != nil {
			return err
		}
		if m == nil {
			return fmt.Errorf("user %s is no member's any more", user)
		}
		opened, err := d.bot.features.directory.Binding(tx, d.account, user)
		if err != nil {
			return err
		}
		key, err = web.Key(tx, m.ID, opened, false)
		return err
	})
	return key, err
}

func (d *door) Personas(context.Context) (people []room.Persona, err error) {
	err = d.bot.db.Read(func(tx *store.Tx) error {
		for _, u := range d.bot.settings.Units {
			for _, c := range u.Members {
				p := room.Persona{User: chat.UserID(personaPrefix + c.Staff), Name: c.Name}
				m, err := d.bot.features.directory.Who(tx, d.account, p.User)
				if err != nil {
					return err
				}
				if m == nil {
					continue // no longer on the roster
				}
				p.Secretary = len(c.Roles) > 0 && strings.Contains(strings.Join(c.Roles, " "), "secretary")
				people = append(people, p)
			}
		}
		return nil
	})
	return people, err
}

// adopt lets what was bound in the room before account_binding knew of sessions be one,
// so that it is listed and can be ended.
func (d *door) adopt(tx *store.Tx) error {
	_, err := tx.Exec(`UPDATE account_binding SET seen_at = $1 WHERE account = $2 AND how = 'before' AND seen_at = 0 AND ended_at IS NULL
		AND user_id NOT LIKE $3`, tx.Millis(), d.account, personaPrefix+"%")
	return err
}

// bindPersonas makes every member of the configuration a user of the room.
func (d *door) bindPersonas(tx *store.Tx, units []roster.UnitConfig) error {
	for _, u := range units {
		for _, c := range u.Members {
			user := chat.UserID(personaPrefix + c.Staff)
			if err := d.bot.bindStaff(tx, d.account, c.Staff, user, room.PrivateChat(user)); err != nil {
				return err
			}
		}
	}
	return nil
}
