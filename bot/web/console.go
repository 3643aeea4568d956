package web

import (
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
	"branchbot/bot/schedule"
	"branchbot/content"
	"branchbot/store"
)

// Root is where the console is served.
const Root = "/console/"

// Options are what a console is made of.
type Options struct {
	DB     *store.DB
	Engine *engine.Engine
	// Act does what members want: the engine's Act.
	Act      func(context.Context, engine.Act) (engine.Acted, error)
	Schedule *schedule.Feature
	// Doubts are people whom a platform shows under new ids. May be nil.
	Doubts func() ([]Doubt, error)
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
	// TryPack reads a pack out of a .zip file that content.Unzip or content.Wrap has
	// made, and returns it with the one in whose place it would come, nil when
	// there is none, and base, which tells that one from others. PutPack takes it into
	// use, for all processes and after a restart, if base still stands; DropPack removes
	// one that ImportedPack says was taken in so. Their errors are all that is wrong with
	// it, ErrPackTaken, ErrPackChanged, ErrNoPack.
	TryPack  func(zip []byte) (pack, old *content.Pack, base string, err error)
	PutPack  func(zip []byte, base string) error
	DropPack func(id string) error
	// UndoPack brings back what the last PutPack of a pack has replaced, ErrNoPack when that was
	// nothing; UndoablePack tells which.
	UndoPack     func(id string) error
	UndoablePack func(*content.Pack) bool
	ImportedPack func(*content.Pack) bool
	// Language is for people of whom nothing is known.
	Language string
	Log      *slog.Logger
}

// Server serves the console. Make one with New, then Run it.
type Server struct {
	Options
	live    *live
	limits  limits
	guesses guesses
	makers  makers
	hashing chan struct{} // how many passwords are tried at a time: each takes 19 MiB
}

// New makes a console.
func New(o Options) *Server {
	s := &Server{Options: o, hashing: make(chan struct{}, 2)}
	s.live = newLive(o.DB, o.Log, func(tx *store.Tx, w watch) (string, error) {
		i := slices.IndexFunc(pages, func(p page) bool { return p.path == w.page })
		return pages[i].pulse(s, tx, w.unit)
	})
	return s
}

// Run feeds the pages that are being watched until ctx ends.
func (s *Server) Run(ctx context.Context) { s.live.run(ctx) }

// page is one page of the console.
type page struct {
	path  string      // below /console/u/UNIT/, or below /console/ when it is the member's own
	title string      // key of the catalogue
	role  engine.Role // that the member must have in the unit
	nav   bool        // stands in the navigation
	own   bool        // the member's own: in his home unit
	top   bool        // for secretaries of the top unit alone
	view  string      // the template: assets/VIEW.html

	get  func(*Request) error // shows it: reads r.Tx, calls r.Show
	post func(*Request) error // changes something; nil: nothing can be changed
	// pulse changes when what the page shows has changed; nil: the page is not
	// live. It is asked each second while somebody watches.
	pulse func(s *Server, tx *store.Tx, unit string) (string, error)
}

// pages are all pages, in the order of the navigation.
var pages = []page{
	todayPage,
	membersPage,
	memberPage,
	membersExport,
	rosterPage,
	waitingPage,
	noticesPage,
	noticePage,
	newNoticePage,
	roundsPage,
	roundPage,
	checkinsPage,
	checkinPage,
	signupsPage,
	signupPage,
	signupExport,
	surveysPage,
	schedulesPage,
	schedulePage,
	contentPage,
	importPage, leftPage, templatePage, writePage,
	itemPage,
	ledgerPage,
	ledgerExport,
	reportsPage,
	reportsExport,
	accountsPage,
	settingsPage,
	auditPage,
	unitsPage,
	mePage,
	handbookPage,
	handbookFile,
	honourFile,
	mydataPage,
	mydataFile,
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
	mux.HandleFunc("GET "+Root+"assets/charts.css", serveChartCSS)
	mux.HandleFunc("GET "+handbookCSS, serveHandbookCSS)
	mux.HandleFunc("GET "+Root+"events", s.events)
	mux.Handle(Root, s.made(s.pages()))
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.stranger(w, r).fail(complain(http.StatusForbidden, "console.foreign_form"))
	}))
	return headers(guard.Handler(mux))
}

// pages serves what is made for each request.
func (s *Server) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Root+"{$}", s.front)
	mux.HandleFunc("GET "+Root+"enter", s.enterPage)
	mux.HandleFunc("POST "+Root+"enter", s.enter)
	mux.HandleFunc("POST "+Root+"leave", s.own(s.leave))
	mux.HandleFunc("POST "+Root+"u/{unit}/press", s.inUnit(page{path: "press", role: engine.OnRoster, post: press}))
	for _, p := range pages {
		at := Root + p.path
		if !p.own {
			at = Root + "u/{unit}/" + p.path
		}
		mux.HandleFunc("GET "+at, s.inUnit(p))
		if p.post != nil {
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
