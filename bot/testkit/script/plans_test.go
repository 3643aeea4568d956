package script_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"branchbot/bot/testkit/script"
	"branchbot/store"
	"branchbot/store/faultdriver"
	"branchbot/store/storetest"
)

// growing are the tables that have more rows each day.
var growing = []string{"account_binding", "answer", "answer_message", "binding", "checkin_entry", "event_seen", "ledger", "ledger_sum", "lesson_done", "lesson_push",
	"notice_reader", "notice_target", "occurrence", "outbox", "outbox_part", "pending_answer", "prompt", "round", "signup_entry", "stay"}

// meant are statements that are to read all: of the ledger's verification, of the
// rehearsal that plays the scripts, and of the few bindings that nobody was told of yet,
// which have an index of their own.
var meant = []string{"FROM ledger ORDER BY unit, seq", "SELECT unit, feature, code FROM prompt WHERE closed_at IS NULL ORDER BY id",
	"AND b.told_at IS NULL ORDER BY b.id"}

// No statement of the scripts reads the whole of a table that grows, as one does that
// misses its index: it would be quick in all tests, and slow after a year.
func TestNothingIsReadWhole(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("../../*/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	features, err := filepath.Glob("../../feature/*/testdata/*.txtar")
	scripts = append(scripts, features...)
	if err != nil || len(scripts) < 50 {
		t.Fatalf("%d scripts (%v)", len(scripts), err)
	}
	seen := map[string]bool{}
	for _, name := range scripts {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var fresh []string
		plan := &faultdriver.Plan{}
		source, _ := storetest.SQLite.Empty(t)
		done := faultdriver.Set(strings.TrimPrefix(source, "sqlite:"), plan)
		s := script.OpenIn(t, a, func(o store.Options) (*store.DB, error) {
			o.Driver = faultdriver.Name
			return store.Open(t.Context(), source, o)
		})
		plan.Op = func(statement string) (before, after error) {
			mu.Lock()
			defer mu.Unlock()
			if !seen[statement] {
				seen[statement] = true
				fresh = append(fresh, statement)
			}
			return nil, nil
		}
		for _, f := range a.Files {
			if f.Name != "script" {
				continue
			}
			if _, err := s.Play(t, string(f.Data)); err != nil {
				t.Fatal(err)
			}
		}
		plan.Op = nil
		for _, statement := range fresh {
			if read := readsWhole(t, s.DB, statement); read != "" {
				t.Errorf("%s: %s\n%s", name, read, statement)
			}
		}
		done()
	}
	if len(seen) < 250 {
		t.Errorf("only %d statements were seen", len(seen))
	}
}

var (
	asks    = regexp.MustCompile(`(?i)^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)
	numbers = regexp.MustCompile(`\$(\d+)`)
	scans   = regexp.MustCompile(`^SCAN (\w+)`)
)

// readsWhole is the step of a statement's plan that reads all of a growing table; "" if
// none does.
func readsWhole(t *testing.T, db *store.DB, statement string) (step string) {
	t.Helper()
	if !asks.MatchString(statement) || slices.ContainsFunc(meant, func(part string) bool { return strings.Contains(statement, part) }) {
		return ""
	}
	most := 0
	for _, m := range numbers.FindAllStringSubmatch(statement, -1) {
		n, _ := strconv.Atoi(m[1])
		most = max(most, n)
	}
	err := db.Read(func(tx *store.Tx) error {
		rows, err := tx.Query("EXPLAIN QUERY PLAN "+statement, make([]any, most)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				return err
			}
			if m := scans.FindStringSubmatch(detail); m != nil && slices.Contains(growing, table(statement, m[1])) {
				step = detail
			}
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", statement, err))
	}
	return step
}

// table is the one that a name in a statement stands for.
func table(statement, name string) string {
	if slices.Contains(growing, name) {
		return name
	}
	for _, t := range growing {
		if strings.Contains(statement, " "+t+" "+name) || strings.Contains(statement, " "+t+" AS "+name) {
			return t
		}
	}
	return name
}
