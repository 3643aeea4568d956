package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
	"branchbot/bot/testkit/script"
	"branchbot/store"
	"branchbot/store/storetest"
)

// notes is a feature that writes what it is told, and then fails if asked to.
type notes struct {
	parse    func(chat.File) // may be nil
	seen     []*store.Tx     // the transaction of each command
	attempts []time.Time     // of the timer
	entered  chan bool       // "wait" says here that it has begun
	leave    chan bool
}

func (f *notes) Name() string { return "notes" }

func (f *notes) Commands() []engine.Command {
	return []engine.Command{{Names: []string{"note", "记"}, Role: engine.OnRoster, Usage: "desk.usage.help", Run: f.note}}
}

func (f *notes) note(t *engine.Turn, line command.Line) error {
	f.seen = append(f.seen, t.Tx)
	if _, err := t.Tx.Exec(`INSERT INTO note (n, text) SELECT COUNT(*), $1 FROM note`, line.Args); err != nil {
		return err
	}
	if err := t.Reply(chat.Text("noted " + line.Args)); err != nil {
		return err
	}
	switch line.Args {
	case "error":
		return errors.New("the note is wrong")
	case "panic":
		panic("the note is dreadful")
	case "post later":
		return t.At(t.Now.Add(time.Minute), "notes", "post", t.Unit.ID, "notes:post")
	case "complain":
		return engine.Complain("member.join_how")
	case "timer":
		return t.At(t.Now.Add(time.Minute), "notes", "boom", "ref", "notes:boom")
	case "wait":
		f.entered <- true
		<-f.leave
	case "no commit": // a reference to nothing, which only the commit notices
		if _, err := t.Tx.Exec(`PRAGMA defer_foreign_keys = ON`); err != nil {
			return err
		}
		_, err := t.Tx.Exec(`INSERT INTO member (unit, staff, name, status) VALUES ('nowhere', 'x', 'x', 'full')`)
		return err
	}
	return nil
}

func (f *notes) Timer(t *engine.Turn, tm engine.Timer) error {
	if tm.Kind == "post" {
		return post(t, tm.Ref)
	}
	f.attempts = append(f.attempts, t.Now)
	if _, err := t.Tx.Exec(`INSERT INTO note (n, text) SELECT COUNT(*), 'timer' FROM note`); err != nil {
		return err
	}
	return fmt.Errorf("attempt %d failed", tm.Attempts+1)
}

// post goes into a unit several times, and says something each time.
func post(t *engine.Turn, unit string) error {
	u, err := t.Directory().Unit(t.Tx, unit)
	if err != nil {
		return err
	}
	in := t.In(u)
	for i, there := range []*engine.Turn{in, t.In(u), in.For(1), in} {
		if _, err := there.Post(engine.Post{Class: outbox.Push, Message: chat.Text(fmt.Sprint("post ", i))}); err != nil {
			return err
		}
	}
	return nil
}

func (f *notes) Parse(file chat.File) any {
	if f.parse != nil {
		f.parse(file)
	}
	return file.Name
}

func (f *notes) File(*engine.Turn, chat.File, any) (bool, error) {
	return false, errors.New("the file is torn")
}

// rig is an engine with notes alone, over a real database.
type rig struct {
	*engine.Engine
	notes *notes
	db    *store.DB
	now   time.Time
	log   bytes.Buffer
}

