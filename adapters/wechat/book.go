package wechat

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"branchbot/bot/chat"
)

// member is somebody in a group.
type member struct {
	User    chat.UserID `json:"user"`
	At      string      `json:"at"` // id in the session of the record
	Nick    string      `json:"nick,omitempty"`
	Display string      `json:"display,omitempty"` // 群昵称
}

// shown is the name that the group sees.
func (m member) shown() string {
	if name := squeeze(m.Display); name != "" {
		return name
	}
	return squeeze(m.Nick)
}

// group is what is kept of a group: as it was when it was last seen.
type group struct {
	Session string      `json:"session"` // in which it was seen
	Chat    chat.ChatID `json:"chat"`
	At      string      `json:"at"`
	Title   string      `json:"title"`
	Members []member    `json:"members"`
	Gone    bool        `json:"gone,omitempty"` // the bot was taken out of it

	partial bool // more members exist than were shown
}

// friend is what is kept of a friend.
type friend struct {
	User   chat.UserID `json:"user"`
	At     string      `json:"at"`
	Nick   string      `json:"nick,omitempty"`
	Remark string      `json:"remark,omitempty"` // 备注
	Alias  string      `json:"alias,omitempty"`  // 微信号
}

func (f friend) shown() string {
	if name := squeeze(f.Remark); name != "" {
		return name
	}
	return squeeze(f.Nick)
}

// friends are all of them, in one record.
type friends struct {
	Session string   `json:"session"`
	List    []friend `json:"list"`
}

// Doubt is a group or person that got a new lasting id although it may be one
// that was there before. Nothing was merged: a person decides.
type Doubt struct {
	Chat chat.ChatID `json:"chat,omitempty"` // the group that is new, or in which the person is; "" = a friend
	User chat.UserID `json:"user,omitempty"` // "" when the group is in doubt
	Name string      `json:"name"`           // of the person or group, untrusted
	// WasUsers, WasChats are who or what it may have been.
	WasUsers []chat.UserID `json:"was_users,omitempty"`
	WasChats []chat.ChatID `json:"was_chats,omitempty"`
}

// doubts are those of one session, in one record.
type doubts struct {
	Session string  `json:"session"`
	List    []Doubt `json:"list"`
}

// Doubts are the groups and persons of the present session that were not
// recognised although they may have been there before; the secretary binds
// them anew. They lie on the shelf, where any process can read them.
func Doubts(ctx context.Context, shelf chat.Shelf) ([]Doubt, error) {
	var now saved
	var d doubts
	if err := errors.Join(get(ctx, shelf, sessionKey, &now), get(ctx, shelf, doubtsKey, &d)); err != nil {
		return nil, err
	}
	if d.Session != now.IDs { // they were about ids that are gone
		return nil, nil
	}
	return d.List, nil
}

// Keys of the shelf.
const (
	friendsKey  = "friends"
	doubtsKey   = "doubts"
	groupPrefix = "group/"
	allGroups   = 100_000 // List wants a limit
)

// book knows the lasting ids. The adapter's mu guards it.
type book struct {
	session string // the present one
	groups  map[chat.ChatID]*group
	friends friends
	users   map[string]chat.UserID // of this session
	chats   map[string]chat.ChatID // of this session
	doubts  doubts
	newID   func(prefix string) string

	changed map[string]any // shelf records to be stored; nil = to be deleted
}

// randomID is unique without a counter that would have to be stored first.
func randomID(prefix string) string { return prefix + strings.ToLower(rand.Text()[:16]) }

