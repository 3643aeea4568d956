package board

import (
	"bytes"
	"crypto/sha1"
	"embed"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/bot/report"
	"branchbot/store"
)

//go:embed assets
var assets embed.FS

// AssetRoot is apart from Root, below which any word may be a board's.
const AssetRoot = "/board-assets/"

var pages = template.Must(template.ParseFS(assets, "assets/*.html"))

// errNoBoard is a link that leads to no board, or no longer.
var errNoBoard = errors.New("no such board")

// Handler serves all boards.
func (f *Feature) Handler() http.Handler {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // embedded
	}
	static := http.StripPrefix(AssetRoot, http.FileServerFS(files))
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+AssetRoot+"{file}", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".html") {
			http.NotFound(w, r)
			return
		}
		static.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET "+Root+"{word}", f.serve(f.page))
	mux.HandleFunc("GET "+Root+"{word}/atom.xml", f.serve(f.feed))
	mux.HandleFunc("GET "+Root+"{word}/poster.png", f.serve(f.poster))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"form-action 'none'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // the address is the key
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cache-Control", "public, max-age=60")
		mux.ServeHTTP(w, r)
	})
}

// serve finds the board of a link and answers with what make returns.
func (f *Feature) serve(make func(tx *store.Tx, u *engine.Unit, word string) (mediaType string, body []byte, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var mediaType string
		var body []byte
		err := f.DB.Read(func(tx *store.Tx) error {
			word := r.PathValue("word")
			unit, err := unitOf(tx, word)
			if err == nil && unit == "" {
				err = errNoBoard
			}
			if err != nil {
				return err
			}
			u, err := f.Unit(tx, unit)
			if err != nil {
				return err
			}
			mediaType, body, err = make(tx, u, word)
			return err
		})
		switch {
		case errors.Is(err, errNoBoard):
			w.Header().Set("Cache-Control", "no-store") // it may be opened in a moment
			http.NotFound(w, r)
		case err != nil:
			f.Log.Error("board", "error", err)
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, locale.Text(locale.Default, "engine.failed"), http.StatusInternalServerError)
		default:
			w.Header().Set("Content-Type", mediaType)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body) // the browser may have gone away
		}
	}
}

// view is what the template shows.
type view struct {
	*shown
	Lang, Word string
}

func (f *Feature) page(tx *store.Tx, u *engine.Unit, word string) (string, []byte, error) {
	b, err := f.collect(tx, u)
	if err != nil {
		return "", nil, err
	}
	var out bytes.Buffer
	err = pages.ExecuteTemplate(&out, "page.html", view{b, u.Language, word})
	return "text/html; charset=utf-8", out.Bytes(), err
}

func (f *Feature) poster(tx *store.Tx, u *engine.Unit, _ string) (string, []byte, error) {
	name, err := newestPoster(tx, u.ID, "")
	if err == nil && name == "" {
		err = errNoBoard
	}
	if err != nil {
		return "", nil, err
	}
	data, err := f.Poster(tx, name)
	return "image/png", data, err
}

// T is a text of the catalogue.
func (v view) T(key string, args ...any) string { return locale.Text(v.Lang, key, args...) }

// Today is the day in words.
func (v view) Today() string { return v.Now.In(v.Unit.Zone).Format(v.T("board.date")) }

// Clock is when the page was made.
func (v view) Clock() string { return v.Now.In(v.Unit.Zone).Format("15:04") }

// Day is a day of an instant.
func (v view) Day(at time.Time) string { return at.In(v.Unit.Zone).Format(v.T("board.short_date")) }

// Share is one total: how much of what was asked has been done.
type Share struct {
	Label     string
	Done, Due int
	Percent   int
}