func newRig(t *testing.T, e storetest.Engine) *rig {
	t.Helper()
	r := &rig{notes: &notes{entered: make(chan bool), leave: make(chan bool)}, now: time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)}
	source, folder := e.Empty(t)
	var err error
	r.db, err = store.Open(t.Context(), source, store.Options{Now: func() time.Time { return r.now }, Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.db.Close() })
	d := roster.NewDirectory()
	err = r.db.Write(func(tx *store.Tx) error {
		if _, err := tx.Exec(`CREATE TABLE note (n BIGINT, text TEXT)`); err != nil {
			return err
		}
		err := d.Setup(tx, []roster.UnitConfig{{ID: "demo", Name: "示范党支部", Kind: "branch", Timezone: "Asia/Shanghai", Language: "zh-CN",
			Chats: []string{"acc:group"}, Members: []roster.MemberConfig{
				{Name: "王敏", Staff: "0001", Status: "full", Roles: []string{"secretary"}}, {Name: "张三", Staff: "0002", Status: "full"}}}})
		if err != nil {
			return err
		}
		for i, user := range []chat.UserID{"u1", "u2"} {
			if err := d.Bind(tx, "acc", user, int64(i+1), "dm:"+chat.ChatID(user), roster.Proof{How: "program"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Engine = engine.New(engine.Options{DB: r.db, Directory: d, Outbox: outbox.New(r.db, "acc"), Features: []engine.Feature{r.notes},
		Names: []string{"小助手"}, Language: "zh-CN", Log: slog.New(slog.NewTextHandler(&r.log, nil))})
	return r
}

func said(key, text string) chat.Event {
	return chat.Event{Key: key, Kind: chat.Said, Chat: "group", From: chat.User{ID: "u1"}, Text: text}
}

// column is the first column of a query.
func (r *rig) column(t *testing.T, query string) (out []string) {
	t.Helper()
	err := r.db.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (r *rig) want(t *testing.T, query string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.column(t, query)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", query, diff)
	}
}

const (
	noteTexts = `SELECT text FROM note ORDER BY n`
	keys      = `SELECT key FROM event_seen ORDER BY key`
	cursors   = `SELECT cursor FROM account`
)

// letters are the first words of what was sent.
var letters = map[storetest.Engine]string{
	storetest.SQLite:   `SELECT json_extract(message, '$.spans[0].t') FROM outbox ORDER BY id`,
	storetest.Postgres: `SELECT message::jsonb #>> '{spans,0,t}' FROM outbox ORDER BY id`,
}

func TestBatchIsOneTransaction(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		r := newRig(t, e)
		if err := r.Handle("acc", "42", said("a", "/note one"), said("b", "ordinary talk"), said("c", "／记 two")); err != nil {
			t.Fatal(err)
		}
		if len(r.notes.seen) != 2 || r.notes.seen[0] != r.notes.seen[1] {
			t.Errorf("the events of a batch ran in %d transactions", len(r.notes.seen))
		}
		r.want(t, noteTexts, "one", "two")
		r.want(t, keys, "a", "c")
		r.want(t, cursors, "42")
	})
}

func TestDuplicateChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite)
	if err := r.Handle("acc", "", said("a", "/note one"), said("a", "/note again")); err != nil {
		t.Fatal(err)
	}
	before := r.fingerprint(t)
	for range 3 {
		if err := r.Handle("acc", "", said("a", "/note one")); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(before, r.fingerprint(t)); diff != "" {
		t.Errorf("a duplicate has written something:\n%s", diff)
	}
	r.want(t, noteTexts, "one")
	if err := r.Handle("other", "", said("a", "/note one")); err != nil { // another account's key
		t.Fatal(err)
	}
	if n := len(r.column(t, keys)); n != 2 {
		t.Errorf("%d keys, want one of each account", n)
	}
}

// fingerprint is the bytes of the database and its journal, without what
// readers change.
func (r *rig) fingerprint(t *testing.T) string {
	t.Helper()
	return fingerprint(t, r.db.Path())
}

func fingerprint(t *testing.T, path string) string {
	t.Helper()
	var b strings.Builder
	for _, ending := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + ending)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%q: %d bytes, %x\n", ending, len(data), sha256.Sum256(data))
	}
	return b.String()
}

// A handler that fails or panics undoes its own event only.
func TestFailureUndoesItsOwnEvent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for _, how := range []struct{ text, reason string }{{"error", "the note is wrong"}, {"panic", "panic: the note is dreadful"}} {
			t.Run(how.text, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, e)
				err := r.Handle("acc", "7", said("a", "/note one"), said("b", "/note "+how.text), said("c", "/note two"))
				if err != nil {
					t.Fatal(err)
				}
				r.want(t, noteTexts, "one", "two")
				r.want(t, keys, "a", "b", "c")
				r.want(t, cursors, "7")
				r.want(t, letters[e], "noted one", "这条没处理成功，已记下，管理员会查看。请稍后再试。", "noted two")
				var dead []engine.DeadLetter
				err = r.db.Read(func(tx *store.Tx) (err error) { dead, err = engine.DeadLetters(tx, 10); return err })
				if err != nil {
					t.Fatal(err)
				}
				want := []engine.DeadLetter{{ID: 1, At: time.UnixMilli(r.now.UnixMilli()), Account: "acc", What: string(chat.Said) + " b", Reason: how.reason}}
				if diff := cmp.Diff(want, dead); diff != "" {
					t.Error(diff)
				}
				// Delivered again, it is not tried again: it is kept.
				tries := len(r.notes.seen)
				if err := r.Handle("acc", "", said("b", "/note "+how.text)); err != nil || len(r.notes.seen) != tries {
					t.Errorf("a dead letter was tried again (%v)", err)
				}
			})
		}
	})
}