// openBook reads what earlier sessions and this one have left on the shelf.
func openBook(ctx context.Context, shelf chat.Shelf, session string, newID func(string) string) (*book, error) {
	b := &book{session: session, groups: map[chat.ChatID]*group{}, users: map[string]chat.UserID{},
		chats: map[string]chat.ChatID{}, newID: newID, changed: map[string]any{}}
	items, err := shelf.List(ctx, groupPrefix, allGroups)
	if err != nil {
		return nil, fmt.Errorf("read the groups: %w", err)
	}
	for _, item := range items {
		var g group
		if err := json.Unmarshal(item.Value, &g); err != nil {
			return nil, fmt.Errorf("read a group: %w", err)
		}
		b.groups[g.Chat] = &g
		if g.Session == session {
			b.chats[g.At] = g.Chat
			for _, m := range g.Members {
				b.users[m.At] = m.User
			}
		}
	}
	if err := get(ctx, shelf, friendsKey, &b.friends); err != nil {
		return nil, err
	}
	if b.friends.Session == session {
		for _, f := range b.friends.List {
			b.users[f.At] = f.User
		}
	}
	if err := get(ctx, shelf, doubtsKey, &b.doubts); err != nil {
		return nil, err
	}
	if b.doubts.Session != session { // they were about ids that are gone
		b.doubts = doubts{Session: session}
	}
	return b, nil
}

// get reads a record of the shelf; nothing happens when there is none.
func get(ctx context.Context, shelf chat.Shelf, key string, to any) error {
	value, err := shelf.Get(ctx, key)
	if err == nil && value != nil {
		err = json.Unmarshal(value, to)
	}
	if err != nil {
		return fmt.Errorf("read %s from the shelf: %w", key, err)
	}
	return nil
}

// records are the changes to be stored, taken out of the book.
func (b *book) records() map[string]any {
	changed := b.changed
	b.changed = map[string]any{}
	return changed
}

// putBack returns records that could not be stored.
func (b *book) putBack(records map[string]any) {
	for key, record := range records {
		if _, newer := b.changed[key]; !newer {
			b.changed[key] = record
		}
	}
}

func groupKey(id chat.ChatID) string { return groupPrefix + string(id) }

// meet takes in what the session shows: groups with their members, and all
// friends (nil: nothing about friends).
func (b *book) meet(groups []*group, all []friend) {
	b.meetGroups(groups)
	before, now := b.before(all != nil), map[string][]evidence{}
	for _, g := range groups {
		for _, m := range g.Members {
			now[m.At] = append(now[m.At], m.names(g.Chat)...)
		}
	}
	for _, f := range all {
		now[f.At] = append(now[f.At], f.evidence()...)
	}
	r := recognise(before, now, b.users)
	for _, g := range groups {
		for i := range g.Members {
			m := &g.Members[i]
			m.User = b.user(m.At, r, Doubt{Chat: g.Chat, Name: m.shown()})
		}
		b.keep(g)
	}
	for i := range all {
		f := &all[i]
		f.User = b.user(f.At, r, Doubt{Name: f.shown()})
	}
	if all != nil && (b.friends.Session != b.session || !slices.Equal(b.friends.List, all)) {
		b.friends = friends{Session: b.session, List: all}
		b.changed[friendsKey] = b.friends
	}
}

// befriend takes in one friend who came later.
func (b *book) befriend(f friend) {
	f.User = b.user(f.At, recognition{}, Doubt{})
	list := slices.DeleteFunc(slices.Clone(b.friends.List), func(old friend) bool { return old.At == f.At })
	b.friends = friends{Session: b.session, List: append(list, f)}
	b.changed[friendsKey] = b.friends
}

// before is the evidence of the persons of earlier sessions.
func (b *book) before(ofFriends bool) map[chat.UserID][]evidence {
	out := map[chat.UserID][]evidence{}
	for _, g := range b.groups {
		if g.Session == b.session {
			continue
		}
		for _, m := range g.Members {
			out[m.User] = append(out[m.User], m.names(g.Chat)...)
		}
	}
	if ofFriends && b.friends.Session != b.session {
		for _, f := range b.friends.List {
			out[f.User] = append(out[f.User], f.evidence()...)
		}
	}
	return out
}

// user is the lasting id of a person; a new one when the session's id is new
// and nobody was recognised.
func (b *book) user(at string, r recognition, d Doubt) chat.UserID {
	if id := b.users[at]; id != "" {
		return id
	}
	id, ok := r.same[at]
	if !ok {
		id = chat.UserID(b.newID("u-"))
		if was := r.doubt[at]; len(was) > 0 {
			d.User, d.WasUsers = id, was
			b.doubtful(d)
		}
	}
	b.users[at] = id
	return id
}

