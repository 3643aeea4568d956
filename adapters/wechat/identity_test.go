package wechat

import (
	"fmt"
	"slices"
	"testing"

	"branchbot/adapters/wechat/wechattest"
	"branchbot/bot/chat"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// After a login in which every id on the wire is new, those who can be told
// apart are who they were, and those who cannot are new.
func TestReloginWithAllIDsChanged(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	people := []string{"zhang", "li", "wang", "zhao", "qian"}
	before := map[string]chat.Event{}
	for _, p := range people {
		before[p] = b.says("branch", p, "A")
	}
	private := b.says("", "zhang", "/积分")
	if private.From.ID != before["zhang"].From.ID {
		t.Errorf("in private %s, in the group %s", private.From.ID, before["zhang"].From.ID)
	}
	at := b.srv.At("li")
	b.relogin(func() {})
	if b.srv.At("li") == at {
		t.Fatal("the ids on the wire are the same")
	}
	for _, p := range people {
		now := b.says("branch", p, "B")
		if now.Chat != before[p].Chat {
			t.Errorf("%s writes in %s, before in %s", p, now.Chat, before[p].Chat)
		}
		namesake := p == "zhao" || p == "qian" // both are called 平安是福
		if same := now.From.ID == before[p].From.ID; same == namesake {
			t.Errorf("%s is %s, before %s", p, now.From.ID, before[p].From.ID)
		}
	}
	if now := b.says("", "zhang", "/积分"); now.From != private.From || now.Chat != private.Chat {
		t.Errorf("in private %+v in %s, before %+v in %s", now.From, now.Chat, private.From, private.Chat)
	}
	was := []chat.UserID{before["qian"].From.ID, before["zhao"].From.ID}
	slices.Sort(was)
	doubts := b.doubts()
	if len(doubts) != 2 {
		t.Fatalf("doubts: %+v", doubts)
	}
	for _, d := range doubts {
		slices.Sort(d.WasUsers)
		if d.Chat != private.Chat && d.Chat != before["li"].Chat || d.Name != "平安是福" || !slices.Equal(d.WasUsers, was) {
			t.Errorf("doubt %+v, want one of %v", d, was)
		}
	}
	states := b.in.States()
	if want := "重新登录后，有 0 个群、2 位成员认不准，已按新的登记。请在群里用 /绑定，或请成员重新 /加入。"; states[len(states)-1].Detail != want {
		t.Errorf("the state says %q", states[len(states)-1].Detail)
	}
	b.restart(func() {}) // a hot login: the doubts are still there
	if diff := cmp.Diff(doubts, b.doubts()); diff != "" {
		t.Errorf("doubts after a restart (-want +got)\n%s", diff)
	}
	if now := b.says("branch", "zhao", "C"); now.From.ID == before["zhao"].From.ID || now.From.Name != "平安是福" {
		t.Errorf("after a restart %+v", now.From)
	}
	b.relogin(func() {})
	if n := len(b.doubts()); n != 2 {
		t.Errorf("after another login there are %d doubts, want its own 2", n)
	}
}

// Two people whose names differ at first and are the same at the next login,
// and the other way round.
func TestNamesThatComeToBeTheSame(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	li, zhao := b.says("branch", "li", "A"), b.says("branch", "zhao", "A")
	b.relogin(func() {
		g := branch()
		g.Members[1].Display = "平安是福" // 李四, still with his own nickname
		g.Members[3].Display = "赵六"
		g.Members[4].Nick = "钱七"
		b.srv.ChangeGroup(g)
	})
	if now := b.says("branch", "li", "B"); now.From.ID != li.From.ID {
		t.Error("李四 has kept his nickname, nobody else bears it")
	}
	if now := b.says("branch", "zhao", "B"); now.From.ID == zhao.From.ID {
		t.Error("赵六's only evidence is a name that two had")
	}
}

// One takes the name of another: whatever points to two persons points to none.
func TestContradiction(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	li, wang, sun := b.says("branch", "li", "A"), b.says("branch", "wang", "A"), b.says("second", "sun", "A")
	b.relogin(func() {
		g := branch()
		g.Members[1].Display = "王敏（书记）" // 李四 calls himself so
		g.Members[2].Display = "王敏"
		b.srv.ChangeGroup(g)
	})
	if now := b.says("branch", "li", "B"); now.From.ID == li.From.ID || now.From.ID == wang.From.ID {
		t.Errorf("who bears two people's names is %s", now.From.ID)
	}
	if now := b.says("branch", "wang", "B"); now.From.ID == li.From.ID || now.From.ID == wang.From.ID {
		t.Errorf("whose name another bears too is %s", now.From.ID)
	}
	if now := b.says("second", "sun", "B"); now.From.ID != sun.From.ID {
		t.Error("孙八 has nothing to do with it")
	}
}

// A hot login may find that all ids on the wire are others.
func TestHotLoginWithNewIDs(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	before := b.says("branch", "li", "A")
	b.restart(b.srv.ChangeIDs)
	if now := b.says("branch", "li", "B"); now.From != before.From || now.Chat != before.Chat {
		t.Errorf("%+v, before %+v", now, before)
	}
	if n := b.srv.Codes(); n != 1 {
		t.Errorf("%d codes were made", n)
	}
}

// A group is a group by title and members; in doubt it is a new one.
func TestGroupsAfterRelogin(t *testing.T) {
	t.Parallel()
	twin := wechattest.Group{ID: "twin", Title: "示范党支部", Members: branch().Members[:3]}
	for _, tc := range []struct {
		name  string
		early func(*wechattest.Server) // before the first login
		late  func(*wechattest.Server) // before the second
		same  bool
		doubt bool
	}{
		{"nothing has changed", nil, nil, true, false},
		{"a few have come", nil, func(s *wechattest.Server) {
			g := branch()
			g.Members = append(g.Members, wechattest.Member{ID: "x", Nick: "x"}, wechattest.Member{ID: "y", Nick: "y"})
			s.ChangeGroup(g)
		}, true, false},
		{"it was renamed", nil, func(s *wechattest.Server) {
			g := branch()
			g.Title = "新名字"
			s.ChangeGroup(g)
		}, false, true},
		{"others are in it", nil, func(s *wechattest.Server) {
			s.ChangeGroup(wechattest.Group{ID: "branch", Title: "示范党支部", Members: []wechattest.Member{
				{ID: "li", Nick: "李四"}, {ID: "a", Nick: "甲"}, {ID: "b", Nick: "乙"}, {ID: "c", Nick: "丙"}}})
		}, false, false},
		{"a twin was there before", func(s *wechattest.Server) { s.AddGroup(twin) }, nil, false, true},
		{"a twin is there now", nil, func(s *wechattest.Server) { s.AddGroup(twin) }, false, true},
		{"a twin was there before and is gone", func(s *wechattest.Server) { s.AddGroup(twin) },
			func(s *wechattest.Server) { s.DropGroup("twin") }, false, true},
		{"another of that title", func(s *wechattest.Server) {
			s.AddGroup(wechattest.Group{ID: "other", Title: "示范党支部", Members: []wechattest.Member{
				{ID: "a", Nick: "甲"}, {ID: "b", Nick: "乙"}, {ID: "c", Nick: "丙"}}})
		}, nil, true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(b *bench) {
				if tc.early != nil {
					tc.early(b.srv)
				}
			}).online()
			before := b.says("branch", "li", "A")
			b.relogin(func() {
				if tc.late != nil {
					tc.late(b.srv)
				}
			})
			now := b.says("branch", "li", "B")
			if same := now.Chat == before.Chat; same != tc.same {
				t.Errorf("the group is %s, before %s", now.Chat, before.Chat)
			}
			doubt := slices.ContainsFunc(b.doubts(), func(d Doubt) bool {
				return d.User == "" && d.Chat == now.Chat && slices.Contains(d.WasChats, before.Chat)
			})
			if doubt != tc.doubt {
				t.Errorf("doubts: %+v", b.doubts())
			}
			_, err := b.a.Send(t.Context(), before.Chat, chat.Part{Spans: []chat.Span{{Text: "x"}}})
			if tc.same != (err == nil) {
				t.Errorf("a message to the old id: %v", err)
			}
			// What was decided once is not in doubt at the next login.
			b.relogin(func() {})
			if again := b.says("branch", "li", "C"); tc.name != "a twin is there now" && tc.name != "a twin was there before" && again.Chat != now.Chat {
				t.Errorf("at the next login the group is %s, before %s", again.Chat, now.Chat)
			}
		})
	}
}

