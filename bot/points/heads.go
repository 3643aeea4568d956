package points

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"branchbot/store"
)

// A chain fits as long as nothing is missing in it; that its end is gone, it cannot
// show. So the ends of all chains, their heads, are published outside of the
// database: in a file beside it, with each daily backup, in /状态.
//
// Rules:
//   - A head is published only once its entry is on the disk.
//   - A chain that does not hold its published head is broken: entries are lost, or
//     are others. Nothing is published of it until somebody accepts that.
//   - To accept begins a new epoch. What was published before is kept.

// Head is the end of a unit's chain.
type Head struct {
	Seq  int64
	Hash []byte
}

// String is the number of the entry and the first twelve digits of its hash.
func (h Head) String() string { return fmt.Sprintf("%d:%.6x", h.Seq, h.Hash) }

// Heads are what a file of heads holds.
type Heads struct {
	Epoch int64 // 1, and one more each time that a loss was accepted
	Since time.Time
	Units map[string]Head
}

// Break is a chain that does not hold its published head.
type Break struct {
	Unit      string
	Published Head
	Has       int64 // the last entry that there is; 0 = none
	// Missing is the file of heads that is not there any more, though it was published;
	// the other fields are empty then.
	Missing string
	// Epoch is that of the published heads when the database knows of none so new, only
	// of those up to Known; the other fields are empty then.
	Epoch, Known int64
}

// Error tells an administrator what is lost.
func (b Break) Error() string {
	if b.Missing != "" {
		return fmt.Sprintf("the published heads %s are missing: put the file back; if nobody knows why it is gone, compare the ledger with the backups by branchbot ledger verify", b.Missing)
	}
	if b.Epoch > 0 {
		return fmt.Sprintf("the published heads are of epoch %d, but no loss was accepted after epoch %d: somebody has written into their file; "+
			"put back the one from a backup, or accept the ledger as it is: branchbot ledger accept", b.Epoch, b.Known)
	}
	if b.Has < b.Published.Seq {
		return fmt.Sprintf("unit %s: data lost after entry %d: the ledger ended at %d when its head was last published", b.Unit, b.Has, b.Published.Seq)
	}
	return fmt.Sprintf("unit %s: entry %d is not the one that was published (%s): the ledger was replaced or changed", b.Unit, b.Published.Seq, b.Published)
}

// HeadsBeside is where the heads of a database are published.
func HeadsBeside(database string) string { return database + ".heads" }