func (b *book) doubtful(d Doubt) {
	b.doubts.List = append(b.doubts.List, d)
	b.changed[doubtsKey] = b.doubts
}

// meetGroups gives the groups their lasting ids.
func (b *book) meetGroups(groups []*group) {
	var unknown, before []*group
	for _, g := range groups {
		if g.Chat = b.chats[g.At]; g.Chat == "" {
			unknown = append(unknown, g)
		}
	}
	if len(unknown) == 0 {
		return
	}
	for _, g := range b.groups {
		if g.Session != b.session {
			before = append(before, g)
		}
	}
	slices.SortFunc(before, func(x, y *group) int { return strings.Compare(string(x.Chat), string(y.Chat)) })
	r := recogniseGroups(before, unknown)
	for i, g := range unknown {
		id, ok := r.same[i]
		if !ok {
			id = chat.ChatID(b.newID("g-"))
			if was := r.doubt[i]; len(was) > 0 {
				b.doubtful(Doubt{Chat: id, Name: g.Title, WasChats: was})
			}
		}
		g.Chat, b.chats[g.At] = id, id
	}
	// Were they looked for again, each later login would be in doubt about them.
	for _, id := range r.spent {
		delete(b.groups, id)
		b.changed[groupKey(id)] = nil
	}
}

// keep makes a group's present state the one that is stored.
func (b *book) keep(g *group) {
	g.Session = b.session
	old := b.groups[g.Chat]
	g.Gone = old != nil && old.Gone // a list of members does not tell
	if old != nil && old.Session == b.session && g.partial {
		for _, m := range old.Members {
			if !slices.ContainsFunc(g.Members, func(n member) bool { return n.At == m.At }) {
				g.Members = append(g.Members, m)
			}
		}
	}
	g.partial = false
	if old != nil && old.Session == g.Session && old.At == g.At && old.Title == g.Title && slices.Equal(old.Members, g.Members) {
		return
	}
	b.groups[g.Chat] = g
	b.changed[groupKey(g.Chat)] = g
}

// leave notes that the bot was taken out of a group, or is in it.
func (b *book) leave(id chat.ChatID, gone bool) {
	old := b.groups[id]
	if old == nil || old.Gone == gone {
		return
	}
	g := *old // it is replaced, never changed
	g.Gone = gone
	b.groups[id] = &g
	b.changed[groupKey(id)] = &g
}

// with are the groups of this session in which a person is with the bot.
func (b *book) with(user chat.UserID) []chat.ChatID {
	var ids []chat.ChatID
	for id, g := range b.groups {
		if g.Session == b.session && !g.Gone && slices.ContainsFunc(g.Members, func(m member) bool { return m.User == user }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// groupAt is a group of this session by its id on the wire.
func (b *book) groupAt(at string) *group {
	if id := b.chats[at]; id != "" {
		return b.groups[id]
	}
	return nil
}

// memberAt is a member by his id on the wire.
func (g *group) memberAt(at string) (member, bool) {
	i := slices.IndexFunc(g.Members, func(m member) bool { return m.At == at })
	if i < 0 {
		return member{}, false
	}
	return g.Members[i], true
}

// named is the only member who is shown under this name.
func (g *group) named(name string) (found member, ok bool) {
	for _, m := range g.Members {
		if m.shown() == squeeze(name) {
			if ok {
				return member{}, false
			}
			found, ok = m, true
		}
	}
	return found, ok
}

// friendAt is a friend of this session by his id on the wire.
func (b *book) friendAt(at string) (friend, bool) {
	if b.friends.Session != b.session {
		return friend{}, false
	}
	i := slices.IndexFunc(b.friends.List, func(f friend) bool { return f.At == at })
	if i < 0 {
		return friend{}, false
	}
	return b.friends.List[i], true
}

// friendOf is a friend of this session by his lasting id.
func (b *book) friendOf(id chat.UserID) (friend, bool) {
	if b.friends.Session != b.session {
		return friend{}, false
	}
	i := slices.IndexFunc(b.friends.List, func(f friend) bool { return f.User == id })
	if i < 0 {
		return friend{}, false
	}
	return b.friends.List[i], true
}
