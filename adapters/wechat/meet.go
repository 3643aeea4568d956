package wechat

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/eatmoreapple/openwechat"

	"branchbot/bot/chat"
)

// batchContacts is how many groups or people one request may ask for.
const batchContacts = 50

// meetAll finds out at the beginning of a session who is there.
func (a *Adapter) meetAll(ctx context.Context, s *session, b *book, hello *openwechat.WebInitResponse) error {
	contacts, err := s.caller.WebWxGetContact(ctx, s.Login)
	if err != nil {
		return fmt.Errorf("fetch the contacts: %w", err)
	}
	all := []friend{}
	rooms := map[string]bool{}
	for _, u := range present(contacts) {
		switch {
		case isRoom(u.UserName):
			rooms[u.UserName] = true
		case isFriend(u) && u.UserName != s.self.UserName:
			all = append(all, friendOf(u))
		}
	}
	for _, u := range present(hello.ContactList) {
		if isRoom(u.UserName) {
			rooms[u.UserName] = true
		}
	}
	for at := range strings.SplitSeq(hello.ChatSet, ",") {
		if isRoom(at) {
			rooms[at] = true
		}
	}
	groups, err := a.fetchRooms(ctx, s, slices.Sorted(maps.Keys(rooms)))
	if err != nil {
		return err
	}
	slices.SortFunc(groups, func(x, y *group) int { return strings.Compare(x.Title, y.Title) })
	b.meet(groups, all)
	return nil
}

// fetchRooms asks for groups with their members. A group without any is left
// out: taken for what it is said to be, it could never be recognised.
func (a *Adapter) fetchRooms(ctx context.Context, s *session, rooms []string) ([]*group, error) {
	var out []*group
	for some := range slices.Chunk(rooms, batchContacts) {
		var ask openwechat.Members
		for _, at := range some {
			ask = append(ask, &openwechat.User{UserName: at})
		}
		list, err := s.caller.WebWxBatchGetContact(ctx, ask, s.Request)
		if err != nil {
			return nil, fmt.Errorf("fetch groups: %w", err)
		}
		for _, u := range present(list) {
			if g := s.groupOf(u); g != nil {
				out = append(out, g)
				s.refreshed[g.At] = a.Now()
			}
		}
	}
	return out, nil
}

// groupOf reads a group; nil when it is none or shows nobody.
func (s *session) groupOf(u *openwechat.User) *group {
	if !isRoom(u.UserName) || len(u.MemberList) == 0 {
		return nil
	}
	g := &group{At: u.UserName, Title: name(u.NickName), partial: u.MemberCount == 0 || len(u.MemberList) < u.MemberCount}
	for _, m := range present(u.MemberList) {
		if m.UserName != s.self.UserName {
			g.Members = append(g.Members, member{At: m.UserName, Nick: name(m.NickName), Display: name(m.DisplayName)})
			continue
		}
		s.mu.Lock()
		s.names[u.UserName] = name(m.DisplayName)
		s.mu.Unlock()
	}
	return g
}

func isFriend(u *openwechat.User) bool { return isPerson(u.UserName) && u.VerifyFlag == 0 }

func friendOf(u *openwechat.User) friend {
	return friend{At: u.UserName, Nick: name(u.NickName), Remark: name(u.RemarkName), Alias: u.Alias}
}