// A group that is not in the address book shows itself with its first message.
func TestUnlistedGroup(t *testing.T) {
	t.Parallel()
	hidden := branch()
	hidden.ID, hidden.Title, hidden.Unlisted = "hidden", "没有保存的群", true
	b := newBench(t, func(b *bench) { b.srv.AddGroup(hidden) }).online()
	before := b.says("hidden", "li", "A")
	b.relogin(func() {})
	if _, err := b.a.Send(t.Context(), before.Chat, chat.Part{Spans: []chat.Span{{Text: "x"}}}); chat.ClassOf(err) != chat.Temporary {
		t.Errorf("a message to a group that has not shown itself: %v", err)
	}
	b.srv.Recent("hidden", "branch")
	b.srv.WaitSynced(t)
	b.send(before.Chat, "现在可以了")
	if now := b.says("hidden", "li", "B"); now.Chat != before.Chat || now.From != before.From || now.Title != "没有保存的群" {
		t.Errorf("%+v, before %+v", now, before)
	}
}

// Within a session ids on the wire decide, whatever names become.
func TestNamesChangeWithinASession(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	li := b.says("branch", "li", "A")
	g := branch()
	g.Title, g.Members[1].Display, g.Members[2].Display = "改了名的群", "王敏（书记）", "李四"
	b.srv.SetGroup(g)
	now := b.says("branch", "li", "B")
	if now.From.ID != li.From.ID || now.Chat != li.Chat || now.From.Name != "王敏（书记）" || now.Title != "改了名的群" {
		t.Errorf("%+v", now)
	}
	b.relogin(func() {})
	if again := b.says("branch", "zhang", "C"); again.Chat != li.Chat {
		t.Error("a group that was renamed while the bot saw it is the same after a login")
	}
}

