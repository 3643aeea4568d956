package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/cli"
	"branchbot/store"
	"branchbot/store/storetest"
)

// A branch moves from a file to a server and back: everything is there, ids go on
// where they were, and a database that is not empty is not written to.
func TestMovingHouse(t *testing.T) {
	t.Parallel()
	s := newStage(t, "web")
	s.play(t, "书记: /出题", "张三: A", "书记: /结束", "书记 (私聊): /加分 张三 2 值班", "书记: /投票 去哪里\\n公园\\n山上", "书记: /通知 回执 周五体检", "李四: 收到")
	if err := s.DB.Close(); err != nil {
		t.Fatal(err)
	}
	postgres, _ := storetest.Postgres.Empty(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("units: [{id: demo, name: 示范党支部}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	move := func(from, to string) (string, int) {
		t.Helper()
		var out, errs bytes.Buffer
		code := cli.Main(t.Context(), cli.Program{Args: []string{"move", "--config", filepath.Join(dir, "config.yaml"), "--from", from, "--to", to},
			In: strings.NewReader(""), Out: &out, Err: &errs, Env: os.LookupEnv})
		return out.String() + errs.String(), code
	}
	first, back := "sqlite:"+s.DB.Path(), "sqlite:"+filepath.Join(dir, "back.db")
	for _, leg := range [][2]string{{first, postgres}, {postgres, back}} {
		if said, code := move(leg[0], leg[1]); code != 0 || !strings.HasPrefix(said, "moved and compared: ") {
			t.Fatalf("exit status %d: %s", code, said)
		}
	}
	if diff := cmp.Diff(dump(t, first), dump(t, back)); diff != "" {
		t.Errorf("there and back (-before +after):\n%s", diff)
	}
	if said, code := move(first, postgres); code != 1 || !strings.Contains(said, "the database to move to is not empty: unit has 1 rows; name a new one") {
		t.Errorf("exit status %d: %s", code, said)
	}
	keys, err := os.ReadDir(filepath.Join(dir, "back.db.keys"))
	if err != nil || len(keys) != 1 {
		t.Errorf("%d keys have come back (%v)", len(keys), err)
	}
	db, err := store.Open(t.Context(), postgres, store.Options{Folder: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(func(tx *store.Tx) error {
		var last, next int64
		if err := tx.QueryRow(`SELECT MAX(id) FROM prompt`).Scan(&last); err != nil {
			return err
		}
		err := tx.QueryRow(`INSERT INTO prompt (unit, feature, ref, code, want, opened_at) VALUES ('demo', 'quiz', '1', 99, '{}', 0) RETURNING id`).Scan(&next)
		if err == nil && next != last+1 {
			t.Errorf("after id %d comes %d", last, next)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// dump is all rows of all tables, as text.
func dump(t *testing.T, source string) (all []string) {
	t.Helper()
	db, err := store.Open(t.Context(), source, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Read(func(tx *store.Tx) error {
		tables, err := texts(tx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' AND name <> 'generation' ORDER BY name`)
		for _, table := range tables {
			columns, err := texts(tx, `SELECT 'COALESCE(quote("' || name || '"), '''')' FROM pragma_table_info('`+table+`')`)
			if err != nil {
				return err
			}
			rows, err := texts(tx, `SELECT '`+table+` ' || `+strings.Join(columns, ` || '|' || `)+` FROM `+table+` ORDER BY 1`)
			if err != nil {
				return err
			}
			all = append(all, rows...)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func texts(tx *store.Tx, query string) (out []string, err error) {
	rows, err := tx.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}
