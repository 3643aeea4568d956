package web

import (
	"cmp"
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/store"
)

// Root is where the console is served.
const Root = "/console/"

// Options are what a console is made of.
type Options struct {
	DB     *store.DB
	Engine *engine.Engine
	// Act does what members want: the engine's Act.
	Act    func(context.Context, engine.Act) (engine.Acted, error)
	Roster Roster
	// Top is the unit whose secretaries may change what holds for all units.
	Top string
	// Code is the picture to scan of an account that is logged in with a phone
	// (ByPhone), nil when none is open; Renew asks for a new one, AcceptAccount
	// agrees to another account that somebody has scanned with.
	Code    func(chat.AccountID) []byte
	ByPhone func(chat.AccountID) bool
	Renew   func(chat.AccountID)

	AcceptAccount func(chat.AccountID)
	// Section reads a part of the configuration; SetSection puts another text in
	// its place if that is right and the file is still in the state base.
	Section    func(name string) (Section, error)
	SetSection func(name, text, base string) error
	// Platforms are those that previews show, with what they can do.
	Platforms map[string]func(group bool) chat.Caps
	// Styles are the style sheets of features, by their names below assets/.
	Styles map[string]string
	// Language is for people of whom nothing is known.
	Language string
	Log      *slog.Logger
}

// Roster is what the console asks about members. Package roster implements it.
type Roster interface {
	// ByStaff is nil for a staff number that nobody has.
	ByStaff(tx *store.Tx, staff string) (*engine.Member, error)
	// Granted are the roles of a member by unit.
	Granted(tx *store.Tx, member int64) (map[string][]string, error)
	// Memberships are the times in which units had a member.
	Memberships(tx *store.Tx, member int64) ([]Membership, error)
	// Rooms are a member's sessions of the browser room.
	Rooms(tx *store.Tx, member int64) ([]Room, error)
	// EndRooms ends a session of the browser room, or all of a member's for 0.
	EndRooms(tx *store.Tx, member, session int64) error
}

// Room is a browser in which a member is in the chat room.
type Room struct {
	ID            int64
	Browser       string
	Created, Seen time.Time
}

// Membership is a time in which a unit had a member.
type Membership struct {
	Unit     string
	From, To time.Time // To is behind it; zero: it goes on
}

// Server serves the console. Make one with New, then Run it.
type Server struct {
	Options
	pages   []Page
	parts   []Part
	live    *live
	limits  limits
	guesses guesses
	makers  makers
	hashing chan struct{} // how many passwords are tried at a time: each takes 19 MiB
}

// New makes a console.
func New(o Options) *Server {
	s := &Server{Options: o, hashing: make(chan struct{}, 2)}
	s.gather()
	s.live = newLive(o.DB, o.Log, func(tx *store.Tx, w watch) (string, error) { return s.pageAt(w.page).Pulse(tx, w.unit) })
	return s
}

// Run feeds the pages that are being watched until ctx ends.
func (s *Server) Run(ctx context.Context) { s.live.run(ctx) }

// Page is one page of the console.
type Page struct {
	Path  string      // below /console/u/UNIT/, or below /console/ when it is the member's own
	Title string      // key of the catalogue
	Role  engine.Role // that the member must have in the unit
	Nav   Nav         // where it stands in the navigation; zero: nowhere
	Own   bool        // the member's own: in their home unit
	Top   bool        // for secretaries of the top unit alone
	View  *View       // nil for a file

	Get  func(*Request) error // shows it: reads r.Tx, calls r.Show
	Post func(*Request) error // changes something; nil: nothing can be changed
	// Pulse changes when what the page shows has changed; nil: the page is not
	// live. It is asked each second while somebody watches.
	Pulse func(tx *store.Tx, unit string) (string, error)
	// Tells is of a page whose path ends in /export: whether a file that was exported has
	// something about a member, by the ref that Export was given. Members see on their page
	// who took it out. nil: it tells of nobody by name.
	Tells func(tx *store.Tx, ref string, member int64) (bool, error)
}

// Paged is a feature with pages.
type Paged interface {
	Pages() []Page
}

// TellsOfAll is Page.Tells of a file about all members of a unit.
func TellsOfAll(*store.Tx, string, int64) (bool, error) { return true, nil }