func TestNewMember(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	b.srv.Join("branch", wechattest.Member{ID: "xin", Nick: "新来的"})
	ev := b.says("branch", "xin", "A")
	if ev.From.Name != "新来的" {
		t.Errorf("%+v", ev.From)
	}
	b.relogin(func() {})
	if now := b.says("branch", "xin", "B"); now.From != ev.From {
		t.Errorf("%+v, before %+v", now.From, ev.From)
	}
	if d := b.doubts(); len(d) != 2 { // of 平安是福 twice
		t.Errorf("doubts: %+v", d)
	}
}

// Somebody of whom the server shows nothing but the id.
func TestNamelessMember(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	ev := b.says("branch", "ghost", "A")
	again := b.says("branch", "ghost", "B")
	if ev.From.ID == "" || ev.From != again.From || ev.From.Name != "" {
		t.Errorf("%+v, then %+v", ev.From, again.From)
	}
	li := b.says("branch", "li", "C")
	b.says("branch", "ghost", "D")
	b.relogin(func() {}) // the others are remembered all the same
	if now := b.says("branch", "li", "E"); now.From != li.From || now.From.Name != "李四" {
		t.Errorf("%+v, before %+v", now.From, li.From)
	}
}

func TestFriends(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(b *bench) {
		b.srv.AddFriend(wechattest.Person{ID: "a", Nick: "无备注"})
		b.srv.AddFriend(wechattest.Person{ID: "b", Nick: "x", Alias: "weixinhao"})
	}).online()
	byNick, byAlias := b.says("", "a", "1"), b.says("", "b", "1")
	b.srv.AddFriend(wechattest.Person{ID: "late", Nick: "y", Remark: "后加的"})
	late := b.says("", "late", "1")
	if late.From.Name != "后加的" || !late.Private || late.Chat != PrivateChat(late.From.ID) {
		t.Errorf("%+v", late)
	}
	b.relogin(func() {})
	if now := b.says("", "a", "2"); now.From.ID == byNick.From.ID {
		t.Error("a nickname alone is no evidence")
	}
	if now := b.says("", "b", "2"); now.From.ID != byAlias.From.ID {
		t.Error("not recognised by the WeChat number")
	}
	if now := b.says("", "late", "2"); now.From.ID != late.From.ID {
		t.Error("not recognised by the remark")
	}
	if _, err := b.a.Direct(t.Context(), b.says("branch", "li", "A").From.ID); chat.ClassOf(err) != chat.Unsupported {
		t.Errorf("a private chat with one who is no friend: %v", err)
	}
	if to, err := b.a.Direct(t.Context(), late.From.ID); err != nil || to != late.Chat {
		t.Errorf("the private chat is %s (%v)", to, err)
	}
	if _, err := b.a.Send(t.Context(), byNick.Chat, chat.Part{Spans: []chat.Span{{Text: "x"}}}); chat.ClassOf(err) != chat.ChatGone {
		t.Errorf("a message to an old private chat: %v", err)
	}
}