// Shares are the totals of the month; those of which there was nothing are left
// out.
func (v view) Shares() (out []Share) {
	n := &v.Totals.Total
	for _, s := range []Share{
		{Label: v.T("board.lessons"), Done: n.Learned, Due: n.Lessons},
		{Label: v.T("board.answers"), Done: n.Answered, Due: n.Rounds},
		{Label: v.T("board.checkins"), Done: n.Here, Due: n.Due - n.Leave},
		{Label: v.T("board.acks"), Done: n.Acked, Due: n.Notices},
	} {
		if s.Due > 0 {
			s.Percent = s.Done * 100 / s.Due
			out = append(out, s)
		}
	}
	return out
}

// Atom (RFC 4287) ----------------------------------------------------------------

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  atomAuthor  `xml:"author"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string     `xml:"id"`
	Title   string     `xml:"title"`
	Updated string     `xml:"updated"`
	Links   []atomLink `xml:"link"`
	Content string     `xml:"content"`

	at time.Time
}

// feed is what was published, newest first: notices, lessons, honours.
func (f *Feature) feed(tx *store.Tx, u *engine.Unit, word string) (string, []byte, error) {
	entries, err := f.entries(tx, u)
	if err != nil {
		return "", nil, err
	}
	opened, err := openedAt(tx, u.ID)
	if err != nil {
		return "", nil, err
	}
	page := f.link(word)
	feed := atomFeed{Lang: u.Language, ID: lasting("feed", u.ID, 0), Title: locale.Text(u.Language, "board.title", "Unit", u.Name),
		Author: atomAuthor{u.Name}, Links: []atomLink{{"self", page + "/atom.xml"}, {"alternate", page}}, Entries: entries}
	updated := opened
	for i := range entries {
		e := &feed.Entries[i]
		e.Links = []atomLink{{"alternate", page}}
		e.Updated = e.at.UTC().Format(time.RFC3339)
		if e.at.After(updated) {
			updated = e.at
		}
	}
	feed.Updated = updated.UTC().Format(time.RFC3339)
	body, err := xml.MarshalIndent(feed, "", " ")
	return "application/atom+xml; charset=utf-8", append([]byte(xml.Header), body...), err
}

func (f *Feature) entries(tx *store.Tx, u *engine.Unit) (out []atomEntry, err error) {
	since := report.Days(tx.Now.In(u.Zone), feedDays).From
	b, err := f.collectFeed(tx, u, since)
	if err != nil {
		return nil, err
	}
	text := func(key string, args ...any) string { return locale.Text(u.Language, key, args...) }
	for _, n := range b.Notices {
		title := text("board.feed_notice", "Number", n.Number)
		if n.Corrected {
			title = text("board.feed_corrected", "Number", n.Number)
		}
		out = append(out, atomEntry{ID: lasting("notice", u.ID, n.ID), Title: title, Content: n.Text, at: n.At})
	}
	for _, l := range b.lessons {
		out = append(out, atomEntry{ID: lasting("lesson", u.ID, l.Push), Title: text("board.feed_lesson", "Title", l.Title),
			Content: chat.Part{Spans: l.Body}.Plain(), at: l.At})
	}
	for _, h := range b.Honours {
		day, err := time.ParseInLocation(time.DateOnly, h.Day, u.Zone)
		if err != nil {
			return nil, fmt.Errorf("honour %d: %w", h.ID, err)
		}
		out = append(out, atomEntry{ID: lasting("honour", u.ID, h.ID), Title: text("board.feed_honour", "Name", h.Name, "Title", h.Title),
			Content: h.Reason, at: day})
	}
	slices.SortStableFunc(out, func(a, b atomEntry) int { return b.at.Compare(a.at) })
	return out[:min(len(out), maxFeed)], nil
}

// lasting is an id that stays the same whatever the link of the board.
func lasting(kind, unit string, id int64) string {
	sum := sha1.Sum([]byte("branchbot/board/" + kind + "/" + unit + "/" + strconv.FormatInt(id, 10)))
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80 // a UUID by name, RFC 9562 version 5
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