// A complaint is no failure: it is told, what was done before it is undone, and
// nothing is kept as a dead letter.
func TestComplaint(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		r := newRig(t, e)
		if err := r.Handle("acc", "", said("a", "/note complain")); err != nil {
			t.Fatal(err)
		}
		r.want(t, noteTexts)
		r.want(t, letters[e], "有加入码的请发：/加入 加入码。没有的请发：/加入 姓名 工号，例如 /加入 张三 0002，核实后绑定。")
		r.want(t, `SELECT reason FROM dead_letter`)
		if r.log.Len() > 0 {
			t.Errorf("log: %s", &r.log)
		}
	})
}

// While a secretary's file is parsed, everybody else is answered; nobody else can
// have a file parsed.
func TestFilesAreParsedBeforeTheTurn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		r := newRig(t, e)
		parsing, goOn, done := make(chan string, 9), make(chan bool), make(chan error)
		r.notes.parse = func(f chat.File) {
			parsing <- f.Name
			<-goOn
		}
		sent := func(from chat.UserID) chat.Event {
			ev := said("f"+string(from), "")
			ev.Private, ev.Chat, ev.From.ID = true, "dm:"+chat.ChatID(from), from
			ev.Files = []chat.File{{Name: "名单.csv", Data: []byte("x")}}
			return ev
		}
		if err := r.Handle("acc", "", sent("stranger")); err != nil {
			t.Fatal(err)
		}
		go func() { done <- r.Handle("acc", "", sent("u1")) }()
		if got := <-parsing; got != "名单.csv" {
			t.Error(got)
		}
		if err := r.Handle("acc", "", said("b", "/note hello")); err != nil {
			t.Error(err)
		}
		r.want(t, noteTexts, "hello")
		close(goOn)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if len(parsing) > 0 {
			t.Error("the file of a stranger was parsed")
		}
	})
}

// What is kept of a failed event has the names of its files, not their content.
func TestDeadLetterHasNoFiles(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		r := newRig(t, e)
		ev := said("f", "")
		ev.Private, ev.Chat = true, "dm:u1"
		ev.Files = []chat.File{{Name: "名单.csv", Data: []byte("secret")}}
		if err := r.Handle("acc", "", ev); err != nil {
			t.Fatal(err)
		}
		kept := strings.Join(r.column(t, `SELECT event || reason FROM dead_letter`), "")
		if !strings.Contains(kept, "名单.csv") || !strings.Contains(kept, "the file is torn") ||
			strings.Contains(kept, "secret") || strings.Contains(kept, "c2VjcmV0") {
			t.Errorf("kept: %s", kept)
		}
		if strings.Contains(r.log.String(), "secret") {
			t.Errorf("log: %s", &r.log)
		}
	})
}

// A timer is tried three times, later each time; then it is a dead letter.
func TestTimerRetries(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		r := newRig(t, e)
		began := r.now
		if err := r.Handle("acc", "", said("a", "/note timer"), said("b", "/note timer")); err != nil { // one key, one timer
			t.Fatal(err)
		}
		for range 10 {
			due, ok, err := r.NextDue()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			r.now = due.Add(-time.Millisecond)
			if n, err := r.FireDue(); n != 0 || err != nil {
				t.Fatalf("%d timers fired before their time (%v)", n, err)
			}
			r.now = due
			if n, err := r.FireDue(); n != 1 || err != nil {
				t.Fatalf("%d timers fired at %s (%v)", n, due, err)
			}
		}
		var after []time.Duration
		for _, at := range slices.Compact(r.notes.attempts) { // each in haste, and then with a savepoint
			after = append(after, at.Sub(began))
		}
		if diff := cmp.Diff([]time.Duration{time.Minute, 3 * time.Minute, 7 * time.Minute}, after); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
		r.want(t, noteTexts, "timer", "timer") // of the commands; those of the attempts are undone
		r.want(t, `SELECT account || '|' || reason FROM dead_letter`, "|attempt 3 failed")
		r.want(t, `SELECT key FROM timer`)
	})
}

// Accept returns when the events are committed, not before.
func TestAcceptReturnsAfterCommit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		r := newRig(t, e)
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan error)
		go func() { stopped <- r.Run(ctx) }()
		accepted := make(chan error, 1)
		go func() { accepted <- r.Inbox("acc").Accept(t.Context(), "9", said("a", "/note wait")) }()
		<-r.notes.entered
		select {
		case err := <-accepted:
			t.Errorf("accepted while being handled (%v)", err)
		default:
		}
		r.want(t, noteTexts)
		r.notes.leave <- true
		if err := <-accepted; err != nil {
			t.Fatal(err)
		}
		r.want(t, noteTexts, "wait")
		if cursor, err := r.Inbox("acc").Cursor(t.Context()); cursor != "9" || err != nil {
			t.Errorf("cursor %q (%v)", cursor, err)
		}
		cancel()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