// The members of 40 branches, who all share some names: nobody is taken for
// another, whatever changes between two logins.
func TestNobodyIsTakenForAnother(t *testing.T) {
	t.Parallel()
	for seed := range 200 {
		before, truth := randomPeople(seed)
		now, renamed := shuffled(seed, truth)
		r := recognise(before, now, nil)
		for at, id := range r.same {
			if want := chat.UserID(at); id != want && !renamed[at] && !renamed[string(id)] {
				t.Fatalf("seed %d: %s is taken for %s", seed, at, id)
			}
		}
	}
}

// randomPeople has person n under the lasting id n, with evidence in groups.
func randomPeople(seed int) (map[chat.UserID][]evidence, map[string][]evidence) {
	before, truth := map[chat.UserID][]evidence{}, map[string][]evidence{}
	for n := range 30 {
		id := fmt.Sprint("p", n)
		for g := range 3 {
			if (n+g+seed)%2 == 0 {
				value := fmt.Sprint("name", (n*7+seed*3)%20)
				truth[id] = append(truth[id], evidence{"name", fmt.Sprint(g), value})
			}
		}
		before[chat.UserID(id)] = truth[id]
	}
	return before, truth
}

// shuffled leaves some out, adds some and gives some a new name.
func shuffled(seed int, truth map[string][]evidence) (map[string][]evidence, map[string]bool) {
	now, renamed := map[string][]evidence{}, map[string]bool{}
	for id, all := range truth {
		var n int
		_, _ = fmt.Sscanf(id, "p%d", &n)
		switch (n*13 + seed) % 6 {
		case 0: // has taken another name, perhaps somebody's
			renamed[id] = true
			for _, e := range all {
				now[id] = append(now[id], evidence{e.kind, e.in, fmt.Sprint("name", (n+seed)%25)})
			}
		case 1: // nobody sees him in the first group any more
			if len(all) > 1 {
				all = all[1:]
			}
			now[id] = all
		default:
			now[id] = all
		}
	}
	return now, renamed
}

func TestRecogniseGroupsNeedsTwoInCommon(t *testing.T) {
	t.Parallel()
	one := &group{Chat: "g-1", Title: "两人群", Members: []member{{Nick: "张三"}}}
	if r := recogniseGroups([]*group{one}, []*group{{Title: "两人群", Members: []member{{Nick: "张三"}}}}); len(r.same) != 0 {
		t.Errorf("%+v", r)
	}
}

