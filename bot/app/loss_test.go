package app

import (
	"bytes"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"branchbot/bot/chat"
	"branchbot/bot/points"
	"branchbot/store"
)

// A bot whose database has lost something says so in /状态, once in its log, and in
// its metrics, until that is accepted.
func TestALossShows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var log bytes.Buffer
	b := sample(t, db, &log)
	if err := db.Write(func(tx *store.Tx) error { return b.bindStaff(tx, "web", "0001", "0001", "dm:1") }); err != nil {
		t.Fatal(err)
	}
	said := 0
	say := func(text string) (answer string) {
		t.Helper()
		said++
		err := b.engine.Handle("web", "", chat.Event{Key: strings.Repeat("x", said), Kind: chat.Said, At: db.Now(), Private: true, Chat: "dm:1",
			From: chat.User{ID: "0001"}, Text: text})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Read(func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT message FROM outbox ORDER BY id DESC LIMIT 1`).Scan(&answer)
		}); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	metric := func() string {
		t.Helper()
		w := httptest.NewRecorder()
		b.mux().ServeHTTP(w, local("/metrics"))
		for line := range strings.Lines(w.Body.String()) {
			if strings.HasPrefix(line, "branchbot_ledger_broken ") {
				return strings.TrimSpace(line)
			}
		}
		return ""
	}
	say("/加分 张三 1 一")
	say("/加分 张三 2 二")
	b.heads.publish()
	if answer := say("/状态"); !strings.Contains(answer, "积分流水指纹 demo:2:") || strings.Contains(answer, "丢失") || metric() != "branchbot_ledger_broken 0" {
		t.Errorf("before: %s\n%s", metric(), answer)
	}
	if err := db.Write(func(tx *store.Tx) error { _, err := tx.Exec(`DELETE FROM ledger WHERE seq = 2`); return err }); err != nil {
		t.Fatal(err)
	}
	b.heads.publish()
	b.heads.publish()
	const line = "⚠ 积分流水在第 1 条之后有数据丢失（之前已经记到第 2 条），请管理员看日志，运行 branchbot ledger verify。"
	if answer := say("/状态"); !strings.Contains(answer, line) || metric() != "branchbot_ledger_broken 1" {
		t.Errorf("lost: %s\n%s", metric(), answer)
	}
	if n := strings.Count(log.String(), "unit demo: data lost after entry 1"); n != 1 {
		t.Errorf("the log tells it %d times:\n%s", n, log.String())
	}
	err = db.Write(func(tx *store.Tx) error { _, _, err := points.Accept(tx, points.HeadsBeside(path)); return err })
	if err != nil {
		t.Fatal(err)
	}
	b.heads.publish()
	if answer := say("/状态"); strings.Contains(answer, "丢失") || metric() != "branchbot_ledger_broken 0" {
		t.Errorf("accepted: %s\n%s", metric(), answer)
	}
}