// When the commit fails, all of the batch get the error, nothing is stored, and
// the next batch is as if nothing had been.
func TestFailingCommit(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite)
	if err := r.Handle("acc", "1", said("a", "/note one")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error)
	go func() { stopped <- r.Run(ctx) }()
	// Three adapters are waiting when the engine comes back: one batch.
	first := make(chan error)
	go func() { first <- r.Accept(t.Context(), "acc", "2", said("w", "/note wait")) }()
	<-r.notes.entered
	results := make(chan error, 3)
	for i, text := range []string{"two", "no commit", "three"} {
		go func() { results <- r.Accept(t.Context(), "acc", "9", said(fmt.Sprint("k", i), "/note "+text)) }()
	}
	r.notes.leave <- true
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	failed := 0
	for range 3 {
		if err := <-results; err != nil {
			failed++
			if !strings.Contains(err.Error(), "events not stored: commit: ") {
				t.Errorf("unexpected: %v", err)
			}
		}
	}
	if failed == 0 {
		t.Error("a failed commit was acknowledged")
	}
	cancel()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if n := len(r.column(t, `SELECT key FROM event_seen WHERE key LIKE 'k%'`)); n != 3-failed {
		t.Errorf("%d events stored, %d told so", n, 3-failed)
	}
	r.want(t, `SELECT name FROM member WHERE unit = 'nowhere'`)

	// Alone, for certain: not the cursor either.
	r.want(t, `SELECT COUNT(*) FROM note WHERE text = 'no commit'`, "0")
	before := r.column(t, cursors)
	err := r.Handle("acc", "100", said("x", "/note five"), said("y", "/note no commit"))
	if err == nil || !strings.HasPrefix(err.Error(), "events not stored: commit: ") {
		t.Errorf("error %v", err)
	}
	r.want(t, `SELECT text FROM note WHERE text IN ('five', 'no commit')`)
	r.want(t, cursors, before...)
	if err := r.Handle("acc", "101", said("x", "/note five")); err != nil {
		t.Fatal(err)
	}
	r.want(t, `SELECT text FROM note WHERE text IN ('five', 'no commit')`, "five")
	r.want(t, cursors, "101")
}

// Who sends commands too fast is told once; others are served.
func TestFlood(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		r := newRig(t, e)
		for i := range 50 {
			if err := r.Handle("acc", "", said(fmt.Sprint(i), "/note x")); err != nil {
				t.Fatal(err)
			}
		}
		other := said("other", "/note y")
		other.From.ID = "u2"
		if err := r.Handle("acc", "", other); err != nil {
			t.Fatal(err)
		}
		r.want(t, `SELECT text || COUNT(*) FROM note GROUP BY text ORDER BY text`, "x20", "y1")
		r.want(t, `SELECT COUNT(*) FROM outbox WHERE message LIKE '%发得太快了%'`, "1")
		r.now = r.now.Add(time.Minute)
		if err := r.Handle("acc", "", said("later", "/note z")); err != nil {
			t.Fatal(err)
		}
		r.want(t, `SELECT COUNT(*) FROM note WHERE text = 'z'`, "1")
	})
}