// Ends are the heads of all chains.
func Ends(tx *store.Tx) (map[string]Head, error) {
	rows, err := tx.Query(`SELECT l.unit, l.seq, l.hash FROM unit u
		JOIN ledger l ON l.unit = u.id AND l.seq = (SELECT MAX(e.seq) FROM ledger e WHERE e.unit = u.id)`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ends := map[string]Head{}
	for rows.Next() {
		var unit string
		var h Head
		if err := rows.Scan(&unit, &h.Seq, &h.Hash); err != nil {
			return nil, err
		}
		ends[unit] = h
	}
	return ends, rows.Err()
}

// end is the head of a unit's chain; zero when it has no entry.
func end(tx *store.Tx, unit string) (h Head, err error) {
	if err := settled(tx); err != nil {
		return h, err
	}
	err = tx.QueryRow(`SELECT seq, hash FROM ledger WHERE unit = $1 ORDER BY seq DESC LIMIT 1`, unit).Scan(&h.Seq, &h.Hash)
	if errors.Is(err, store.ErrNoRows) {
		return Head{}, nil
	}
	return h, err
}

// Holds tells whether the chain of a unit has a head in it. Of the hash at least the
// first six bytes must be there.
func Holds(tx *store.Tx, unit string, h Head) (bool, error) {
	var hash []byte
	err := tx.QueryRow(`SELECT hash FROM ledger WHERE unit = $1 AND seq = $2`, unit, h.Seq).Scan(&hash)
	if errors.Is(err, store.ErrNoRows) {
		return false, nil
	}
	return bytes.HasPrefix(hash, h.Hash) && len(h.Hash) >= 6, err
}

// Breaks are the chains that do not hold their heads, in the order of their units. Heads
// of an epoch that never began come first: with it, those of before would be passed over.
func (h *Heads) Breaks(tx *store.Tx) ([]Break, error) {
	if h == nil {
		return nil, nil
	}
	all, err := h.neverBegan(tx)
	if err != nil {
		return nil, err
	}
	for _, unit := range slices.Sorted(maps.Keys(h.Units)) {
		b, err := h.broken(tx, unit)
		if err != nil {
			return nil, err
		}
		if b != nil {
			all = append(all, *b)
		}
	}
	return all, nil
}

// neverBegan is a break when the heads are of an epoch that the database does not know. A
// database that knows of none at all has yet to note that heads were published.
func (h *Heads) neverBegan(tx *store.Tx) ([]Break, error) {
	known, err := lastEpoch(tx)
	if err != nil || known == 0 || h.Epoch <= known {
		return nil, err
	}
	return []Break{{Epoch: h.Epoch, Known: known}}, nil
}

// broken is nil when the chain of a unit holds its head.
func (h *Heads) broken(tx *store.Tx, unit string) (*Break, error) {
	published := h.Units[unit]
	if ok, err := Holds(tx, unit, published); ok || err != nil {
		return nil, err
	}
	b := &Break{Unit: unit, Published: published}
	return b, tx.QueryRow(`SELECT COALESCE(MAX(seq), 0) FROM ledger WHERE unit = $1`, unit).Scan(&b.Has)
}

// Publish brings the heads in a file up to the ends of the chains, and returns the
// chains that are broken. The transaction must be one of Read: what it sees is on
// the disk.
func Publish(tx *store.Tx, file string) ([]Break, error) {
	ends, err := Ends(tx)
	if err != nil {
		return nil, fmt.Errorf("publish the ledger's heads: %w", err)
	}
	var breaks []Break
	err = change(file, func(h *Heads) (*Heads, error) {
		if h == nil {
			epoch, err := lastEpoch(tx)
			if epoch > 0 {
				breaks = append(breaks, Break{Missing: file})
			}
			if epoch > 0 || err != nil {
				return nil, err
			}
			return &Heads{Epoch: 1, Since: tx.Now, Units: ends}, nil
		}
		var err error
		if breaks, err = h.neverBegan(tx); err != nil || len(breaks) > 0 {
			return nil, err
		}
		next := &Heads{h.Epoch, h.Since, maps.Clone(h.Units)}
		changed := false
		for _, unit := range slices.Sorted(maps.Keys(h.Units)) {
			if ends[unit].Seq == h.Units[unit].Seq && bytes.Equal(ends[unit].Hash, h.Units[unit].Hash) {
				continue
			}
			b, err := h.broken(tx, unit)
			switch {
			case err != nil:
				return nil, err
			case b != nil:
				breaks = append(breaks, *b)
			case ends[unit].Seq > h.Units[unit].Seq: // else another process was faster
				next.Units[unit], changed = ends[unit], true
			}
		}
		for unit, end := range ends {
			if _, ok := h.Units[unit]; !ok {
				next.Units[unit], changed = end, true
			}
		}
		if !changed {
			return nil, nil
		}
		return next, nil
	})
	if err != nil {
		return nil, fmt.Errorf("publish the ledger's heads: %w", err)
	}
	return breaks, nil
}

// lastEpoch is the newest epoch whose heads were published; 0 = none was.
func lastEpoch(tx *store.Tx) (epoch int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(epoch), 0) FROM ledger_epoch`).Scan(&epoch)
	return epoch, err
}

// NotePublished notes in the database that the heads in a file are published, so that it
// shows when the file is gone.
func NotePublished(tx *store.Tx, file string) error {
	h, err := ReadHeads(file)
	if err != nil || h == nil {
		return err
	}
	return noteEpoch(tx, h.Epoch)
}

func noteEpoch(tx *store.Tx, epoch int64) error {
	_, err := tx.Exec(`INSERT INTO ledger_epoch (epoch, published_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, epoch, tx.Millis())
	return err
}

// PublishAnew publishes the heads that were noted in another file, or else the ends of
// the chains as they are, where none are published.
func PublishAnew(tx *store.Tx, noted, file string) error {
	h, err := ReadHeads(noted)
	if err == nil && h == nil {
		h = &Heads{Epoch: 1, Since: tx.Now}
		h.Units, err = Ends(tx)
	}
	if err != nil {
		return err
	}
	return change(file, func(*Heads) (*Heads, error) { return h, nil })
}