// ownPages are those that belong to no feature.
func (s *Server) ownPages() []Page {
	return []Page{
		{Path: "today", Title: "console.title.today", Role: engine.Secretary, Nav: Nav{Today, 1}, View: views.Of("today"),
			Get: showToday, Post: changeToday, Pulse: s.todayPulse},
		{Path: "accounts", Title: "console.title.accounts", Role: engine.Secretary, Nav: Nav{Settings, 1}, View: views.Of("accounts"),
			Get: showAccounts, Post: changeAccount, Pulse: s.accountsPulse},
		{Path: "settings", Title: "console.title.settings", Role: engine.Secretary, Nav: Nav{Settings, 2}, View: views.Of("settings"),
			Get: showSettings, Post: changeSettings},
		{Path: "audit", Title: "console.title.audit", Role: engine.Secretary, Nav: Nav{Settings, 3}, View: views.Of("audit"), Get: showAudit},
		{Path: "units", Title: "console.title.units", Role: engine.Secretary, View: views.Of("units"), Get: showUnits},
		{Path: "me", Title: "console.title.me", Role: engine.OnRoster, Nav: Nav{Mine, 1}, Own: true, View: views.Of("me"), Get: showMe, Post: changeMe},
		{Path: "me/data", Title: "console.title.mydata", Own: true, Role: engine.OnRoster, View: views.Of("mydata"), Get: showMydata},
		{Path: "me/data.zip", Title: "console.title.mydata", Own: true, Role: engine.OnRoster, Get: exportMydata},
	}
}

// gather collects the pages and parts of all features.
func (s *Server) gather() {
	s.pages = s.ownPages()
	for _, f := range s.Engine.Features {
		if p, ok := f.(Paged); ok {
			s.pages = append(s.pages, p.Pages()...)
		}
		if p, ok := f.(Partner); ok {
			s.parts = append(s.parts, p.Parts()...)
		}
	}
	slices.SortStableFunc(s.pages, func(a, b Page) int {
		return cmp.Or(cmp.Compare(a.Nav.Group, b.Nav.Group), cmp.Compare(a.Nav.Order, b.Nav.Order))
	})
}

// pageAt is the page of a path; nil when there is none.
func (s *Server) pageAt(path string) *Page {
	i := slices.IndexFunc(s.pages, func(p Page) bool { return p.Path == path })
	if i < 0 {
		return nil
	}
	return &s.pages[i]
}

//go:embed assets
var assets embed.FS

// maxForm and maxFile bound what a browser may send.
const (
	maxForm = 64 << 10
	maxFile = 6 << 20
)

// Handler serves all of it.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // embedded
	}
	static := http.StripPrefix(Root+"assets/", http.FileServerFS(files))
	mux.HandleFunc("GET "+Root+"assets/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".html") || strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-cache") // they hold no secrets, and change with the program
		static.ServeHTTP(w, r)
	})
	for name, text := range s.Styles {
		mux.HandleFunc("GET "+Root+"assets/"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "no-cache")
			w.Header().Set("Content-Type", "text/css; charset=utf-8")
			_, _ = w.Write([]byte(text))
		})
	}
	mux.HandleFunc("GET "+Root+"events", s.events)
	mux.Handle(Root, s.gathered(s.made()))
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.stranger(w, r).fail(UserError(http.StatusForbidden, "console.foreign_form"))
	}))
	return headers(guard.Handler(mux))
}

// pages serves what is made for each request.
func (s *Server) made() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Root+"{$}", s.front)
	mux.HandleFunc("GET "+Root+"enter", s.enterPage)
	mux.HandleFunc("POST "+Root+"enter", s.enter)
	mux.HandleFunc("POST "+Root+"leave", s.own(s.leave))
	mux.HandleFunc("POST "+Root+"u/{unit}/press", s.inUnit(Page{Path: "press", Role: engine.OnRoster, Post: press}))
	for _, p := range s.pages {
		at := Root + p.Path
		if !p.Own {
			at = Root + "u/{unit}/" + p.Path
		}
		mux.HandleFunc("GET "+at, s.inUnit(p))
		if p.Post != nil {
			mux.HandleFunc("POST "+at, s.inUnit(p))
		}
	}
	mux.HandleFunc(Root, s.notFound)
	return mux
}

// headers are those that every answer has.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
			"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// Links and sessions last so long.
const (
	linkLife      = 5 * time.Minute
	firstLinkLife = 15 * time.Minute
	idle          = 30 * time.Minute
	absolute      = 12 * time.Hour
	knownLife     = 180 * 24 * time.Hour
)