// Ordinary talk leaves no trace at all: no byte of the database, no line of the
// log, whatever the chat waits for.
func TestChatter(t *testing.T) {
	t.Parallel()
	s := script.Open(t, &txtar.Archive{})
	script := "@ 2026-12-01 09:00\n书记: /出题 single\n书记: /出题 truth\n书记: /开签\n书记: /推送 lesson first\n"
	if _, err := s.Play(t, script); err != nil {
		t.Fatal(err)
	}
	seen, err := sql.Open("sqlite", "file:"+s.DB.Path()+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer seen.Close()
	conn, err := seen.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	version := func() (n int) {
		if err := conn.QueryRowContext(t.Context(), `PRAGMA data_version`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	state := func() string { return fingerprint(t, s.DB.Path()) + tables(t, s.DB) + fmt.Sprint(version()) }
	before, logged := state(), s.Log.Len()
	talk := []string{"大家早，今天第%d天", "螃蟹%d只", "A股今天涨了%d点", "收到收到%d", "好的，%d点见", "我选B还是C呢，%d人一起想想", "对对对%d",
		"请假的事找办公室，分机%d", "http://example.com/%d", "@张三 你看第%d页", "%d", "哈哈%d😂", "签到表在第%d页", "已学了%d课了", "1 + 1 = %d", "#接龙\n1. 螃蟹%d"}
	var events []chat.Event
	for i := range 10_000 {
		from := chat.UserID([]string{"0001", "0002", "0003", "outsider:小明"}[i%4])
		events = append(events, chat.Event{Key: fmt.Sprint("talk", i), Kind: chat.Said, Chat: "demo", From: chat.User{ID: from, Name: "螃蟹"},
			Message: chat.MessageID(fmt.Sprint("m", i)), Text: fmt.Sprintf(talk[i%len(talk)], i+100)})
		if len(events) == 50 {
			if err := s.Engine.Handle("rehearsal", "", events...); err != nil {
				t.Fatal(err)
			}
			events = nil
		}
	}
	if diff := cmp.Diff(before, state()); diff != "" {
		t.Errorf("ordinary talk has left a trace (-before +after):\n%s", diff)
	}
	if s.Log.Len() != logged {
		t.Errorf("log:\n%s", s.Log.String()[logged:])
	}
}

// tables counts the rows of every table.
func tables(t *testing.T, db *store.DB) string {
	t.Helper()
	var out strings.Builder
	err := db.Read(func(tx *store.Tx) error {
		var union string
		err := tx.QueryRow(`SELECT group_concat('SELECT ''' || name || ' '' || COUNT(*) FROM ' || name, ' UNION ALL ')
			FROM sqlite_master WHERE type = 'table'`).Scan(&union)
		if err != nil {
			return err
		}
		rows, err := tx.Query(union)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return err
			}
			fmt.Fprintln(&out, line)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A batch in which something has to be undone is run a second time. What was
// counted and said the first time is not counted and said again.
func TestRunAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		r := newRig(t, e)
		batch := []chat.Event{said("bad", "/note error"), said("sorry", "/note complain"), said("strange", "/nots")}
		for i := range 18 { // 20 commands of one person, as many as there may be
			batch = append(batch, said(fmt.Sprint(i), "/note x"), said(fmt.Sprint(i), "/note x")) // and each twice
		}
		other := said("poll", "/note y")
		other.From.ID = "u2"
		if err := r.Handle("acc", "9", append(batch, other)...); err != nil {
			t.Fatal(err)
		}
		r.want(t, `SELECT text || COUNT(*) FROM note GROUP BY text ORDER BY text`, "x18", "y1")
		r.want(t, `SELECT COUNT(*) FROM event_seen`, "22")
		r.want(t, cursors, "9")
		r.want(t, `SELECT reason FROM dead_letter`, "the note is wrong")
		r.want(t, `SELECT COUNT(*) FROM outbox WHERE message LIKE '%发得太快了%'`, "0")
		r.want(t, `SELECT COUNT(*) FROM outbox WHERE message LIKE '%/note%'`, "1") // did you mean
		r.want(t, `SELECT COUNT(*) FROM outbox WHERE message LIKE '%管理员会查看%'`, "1")
		r.want(t, `SELECT COUNT(*) FROM outbox WHERE message LIKE '%加入码%'`, "1")
		if n := strings.Count(r.log.String(), "the note is wrong"); n != 1 {
			t.Errorf("logged %d times: %s", n, &r.log)
		}
		// Two in one transaction for each of the two runs, not one more.
		var runs []*store.Tx
		for _, tx := range r.notes.seen {
			if !slices.Contains(runs, tx) {
				runs = append(runs, tx)
			}
		}
		if len(runs) != 2 {
			t.Errorf("%d transactions", len(runs))
		}
	})
}

// Whoever goes into a unit twice in one turn, or says something in a copy of it, loses
// no message; and a turn that is run again says the same once.
func TestEachMessageOfATurnIsItsOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		r := newRig(t, e)
		if err := r.Handle("acc", "1", said("m1", "/note post later")); err != nil {
			t.Fatal(err)
		}
		r.now = r.now.Add(time.Minute)
		if _, err := r.FireDue(); err != nil {
			t.Fatal(err)
		}
		r.want(t, letters[e], "noted post later", "post 0", "post 1", "post 2", "post 3")
		r.want(t, `SELECT key FROM outbox WHERE key LIKE 't:%' ORDER BY id`, "t:1:demo:1", "t:1:demo:2", "t:1:demo:3", "t:1:demo:4")
	})
}