// meetRooms takes in the present state of groups.
func (a *Adapter) meetRooms(ctx context.Context, s *session, rooms []string) error {
	groups, err := a.fetchRooms(ctx, s, rooms)
	if err != nil {
		return a.tolerated(s, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.book.meet(groups, nil)
	return nil
}

// tolerated is nil for an answer that only says no to this question: what
// cannot be found out must not stop the messages that can be read.
func (a *Adapter) tolerated(s *session, err error) error {
	var ret openwechat.Ret
	if errors.As(err, &ret) && !ends(ret) && ret != retSystem {
		a.Log.Warn("wechat contacts refused", "account", a.Options.ID, "ret", int(ret))
		return nil
	}
	return s.check(err)
}

// meetChanged takes in what the server says by itself.
func (a *Adapter) meetChanged(ctx context.Context, s *session, changed []*openwechat.User) error {
	var groups []*group
	var ask []string
	for _, u := range changed {
		switch {
		case isRoom(u.UserName) && len(u.MemberList) > 0:
			groups = append(groups, s.groupOf(u))
		case isRoom(u.UserName):
			ask = append(ask, u.UserName)
		case isFriend(u) && u.UserName != s.self.UserName:
			a.mu.Lock()
			a.book.befriend(friendOf(u))
			a.mu.Unlock()
		}
	}
	a.mu.Lock()
	a.book.meet(groups, nil)
	a.mu.Unlock()
	if len(ask) > 0 {
		return a.meetRooms(ctx, s, ask)
	}
	return nil
}

// meetRecent takes in the groups that the phone says are in use; those that
// were not saved to the address book are known from here only.
func (a *Adapter) meetRecent(ctx context.Context, s *session, m *openwechat.Message) error {
	var unknown []string
	a.mu.Lock()
	for at := range strings.SplitSeq(m.StatusNotifyUserName, ",") {
		if isRoom(at) && a.book.chats[at] == "" {
			unknown = append(unknown, at)
		}
	}
	a.mu.Unlock()
	if len(unknown) == 0 {
		return nil
	}
	return a.meetRooms(ctx, s, unknown)
}

// refreshEvery is how old a group's list of members may be when somebody speaks
// there: people change their names, and the server does not always say so.
const refreshEvery = 24 * time.Hour

// groupAt is the group of a message, with its author in it; errUnknown while the
// server does not tell. The caller may read it until it lets go of ctx's batch:
// a group in the book is replaced, never changed.
func (a *Adapter) groupAt(ctx context.Context, s *session, room, author string) (*group, error) {
	complete := func() (*group, bool) {
		a.mu.Lock()
		defer a.mu.Unlock()
		g := a.book.groupAt(room)
		if g == nil {
			return nil, false
		}
		_, ok := g.memberAt(author)
		return g, ok || author == ""
	}
	g, ok := complete()
	fresh := a.Now().Sub(s.refreshed[room]) < refreshEvery
	if ok && fresh {
		return g, nil
	}
	if s.mayAsk(room, a.Now()) {
		if !fresh {
			s.refreshed[room] = a.Now() // once a day, whatever comes of it
		}
		if err := a.meetRooms(ctx, s, []string{room}); err != nil {
			return nil, err
		}
		if g, ok = complete(); g == nil {
			s.inVain(room, a.Now())
		}
	}
	switch {
	case ok:
		delete(s.asks, room)
		return g, nil
	case g == nil && !s.mustDo(room):
		return nil, errUnknown
	case g == nil:
		a.Log.Warn("wechat group without its members", "account", a.Options.ID)
		g = &group{}
	}
	// The server shows an author whom its list does not: a member without a name.
	// Or it shows nobody: then the ids must do.
	delete(s.asks, room)
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := &group{At: room, Title: g.Title, partial: true}
	if author != "" {
		seen.Members = []member{{At: author}}
	}
	a.book.meet([]*group{seen}, nil)
	return a.book.groupAt(room), nil
}

// friendAt is the friend who wrote; errUnknown while the server does not tell,
// nobody when it is no person.
func (a *Adapter) friendAt(ctx context.Context, s *session, at string) (friend, error) {
	a.mu.Lock()
	f, ok := a.book.friendAt(at)
	a.mu.Unlock()
	if ok {
		return f, nil
	}
	if s.mayAsk(at, a.Now()) {
		list, err := s.caller.WebWxBatchGetContact(ctx, openwechat.Members{{UserName: at}}, s.Request)
		if err != nil {
			if err = a.tolerated(s, fmt.Errorf("fetch a friend: %w", err)); err != nil {
				return friend{}, err
			}
		}
		i := slices.IndexFunc(present(list), func(u *openwechat.User) bool { return u.UserName == at })
		switch {
		case i < 0:
			s.inVain(at, a.Now())
		case !isFriend(present(list)[i]): // e.g. a public account
			return friend{}, nil
		default:
			f = friendOf(present(list)[i])
		}
	}
	if f.At == "" {
		if !s.mustDo(at) {
			return friend{}, errUnknown
		}
		a.Log.Warn("wechat friend without a name", "account", a.Options.ID)
		f = friend{At: at}
	}
	delete(s.asks, at)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.book.befriend(f)
	f, _ = a.book.friendAt(at)
	return f, nil
}

// keepBook stores what has changed in the book.
func (a *Adapter) keepBook(ctx context.Context, shelf chat.Shelf) error {
	a.mu.Lock()
	changed := a.book.records()
	a.mu.Unlock()
	for key, record := range changed {
		var err error
		if record == nil {
			err = shelf.Delete(ctx, key)
		} else {
			err = put(ctx, shelf, key, record)
		}
		if err != nil {
			a.mu.Lock()
			a.book.putBack(changed)
			a.mu.Unlock()
			return err
		}
	}
	return nil
}
