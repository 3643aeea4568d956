package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/content"
	"branchbot/content/packs"
	"branchbot/store"
	"branchbot/store/storetest"
)

// silent is a platform that takes everything.
type silent struct{}

func (silent) ID() chat.AccountID                    { return "web" }
func (silent) Platform() string                      { return "web" }
func (silent) Run(context.Context, chat.Inbox) error { return nil }
func (silent) Caps(chat.ChatID) chat.Caps            { return chat.Caps{TextLimit: 8000} }
func (silent) Send(context.Context, chat.ChatID, chat.Part) (chat.Receipt, error) {
	return chat.Receipt{Message: "1"}, nil
}

// sample is the bot of the sample configuration on a database.
func sample(t testing.TB, db *store.DB, log io.Writer) *Bot {
	t.Helper()
	text, err := os.ReadFile("../../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := config.Load("config.yaml", text, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ReadSettings(f)
	if err != nil {
		t.Fatal(err)
	}
	library, err := content.Open(s.Content, packs.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(s, library, db, slog.New(slog.NewTextHandler(log, nil)), silent{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// local is a request of this machine.
func local(path string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	r.RemoteAddr = "127.0.0.1:50000"
	return r
}

// What GET /metrics tells of a lesson that waits and an event that was handled,
// on both engines; nothing in it is about people.
func TestMetrics(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, folder := e.Empty(t)
		db, err := store.Open(t.Context(), source, store.Options{Folder: folder})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		b := sample(t, db, io.Discard)
		if err := db.Write(func(tx *store.Tx) error { return b.bindStaff(tx, "web", "0001", "0001", "dm:1") }); err != nil {
			t.Fatal(err)
		}
		b.engine.SetState("web", chat.State{Condition: chat.Online})
		if err := b.engine.Handle("web", "", chat.Event{Key: "1", Kind: chat.Said, At: db.Now(), Private: true, Chat: "dm:1",
			From: chat.User{ID: "0001"}, Text: "/推送 lesson"}); err != nil {
			t.Fatal(err)
		}
		read := func() string {
			t.Helper()
			w := httptest.NewRecorder()
			b.mux().ServeHTTP(w, local("/metrics"))
			if w.Code != 200 {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			return w.Body.String()
		}
		text := read()
		for _, line := range []string{`branchbot_account_online{account="web"} 1`, `branchbot_outbox_waiting{account="web"} 2`, `branchbot_outbox_lanes{account="web"} 2`,
			`branchbot_events_total{stored="yes"} 1`, `branchbot_event_lag_seconds_count 1`, `branchbot_dead_letters 0`} {
			if !strings.Contains(text, line+"\n") {
				t.Errorf("%s is not in\n%s", line, text)
			}
		}
		if n, err := b.senders[0].Drain(t.Context()); err != nil || n != 2 {
			t.Fatalf("%d messages are sent (%v)", n, err)
		}
		documented(t, b)
		text = read()
		if line := `branchbot_sends_total{account="web",class="notice",outcome="sent"} 1`; !strings.Contains(text, line+"\n") {
			t.Errorf("%s is not in\n%s", line, text)
		}
		if strings.Contains(text, "王敏") || strings.Contains(text, "dm:1") {
			t.Error("it tells of people")
		}
	})
}

// documented compares the metrics with the list in docs/operations.md, and with
// what the dashboard asks for.
func documented(t *testing.T, b *Bot) {
	t.Helper()
	described := make(chan *prometheus.Desc, 100)
	gauges{b.metrics, b.backups.Last, b.heads.Breaks}.Describe(described)
	for _, c := range []prometheus.Collector{b.metrics.events, b.metrics.batch, b.metrics.lag, b.metrics.sends} {
		c.Describe(described)
	}
	close(described)
	name := regexp.MustCompile(`branchbot_[a-z_]+`)
	known := map[string]bool{}
	for d := range described {
		known[name.FindString(d.String())] = true
	}
	text, err1 := os.ReadFile("../../docs/operations.md")
	dashboard, err2 := os.ReadFile("../../deploy/dashboard.json")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for metric := range known {
		if !strings.Contains(string(text), "`"+metric+"`") {
			t.Errorf("docs/operations.md does not list %s", metric)
		}
	}
	for _, metric := range regexp.MustCompile("(?m)^\\| `(branchbot_[a-z_]+)`").FindAllStringSubmatch(string(text), -1) {
		if !known[metric[1]] {
			t.Errorf("docs/operations.md lists %s, which there is not", metric[1])
		}
	}
	for _, metric := range name.FindAllString(string(dashboard), -1) {
		if !known[strings.TrimSuffix(metric, "_bucket")] {
			t.Errorf("the dashboard asks for %s, which there is not", metric)
		}
	}
}

// What the program does is for this machine, and for those that are to watch it.
func TestStrangersLearnNothing(t *testing.T) {
	t.Parallel()
	source, folder := storetest.SQLite.Empty(t)
	db, err := store.Open(t.Context(), source, store.Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	b := sample(t, db, io.Discard)
	b.engine.SetState("web", chat.State{Condition: chat.Online})
	b.settings.Monitor = []string{"10.0.0.0/8"}
	for from, may := range map[string]bool{"127.0.0.1:5": true, "[::1]:5": true, "10.1.2.3:5": true, "11.1.2.3:5": false, "0.0.0.0:0": false} {
		for path, secret := range map[string]string{"/metrics": "branchbot_account_online", "/healthz": `"web"`, "/readyz": `"web"`} {
			r, w := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
			r.RemoteAddr = from
			b.mux().ServeHTTP(w, r)
			if strings.Contains(w.Body.String(), secret) != may {
				t.Errorf("%s from %s: %d %.100s", path, from, w.Code, w.Body)
			}
			if path != "/metrics" && (w.Code != 200 || !strings.Contains(w.Body.String(), `"status":"ok"`)) {
				t.Errorf("%s from %s: %d %s", path, from, w.Code, w.Body)
			}
		}
	}
}
