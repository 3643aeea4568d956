package app

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"branchbot/store"
	"branchbot/store/faultdriver"
)

// A database that answers and takes nothing, as on a full disk, is not well; it is
// well again when it takes something.
func TestHealthOfAFullDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "branchbot.db")
	full := false
	t.Cleanup(faultdriver.Set(path, &faultdriver.Plan{Op: func(statement string) (before, after error) {
		if full && strings.HasPrefix(statement, "INSERT") {
			return errors.New("database or disk is full"), nil
		}
		return nil, nil
	}}))
	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	db, err := store.Open(context.Background(), "sqlite:"+path, store.Options{Driver: faultdriver.Name, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var w writable
	for _, step := range []struct {
		full, later, well bool
	}{
		{false, false, true},
		{true, false, true}, // it was tried a moment ago
		{true, true, false},
		{false, false, false},
		{false, true, true},
	} {
		if full = step.full; step.later {
			now = now.Add(10 * time.Second)
		}
		if err := w.check(db); (err == nil) != step.well {
			t.Errorf("%+v: %v", step, err)
		}
	}
}
