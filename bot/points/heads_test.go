package points_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/points"
	"branchbot/store"
	"branchbot/store/storetest"
)

// entries appends entries to the chain of a unit, each in a transaction of its own.
func entries(t *testing.T, db *store.DB, unit, key string, n int) {
	t.Helper()
	for i := range n {
		err := db.Write(func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO unit (id, kind, name, zone, language) VALUES ($1, 'branch', $1, 'Asia/Shanghai', 'zh-CN') ON CONFLICT DO NOTHING`, unit)
			if err != nil {
				return err
			}
			_, err = points.Append(tx, &points.Entry{Unit: unit, Member: 1, Points: 1, Rule: "award", Day: "2026-12-01", Key: fmt.Sprintf("%s:%s:%d", unit, key, i)})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func publish(t *testing.T, db *store.DB, file string) (breaks []points.Break) {
	t.Helper()
	err := db.Read(func(tx *store.Tx) (err error) { breaks, err = points.Publish(tx, file); return err })
	if err != nil {
		t.Fatal(err)
	}
	return breaks
}

func openFile(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// FAULTS 7.11: a torn or rotten journal drops all transactions after some point, and
// the chain that is left fits. The published head tells when it had gone on, and only
// then.
func TestTheHeadTellsOfATornJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.db")
	db := openFile(t, path)
	if err := db.Scrub(); err != nil { // the journal is of entries alone
		t.Fatal(err)
	}
	const published, written = 40, 60
	entries(t, db, "demo", "a", published)
	heads := points.HeadsBeside(path)
	if breaks := publish(t, db, heads); breaks != nil {
		t.Fatalf("broken from the start: %v", breaks)
	}
	entries(t, db, "demo", "b", written-published)
	file, err1 := os.ReadFile(path)
	wal, err2 := os.ReadFile(path + "-wal")
	text, err3 := os.ReadFile(heads)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	dice := rand.New(rand.NewPCG(11, 1))
	lost, kept := 0, 0
	for trial := range 60 {
		torn := bytes.Clone(wal)
		at := dice.IntN(len(torn))
		switch trial % 3 {
		case 0:
			torn = torn[:at]
		case 1:
			clear(torn[at:])
		default: // one sector
			for i := at; i < min(at+512, len(torn)); i++ {
				torn[i] ^= byte(1 + dice.IntN(255))
			}
		}
		copied := filepath.Join(dir, fmt.Sprint("trial-", trial, ".db"))
		if err := errors.Join(os.WriteFile(copied, file, 0o600), os.WriteFile(copied+"-wal", torn, 0o600), os.WriteFile(points.HeadsBeside(copied), text, 0o600)); err != nil {
			t.Fatal(err)
		}
		again := openFile(t, copied)
		var has int64
		var verified []points.Verified
		err := again.Read(func(tx *store.Tx) (err error) {
			if verified, err = points.Verify(tx); err != nil {
				return err
			}
			return tx.QueryRow(`SELECT COALESCE(MAX(seq), 0) FROM ledger`).Scan(&has)
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(verified) > 0 && verified[0].Bad != 0 {
			t.Errorf("trial %d: the chain itself tells: %+v", trial, verified[0])
		}
		breaks := publish(t, again, points.HeadsBeside(copied))
		switch {
		case has >= published:
			kept++
			if breaks != nil {
				t.Errorf("trial %d: nothing is lost of what was published, and it says %v", trial, breaks)
			}
		case len(breaks) != 1 || breaks[0].Error() != fmt.Sprintf("unit demo: data lost after entry %d: the ledger ended at 40 when its head was last published", has):
			t.Errorf("trial %d: %d of %d entries are there, and it says %v", trial, has, published, breaks)
		default:
			lost++
			if now, err := os.ReadFile(points.HeadsBeside(copied)); err != nil || !bytes.Equal(now, text) {
				t.Errorf("trial %d: the published heads have changed (%v)", trial, err)
			}
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
	if lost < 10 || kept < 10 {
		t.Errorf("%d trials lost something, %d did not: the trials show little", lost, kept)
	}
}

// What is published moves forward, one chain's loss does not hold up the others, and
// to accept it begins a new epoch.
func TestHeads(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, folder := e.Empty(t)
		now := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
		db, err := store.Open(t.Context(), source, store.Options{Folder: folder, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		file := points.HeadsBeside(db.Path())
		shown := func() string {
			t.Helper()
			h, err := points.ReadHeads(file)
			if err != nil {
				t.Fatal(err)
			}
			if h == nil {
				return "none"
			}
			out := fmt.Sprint("epoch ", h.Epoch)
			for _, unit := range []string{"one", "two", "three"} {
				if end, ok := h.Units[unit]; ok {
					out += fmt.Sprint(" ", unit, " ", end.Seq)
				}
			}
			return out
		}
		step := func(want, wantBroken string) {
			t.Helper()
			broken := ""
			for _, b := range publish(t, db, file) {
				broken += b.Error() + "\n"
			}
			if got := shown(); got != want {
				t.Errorf("published: %s, want %s", got, want)
			}
			if diff := cmp.Diff(wantBroken, broken); diff != "" {
				t.Errorf("broken (-want +got):\n%s", diff)
			}
		}
		sql := func(text string) {
			t.Helper()
			if err := db.Write(func(tx *store.Tx) error { _, err := tx.Exec(text); return err }); err != nil {
				t.Fatal(err)
			}
		}
		step("epoch 1", "")
		entries(t, db, "one", "a", 3)
		entries(t, db, "two", "a", 2)
		step("epoch 1 one 3 two 2", "")
		entries(t, db, "one", "b", 2)
		entries(t, db, "three", "a", 1)
		step("epoch 1 one 5 two 2 three 1", "")
		sql(`DELETE FROM ledger WHERE unit = 'one' AND seq > 3`) // as a backup would have it
		const lost = "unit one: data lost after entry 3: the ledger ended at 5 when its head was last published\n"
		step("epoch 1 one 5 two 2 three 1", lost)
		entries(t, db, "two", "b", 1)
		step("epoch 1 one 5 two 3 three 1", lost)
		entries(t, db, "one", "c", 4) // which has become longer than what was published
		head, err := points.ReadHeads(file)
		if err != nil {
			t.Fatal(err)
		}
		step("epoch 1 one 5 two 3 three 1",
			"unit one: entry 5 is not the one that was published ("+head.Units["one"].String()+"): the ledger was replaced or changed\n")
		var epoch int64
		var breaks []points.Break
		accept := func() {
			t.Helper()
			err := db.Write(func(tx *store.Tx) (err error) { epoch, breaks, err = points.Accept(tx, file); return err })
			if err != nil {
				t.Fatal(err)
			}
		}
		if accept(); epoch != 2 || len(breaks) != 1 {
			t.Errorf("epoch %d, %v", epoch, breaks)
		}
		step("epoch 2 one 7 two 3 three 1", "")
		if accept(); epoch != 0 || len(breaks) != 0 {
			t.Errorf("accepted what is whole: epoch %d, %v", epoch, breaks)
		}
		if before, err := points.ReadHeads(file + ".epoch-1"); err != nil || before.Units["one"].Seq != 5 {
			t.Errorf("the heads before: %v (%v)", before, err)
		}
		forged, err := points.ReadHeads(file)
		if err != nil {
			t.Fatal(err)
		}
		forged.Epoch = 7 // so that the heads of before would be passed over
		if err := forged.Write(file); err != nil {
			t.Fatal(err)
		}
		step("epoch 7 one 7 two 3 three 1", "the published heads are of epoch 7, but no loss was accepted after epoch 2: somebody has written into their file; "+
			"put back the one from a backup, or accept the ledger as it is: branchbot ledger accept\n")
		if accept(); epoch != 8 || len(breaks) != 1 {
			t.Errorf("epoch %d, %v", epoch, breaks)
		}
		step("epoch 8 one 7 two 3 three 1", "")
	})
}

// A file of heads that was damaged is told, and is not written over.
func TestDamagedHeads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openFile(t, filepath.Join(dir, "x.db"))
	entries(t, db, "demo", "a", 2)
	file := filepath.Join(dir, "x.db.heads")
	publish(t, db, file)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":         "",
		"cut off":       string(whole[:len(whole)-6]),
		"other number":  strings.Replace(string(whole), "end 1", "end 2", 1),
		"more":          string(whole) + "demo 9 00\n",
		"a wrong digit": strings.Replace(string(whole), "demo 2 ", "demo 2 zz", 1),
		"another text":  "Dear Sir or Madam\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := db.Read(func(tx *store.Tx) error { _, err := points.Publish(tx, file); return err })
		if err == nil || !strings.Contains(err.Error(), "is damaged (") || !strings.HasSuffix(err.Error(), "it is left as it is; put it aside, and the heads are published anew") {
			t.Errorf("%s: %v", name, err)
		}
		if now, err := os.ReadFile(file); err != nil || string(now) != text {
			t.Errorf("%s: it was changed (%v)", name, err)
		}
	}
}

func TestParseHead(t *testing.T) {
	t.Parallel()
	unit, h, err := points.ParseHead("demo:17:5f2a1c3d9e0b")
	if err != nil || unit != "demo" || h.String() != "17:5f2a1c3d9e0b" {
		t.Errorf("%s %s (%v)", unit, h, err)
	}
	for _, text := range []string{"", "demo", "demo:17", "demo:0:5f2a1c3d9e0b", "demo:x:5f2a1c3d9e0b", "demo:17:5f2a", "demo:17:zz2a1c3d9e0b", "a:demo:17:5f2a1c3d9e0b"} {
		if _, _, err := points.ParseHead(text); err == nil || !strings.Contains(err.Error(), "is no head of a ledger") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzReadHeads: whatever is in the file, it is read or refused, and what is read is
// written as it was.
func FuzzReadHeads(f *testing.F) {
	dir := f.TempDir()
	seed := filepath.Join(dir, "seed")
	h := points.Heads{Epoch: 2, Since: time.Unix(1_700_000_000, 0).UTC(), Units: map[string]points.Head{"a": {Seq: 1, Hash: make([]byte, 32)}, "b": {Seq: 7, Hash: make([]byte, 32)}}}
	if err := h.Write(seed); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(seed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:40])
	f.Add([]byte("\n\nend 0\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		h, err := points.ReadHeads(file)
		if err != nil {
			return
		}
		if err := h.Write(file); err != nil {
			t.Fatal(err)
		}
		again, err := points.ReadHeads(file)
		if diff := cmp.Diff(h, again); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}
