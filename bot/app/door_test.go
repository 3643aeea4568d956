package app

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/bot/web"
	"branchbot/store"
	"branchbot/store/storetest"
)

// visit is somebody who comes into the browser room by a code, and from there into the
// console, where they set a password.
type visit struct {
	*testing.T
	b      *Bot
	door   *door
	now    *time.Time
	user   chat.UserID
	cookie *http.Cookie // of the console
	member *engine.Member
}

const visitPassword = "correct horse 电池"

func newVisit(t *testing.T, e storetest.Engine) *visit {
	t.Helper()
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	v := &visit{T: t, now: &at, user: "visitor"}
	db, err := e.Opener(t)(store.Options{Now: func() time.Time { return *v.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	v.b = sample(t, db, io.Discard)
	v.b.console.Act = v.b.engine.HandleAct
	v.door = &door{v.b, "web"}
	var code string
	v.write(func(tx *store.Tx) (err error) {
		if v.member, err = roster.ByStaff(tx, "0004"); err != nil {
			return err
		}
		code, err = roster.Code(tx, v.member.ID, roster.Maker{})
		return err
	})
	if ok, err := v.door.Redeem(t.Context(), strings.ToLower(code), v.user, "Chrome · Linux"); err != nil || !ok {
		t.Fatalf("redeem: %v %v", ok, err)
	}
	key, err := v.door.Pages(t.Context(), v.user)
	if err != nil {
		t.Fatal(err)
	}
	status, cookies := v.enter(url.Values{"key": {key}})
	if status != http.StatusSeeOther {
		t.Fatalf("enter the console: %d", status)
	}
	v.cookie = cookies[0]
	v.write(func(tx *store.Tx) error {
		binding, err := v.b.features.directory.Binding(tx, "web", v.user)
		if err != nil {
			return err
		}
		return web.SetPassword(tx, v.member, visitPassword, binding)
	})
	return v
}

func (v *visit) write(do func(*store.Tx) error) {
	v.Helper()
	if err := v.b.db.Write(do); err != nil {
		v.Fatal(err)
	}
}

func (v *visit) enter(form url.Values) (int, []*http.Cookie) {
	r := httptest.NewRequest("POST", "/console/enter", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	v.b.console.Handler().ServeHTTP(w, r)
	return w.Code, w.Result().Cookies()
}

// in tells which ways in are open: the room, a console session, the password.
func (v *visit) in() string {
	v.Helper()
	var open []string
	name, err := v.door.Session(v.Context(), v.user, "Chrome · Linux")
	if err != nil {
		v.Fatal(err)
	}
	if name != "" {
		open = append(open, "room")
	}
	r := httptest.NewRequest("GET", "/console/me", nil)
	r.AddCookie(v.cookie)
	w := httptest.NewRecorder()
	v.b.console.Handler().ServeHTTP(w, r)
	if w.Code == http.StatusOK {
		open = append(open, "console")
	}
	if status, _ := v.enter(url.Values{"staff": {"0004"}, "password": {visitPassword}}); status == http.StatusSeeOther {
		open = append(open, "password")
	}
	return strings.Join(open, " ")
}

// as does something as the secretary.
func (v *visit) as(do func(*engine.Turn) error) {
	v.Helper()
	var secretary *engine.Member
	err := v.b.db.Read(func(tx *store.Tx) (err error) {
		secretary, err = roster.ByStaff(tx, "0001")
		return err
	})
	if err != nil {
		v.Fatal(err)
	}
	done, err := v.b.engine.HandleAct(v.Context(), engine.Act{Member: secretary.ID, Unit: v.member.Unit, Key: "act-00001", Do: do})
	if err != nil || done.Refused {
		v.Fatalf("%+v %v", done, err)
	}
}

// What an account has opened ends when the account is taken away, when the member is
// signed out everywhere, and by the removal.
func TestWhatAnAccountOpenedEndsWithIt(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*visit){
		"unbound": func(v *visit) {
			v.as(func(t *engine.Turn) error { return v.b.features.members.Unbind(t, "web", v.user) })
		},
		"signed out": func(v *visit) {
			v.as(func(t *engine.Turn) error { return v.b.features.members.EndSessionsOf(t, v.member) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, e storetest.Engine) {
				v := newVisit(t, e)
				if got := v.in(); got != "room console password" {
					t.Fatalf("at first: %s", got)
				}
				before, err := v.door.Version(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				end(v)
				if got := v.in(); got != "" {
					t.Errorf("afterwards: %s", got)
				}
				if after, err := v.door.Version(t.Context()); err != nil || after == before {
					t.Errorf("streams are not told: version %d (%v)", after, err)
				}
				if key, err := v.door.Pages(t.Context(), v.user); err == nil {
					t.Errorf("the session that ended makes the key %s", key)
				}
			})
		})
	}
}

// Who leaves the room leaves what they opened of the pages there, in the same browser: the
// session, and a link that was not followed yet. The password, other sessions and what was
// opened elsewhere stay.
func TestLeavingTheRoomLeavesThePages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		v := newVisit(t, e)
		from := func(opened int64, browser string) {
			v.write(func(tx *store.Tx) error {
				_, err := tx.Exec(`INSERT INTO console_session (hash, member, opened_by, roles, browser, created_at, seen_at) VALUES ($1, $2, $3, '', $1, $4, $4)`,
					browser, v.member.ID, opened, tx.Millis())
				return err
			})
		}
		var room int64
		v.write(func(tx *store.Tx) (err error) {
			room, err = v.b.features.directory.Binding(tx, "web", v.user)
			return err
		})
		from(room, "Chrome · Linux")
		from(room, "Safari · iPhone") // by a link that was followed on the telephone
		from(0, "by a password")
		key, err := v.door.Pages(t.Context(), v.user)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.door.Leave(t.Context(), v.user); err != nil {
			t.Fatal(err)
		}
		var n int
		var first, last string
		v.write(func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*), MIN(browser), MAX(browser) FROM console_session`).Scan(&n, &first, &last)
		})
		if n != 2 || first != "Safari · iPhone" || last != "by a password" {
			t.Errorf("%d sessions are left: %s, %s", n, first, last)
		}
		if status, _ := v.enter(url.Values{"key": {key}}); status != http.StatusForbidden {
			t.Errorf("a link of the session that was left: %d", status)
		}
		if got := v.in(); got != "password" {
			t.Errorf("afterwards: %s", got)
		}
	})
}

// A session of the room ends 30 days after its last use and 180 days after its
// beginning; the password that was set in it goes on.
func TestASessionOfTheRoomGetsTooOld(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		v := newVisit(t, e)
		day := 0
		use := func(until, every int) string {
			got := ""
			for ; day < until; day += every {
				*v.now = v.now.Add(time.Duration(every) * 24 * time.Hour)
				got = v.in()
			}
			return got
		}
		if got := use(180, 20); got != "room password" {
			t.Errorf("after 180 days: %s", got)
		}
		if got := use(181, 1); got != "password" {
			t.Errorf("after 181 days: %s", got)
		}
		v = newVisit(t, e)
		*v.now = v.now.Add(30*24*time.Hour + time.Minute)
		if got := v.in(); got != "password" {
			t.Errorf("unused for 30 days: %s", got)
		}
	})
}

// Nobody's wrong codes keep a right one out, and an account that is one member's is
// not another's by a code.
func TestAnAccountIsNobodyElses(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		v := newVisit(t, e)
		v.write(func(tx *store.Tx) error {
			other, err := roster.ByStaff(tx, "0005")
			if err != nil {
				return err
			}
			err = v.b.features.directory.Bind(tx, "web", v.user, other.ID, "", roster.Proof{How: "invited"})
			if c, ok := err.(*engine.Complaint); !ok || c.Key != "member.account_taken" {
				t.Errorf("bound to another: %v", err)
			}
			m, err := v.b.features.directory.Who(tx, "web", v.user)
			if err != nil || m == nil || m.ID != v.member.ID {
				t.Errorf("it is %v's now (%v)", m, err)
			}
			return err
		})
	})
}

// The sample's room opens in the moment in which the port does, with its people,
// before anything else has begun.
func TestRoomOfTheSampleOpensAtOnce(t *testing.T) {
	t.Parallel()
	source := "sqlite:" + filepath.Join(t.TempDir(), "branchbot.db")
	f, err := config.Load("config.yaml", []byte(fmt.Sprintf("database: %q", source)+`
units: [{id: demo, name: 示范党支部, chats: [web:demo], members: [{name: 王敏, staff: "0001", roles: [secretary]}, {name: 张三, staff: "0002"}]}]
accounts: [{platform: web, personas: true}]
`), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	s, err := ReadSettings(f)
	if err != nil {
		t.Fatal(err)
	}
	db, err := OpenDatabase(t.Context(), s, false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	library, err := OpenLibrary(s)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(s, library, db, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
	r.RemoteAddr = "127.0.0.1:50000"
	w := httptest.NewRecorder()
	b.mux().ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `id="persona"`) {
		t.Errorf("%d %s", w.Code, w.Header())
	}
}
