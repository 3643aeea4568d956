package member

import (
	"fmt"
	"strings"

	"branchbot/bot/chat"
	"branchbot/store"
)

// UnitConfig is a unit as the configuration describes it.
type UnitConfig struct {
	ID       string         `yaml:"id"`
	Name     string         `yaml:"name"`
	Kind     string         `yaml:"kind"`   // branch unless set
	Parent   string         `yaml:"parent"` // id of the unit above
	Timezone string         `yaml:"timezone"`
	Language string         `yaml:"language"`
	Chats    []string       `yaml:"chats"` // account:chat
	Members  []MemberConfig `yaml:"members"`
}

// MemberConfig is a member as the configuration describes him.
type MemberConfig struct {
	Name     string   `yaml:"name"`
	Staff    string   `yaml:"staff"`
	Status   string   `yaml:"status"`    // full unless set
	JoinedOn string   `yaml:"joined_on"` // 2006-01-02
	Roles    []string `yaml:"roles"`
	Phone    string   `yaml:"phone"` // for urgent notices
}

// Setup brings the units, chats and members of the configuration into the
// database. What it does not name (imported members, bound chats) stays.
func (d *Directory) Setup(tx *store.Tx, units []UnitConfig) error {
	d.Changed(tx)
	for _, u := range units { // parents first: the configuration is checked for it
		var parent any
		if u.Parent != "" {
			parent = u.Parent
		}
		_, err := tx.Exec(`INSERT INTO unit (id, parent, kind, name, zone, language) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, kind = excluded.kind, name = excluded.name,
			zone = excluded.zone, language = excluded.language`, u.ID, parent, u.Kind, u.Name, u.Timezone, u.Language)
		if err != nil {
			return fmt.Errorf("unit %s: %w", u.ID, err)
		}
		for _, c := range u.Chats {
			id, in, _ := strings.Cut(c, ":")
			if err := bindChat(tx, chat.AccountID(id), chat.ChatID(in), u.ID, u.Name); err != nil {
				return fmt.Errorf("chat %s: %w", c, err)
			}
		}
		for _, m := range u.Members {
			p := Person{Staff: m.Staff, Name: m.Name, Unit: u.ID, Status: m.Status, JoinedOn: m.JoinedOn, Roles: m.Roles, Phone: m.Phone}
			if err := p.save(tx, "config"); err != nil {
				return fmt.Errorf("member %s: %w", m.Staff, err)
			}
		}
	}
	return nil
}

// BindChat binds a group chat in which the bot can write to a unit.
func (d *Directory) BindChat(tx *store.Tx, id chat.AccountID, in chat.ChatID, unit, title string) error {
	d.Changed(tx)
	if err := bindChat(tx, id, in, unit, title); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE chat SET state = '' WHERE account = $1 AND chat = $2`, id, in)
	return err
}

func bindChat(tx *store.Tx, id chat.AccountID, in chat.ChatID, unit, title string) error {
	_, err := tx.Exec(`INSERT INTO chat (account, chat, unit, title, bound_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, chat) DO UPDATE SET unit = excluded.unit`, id, in, unit, title, tx.Millis())
	return err
}

// Bind binds a platform account to a member.
func (d *Directory) Bind(tx *store.Tx, id chat.AccountID, user chat.UserID, member int64, private chat.ChatID) error {
	d.Changed(tx)
	_, err := tx.Exec(`INSERT INTO identity (account, user_id, member, private_chat, bound_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, user_id) DO UPDATE SET member = excluded.member, bound_at = excluded.bound_at`,
		id, user, member, private, tx.Millis())
	return err
}