// Accept begins a new epoch with the chains as they are now, and returns its number
// and what was broken; 0 when nothing was. The heads before stay beside the file.
func Accept(tx *store.Tx, file string) (epoch int64, breaks []Break, err error) {
	ends, err := Ends(tx)
	if err != nil {
		return 0, nil, err
	}
	last, err := lastEpoch(tx)
	if err != nil {
		return 0, nil, err
	}
	err = change(file, func(h *Heads) (*Heads, error) {
		if h == nil {
			if last == 0 {
				return nil, nil
			}
			breaks, epoch = []Break{{Missing: file}}, last+1
			return &Heads{Epoch: epoch, Since: tx.Now, Units: ends}, nil
		}
		if breaks, err = h.Breaks(tx); err != nil || len(breaks) == 0 {
			return nil, err
		}
		epoch = max(h.Epoch, last) + 1
		if err := h.Write(fmt.Sprintf("%s.epoch-%d", file, h.Epoch)); err != nil {
			return nil, err
		}
		return &Heads{Epoch: epoch, Since: tx.Now, Units: ends}, nil
	})
	if err == nil && epoch > 0 {
		err = noteEpoch(tx, epoch)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("accept the ledger as it is: %w", err)
	}
	return epoch, breaks, nil
}

// change replaces what a file holds by what f makes of it, unless that is nil. Other
// processes wait meanwhile.
func change(file string, f func(*Heads) (*Heads, error)) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	lock := flock.New(file + ".lock")
	if err := lock.Lock(); err != nil {
		return err
	}
	defer lock.Unlock()
	h, err := ReadHeads(file)
	if err != nil {
		return err
	}
	next, err := f(h)
	if err != nil || next == nil {
		return err
	}
	return next.Write(file)
}

const headsTitle = "# The ends of the chains of points, written by branchbot: do not change or delete; see docs/operations.md"

// Write puts the heads into a file at once or not at all, and has it last.
func (h *Heads) Write(file string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nepoch %d since %s\n", headsTitle, h.Epoch, h.Since.UTC().Format(time.RFC3339))
	for _, unit := range slices.Sorted(maps.Keys(h.Units)) {
		fmt.Fprintf(&b, "%s %d %x\n", unit, h.Units[unit].Seq, h.Units[unit].Hash)
	}
	fmt.Fprintf(&b, "end %d\n", len(h.Units))
	return store.WriteFile(file, b.Bytes(), 0o600)
}

// ReadHeads reads a file of heads; nil when there is none.
func ReadHeads(file string) (*Heads, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h, err := parseHeads(data)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): it is left as it is; put it aside, and the heads are published anew", file, err)
	}
	return h, nil
}

func parseHeads(data []byte) (*Heads, error) {
	h := &Heads{Units: map[string]Head{}}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		word := strings.Fields(lines.Text())
		bad := fmt.Errorf("line %d", n)
		switch {
		case n == 1:
			if lines.Text() != headsTitle {
				return nil, bad
			}
		case n == 2:
			if len(word) != 4 {
				return nil, bad
			}
			var err1, err2 error
			h.Epoch, err1 = strconv.ParseInt(word[1], 10, 64)
			h.Since, err2 = time.Parse(time.RFC3339, word[3])
			if word[0] != "epoch" || h.Epoch < 1 || errors.Join(err1, err2) != nil {
				return nil, bad
			}
		case len(word) == 2:
			if word[0] != "end" || word[1] != strconv.Itoa(len(h.Units)) || lines.Scan() {
				return nil, bad
			}
			return h, nil
		default:
			if len(word) != 3 {
				return nil, bad
			}
			seq, err1 := strconv.ParseInt(word[1], 10, 64)
			hash, err2 := hex.DecodeString(word[2])
			if errors.Join(err1, err2) != nil || seq < 1 || len(hash) != 32 {
				return nil, bad
			}
			h.Units[word[0]] = Head{seq, hash}
		}
	}
	return nil, errors.New("its end is missing")
}

// ParseHead reads what somebody has noted down of /状态: UNIT:SEQ:HASH, of the hash at
// least twelve digits.
func ParseHead(text string) (unit string, h Head, err error) {
	part := strings.Split(text, ":")
	if len(part) == 3 {
		seq, err1 := strconv.ParseInt(part[1], 10, 64)
		hash, err2 := hex.DecodeString(part[2])
		if errors.Join(err1, err2) == nil && seq > 0 && len(hash) >= 6 && len(hash) <= 32 {
			return part[0], Head{seq, hash}, nil
		}
	}
	return "", Head{}, fmt.Errorf("%q is no head of a ledger: write UNIT:SEQ:HASH as /状态 shows it, e.g. demo:17:5f2a1c3d9e0b", text)
}
