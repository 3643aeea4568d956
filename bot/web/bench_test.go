package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"branchbot/bot/roster"
	"branchbot/bot/testkit/script"
	"branchbot/bot/web"
	"branchbot/store"
)

// BenchmarkPages opens every page, as the secretary of a branch, of a general
// branch and of the whole enterprise, and some of them searched and filtered. It
// tells the time of 95 of 100 requests: the server's, without the network.
//
// It uses a small branch, or the database that SEEDED names: one that branchbot
// seed has filled, e.g. sqlite:/tmp/full/data/branchbot.db. The newer tables of
// the program are made in it.
func BenchmarkPages(b *testing.B) {
	units := []string{"demo"}
	s := stage(b)
	if os.Getenv("SEEDED") != "" {
		units = []string{"b00001", "g001", "company"}
	}
	for _, unit := range units {
		in := s.secretary(b, unit)
		for _, path := range s.addresses(b, unit) {
			b.Run(strings.TrimPrefix(path, web.Root), func(b *testing.B) {
				took := make([]time.Duration, 0, b.N)
				weight := 0
				for b.Loop() {
					r := httptest.NewRequest(http.MethodGet, path, nil)
					r.AddCookie(in)
					w := httptest.NewRecorder()
					began := time.Now()
					s.handler.ServeHTTP(w, r)
					took = append(took, time.Since(began))
					if w.Code != http.StatusOK {
						b.Fatalf("%d\n%s", w.Code, w.Body)
					}
					weight = w.Body.Len()
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
				b.ReportMetric(float64(weight)/1024, "KiB")
			})
		}
	}
}

// staged is a bot whose pages are measured.
type staged struct {
	*script.Stage
	handler http.Handler
}

func stage(b *testing.B) *staged {
	b.Helper()
	source := os.Getenv("SEEDED")
	if source == "" {
		s := script.Open(b, txtar.Parse([]byte(schedules)))
		if _, err := s.Play(b, aDay); err != nil {
			b.Fatal(err)
		}
		return &staged{s, s.Console.Handler()}
	}
	s := script.OpenIn(b, txtar.Parse([]byte(enterprise)), func(o store.Options) (*store.DB, error) {
		return store.Open(context.Background(), source, o)
	})
	return &staged{s, s.Console.Handler()}
}

// enterprise is the configuration of the seeded database. Its year ends on the
// day before.
const enterprise = `-- config.yaml --
units:
  - {id: company, name: 集团公司党委, kind: committee}
-- script --
@ 2026-11-17
`

// secretary is the cookie of the first secretary of a unit.
func (s *staged) secretary(b *testing.B, unit string) *http.Cookie {
	b.Helper()
	var link string
	err := s.DB.Write(func(tx *store.Tx) error {
		found, err := roster.NewDirectory().Secretaries(tx, unit)
		if err == nil {
			link, err = web.Link(tx, "", found[0].ID, 0, false)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	_, key, _ := strings.Cut(link, "?key=")
	r := httptest.NewRequest(http.MethodPost, web.Root+"enter", strings.NewReader(url.Values{"key": {key}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name == "console" {
			return c
		}
	}
	b.Fatalf("%s: no session: %d\n%s", unit, w.Code, w.Body)
	return nil
}

// addresses are those of all pages of a unit, of what it has the newest, and of
// what is slow when nobody looks.
func (s *staged) addresses(b *testing.B, unit string) (all []string) {
	b.Helper()
	newest := map[string]string{
		"members/{id}":  `SELECT MAX(id) FROM member WHERE unit = $1`,
		"notices/{id}":  `SELECT MAX(notice) FROM notice_target WHERE unit = $1`,
		"rounds/{id}":   `SELECT MAX(id) FROM round WHERE unit = $1`,
		"checkins/{id}": `SELECT MAX(id) FROM checkin WHERE unit = $1`,
		"signups/{id}":  `SELECT MAX(id) FROM signup WHERE unit = $1`,
	}
	at := web.Root + "u/" + unit + "/"
	for _, path := range s.Console.Paths(unit) {
		page := strings.TrimPrefix(path, at)
		switch query := newest[page]; {
		case query != "":
			var id *int64
			err := s.DB.Read(func(tx *store.Tx) error { return tx.QueryRow(query, unit).Scan(&id) })
			if err != nil {
				b.Fatal(err)
			}
			if id != nil { // a committee puts nothing to members
				all = append(all, strings.Replace(path, "{id}", fmt.Sprint(*id), 1))
			}
		case page == "content/{pack}/{id}":
			all = append(all, strings.NewReplacer("{pack}", "tiny", "{id}", "first").Replace(path))
		case strings.Contains(page, "{"): // there is none before somebody has made it
		default:
			all = append(all, path)
		}
	}
	for _, page := range []string{"members?page=2", "members?q=王", "members?q=nobody", "members?status=probationary", "members?role=leader", "members?bound=no",
		"ledger?page=3", "ledger?q=王", "ledger?q=nobody", "ledger?rule=award", "ledger?from=2026-01-01&to=2026-06-30",
		"notices?q=党费", "rounds?from=2026-01-01&to=2026-06-30", "checkins?from=2026-01-01&to=2026-06-30", "content?q=党", "units?q=研究院"} {
		path, query, _ := strings.Cut(page, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, at+path+"?"+values.Encode())
	}
	return all
}