// A group whose members the server does not show is not taken for a new one.
func TestBlankGroup(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	before := b.says("branch", "li", "A")
	b.relogin(func() {
		g := branch()
		g.Blank = true
		b.srv.ChangeGroup(g)
	})
	b.srv.Say("branch", "li", "此时不知道是谁在哪个群说的")
	b.says("second", "sun", "B")
	b.srv.SetGroup(branch())
	if now := b.says("branch", "li", "C"); now.Chat != before.Chat || now.From != before.From {
		t.Errorf("%+v, before %+v", now, before)
	}
}

func TestRecognise(t *testing.T) {
	t.Parallel()
	name := func(s string) evidence { return evidence{"name", "g", s} }
	remark := func(s string) evidence { return evidence{"remark", "", s} }
	type before = map[chat.UserID][]evidence
	type now = map[string][]evidence
	for _, tc := range []struct {
		name  string
		was   before
		is    now
		known map[string]chat.UserID
		same  map[string]chat.UserID
		doubt map[string][]chat.UserID
	}{
		{"one name", before{"A": {name("张")}}, now{"@a": {name("张")}}, nil, map[string]chat.UserID{"@a": "A"}, nil},
		{"nothing", before{"A": {name("张")}}, now{"@a": {name("李")}}, nil, nil, nil},
		{"no name", before{"A": {name("")}}, now{"@a": {name("")}}, nil, nil, nil},
		{"the place counts", before{"A": {name("张")}}, now{"@a": {remark("张")}}, nil, nil, nil},
		{"two before", before{"A": {name("张")}, "B": {name("张")}}, now{"@a": {name("张")}}, nil, nil, map[string][]chat.UserID{"@a": {"A", "B"}}},
		{"two now", before{"A": {name("张")}}, now{"@a": {name("张")}, "@b": {name("张")}}, nil, nil,
			map[string][]chat.UserID{"@a": {"A"}, "@b": {"A"}}},
		{"a shared name and one of his own", before{"A": {name("张"), name("平安")}, "B": {name("平安")}},
			now{"@a": {name("张"), name("平安")}, "@b": {name("平安")}}, nil, map[string]chat.UserID{"@a": "A"}, map[string][]chat.UserID{"@b": {"A", "B"}}},
		{"what is left over is not inferred", before{"A": {remark("张"), name("平安")}, "B": {name("平安")}},
			now{"@a": {remark("张")}, "@b": {name("平安")}}, nil, map[string]chat.UserID{"@a": "A"}, map[string][]chat.UserID{"@b": {"A", "B"}}},
		{"remark and name point to two", before{"A": {remark("张")}, "B": {name("张")}}, now{"@a": {remark("张"), name("张")}}, nil, nil,
			map[string][]chat.UserID{"@a": {"A", "B"}}},
		{"another took his name, but the remark is his", before{"A": {remark("张三"), name("张")}},
			now{"@a": {remark("张三"), name("张")}, "@b": {name("张")}}, nil, map[string]chat.UserID{"@a": "A"}, map[string][]chat.UserID{"@b": {"A"}}},
		{"he is somebody else already", before{"A": {name("张")}}, now{"@b": {name("张")}}, map[string]chat.UserID{"@a": "A"}, nil,
			map[string][]chat.UserID{"@b": {"A"}}},
		{"a known one bears the name too", before{"A": {name("张")}}, now{"@a": {name("张")}, "@b": {name("张")}},
			map[string]chat.UserID{"@b": "B"}, nil, map[string][]chat.UserID{"@a": {"A"}}},
	} {
		r := recognise(tc.was, tc.is, tc.known)
		if diff := cmp.Diff(tc.same, r.same, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: same (-want +got)\n%s", tc.name, diff)
		}
		if diff := cmp.Diff(tc.doubt, r.doubt, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: doubt (-want +got)\n%s", tc.name, diff)
		}
	}
}

func TestRandomIDs(t *testing.T) {
	t.Parallel()
	if a, b := randomID("u-"), randomID("u-"); a == b || len(a) != 18 {
		t.Errorf("%s and %s", a, b)
	}
}
