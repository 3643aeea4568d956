package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"branchbot/bot/keystore"
	"branchbot/bot/points"
	"branchbot/store"
)

func (p *Program) moveCommand() *cobra.Command {
	var from, to string
	c := &cobra.Command{Use: "move --from DATABASE --to DATABASE", Args: cobra.NoArgs,
		Short: "Move house: copy everything to another, empty database; stop the bot first",
		RunE:  func(c *cobra.Command, _ []string) error { return p.move(c.Context(), from, to) }}
	c.Flags().StringVar(&from, "from", "", "where everything is, e.g. sqlite:data/branchbot.db")
	c.Flags().StringVar(&to, "to", "", "where it goes, e.g. postgres://USER@HOST/NAME")
	c.MarkFlagRequired("from")
	c.MarkFlagRequired("to")
	return c
}

func (p *Program) move(ctx context.Context, fromSource, toSource string) error {
	from, err := p.house(ctx, fromSource, false)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := p.house(ctx, toSource, true)
	if err != nil {
		return err
	}
	defer to.Close()
	moved, err := store.Move(ctx, from, to, func() error {
		if err := sameHeads(from, to); err != nil {
			return err
		}
		return moveFiles(from.Path(), to.Path())
	})
	if err != nil {
		return err
	}
	rows := int64(0)
	for _, m := range moved {
		rows += m.Rows
	}
	fmt.Fprintf(p.Out, "moved and compared: %d rows in %d tables, and the ledger's heads; set database: in the configuration\n", rows, len(moved))
	return nil
}

// moveFiles copies what lies beside the database: again, after a move that was cut
// off.
func moveFiles(from, to string) error {
	if filepath.Clean(from) == filepath.Clean(to) { // a file and a server's database of the same name
		return nil
	}
	if err := moveKeys(keystore.Folder(from), keystore.Folder(to)); err != nil {
		return fmt.Errorf("copy the keys of sealed ballots: %w", err)
	}
	heads, err := points.ReadHeads(points.HeadsBeside(from))
	if err == nil && heads != nil {
		err = heads.Write(points.HeadsBeside(to))
	}
	if err != nil {
		return fmt.Errorf("copy the published heads of the ledger: %w", err)
	}
	return nil
}

func moveKeys(from, to string) error {
	keys, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := errors.Join(err, os.MkdirAll(to, 0o700)); err != nil {
		return err
	}
	for _, k := range keys {
		data, err := os.ReadFile(filepath.Join(from, k.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, k.Name()), data, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// house opens a database that is named on the command line; a relative path is
// relative to the configuration, as there.
func (p *Program) house(ctx context.Context, source string, unfinished bool) (*store.DB, error) {
	s, _, err := p.load()
	if err != nil {
		return nil, err
	}
	s.Database = source
	db, err := store.Open(ctx, s.DatabaseSource(), store.Options{Folder: s.DataFolder(), Unfinished: unfinished})
	if err != nil {
		return nil, err
	}
	peers, _, err := db.Shared()
	if err == nil && len(peers) > 0 {
		err = fmt.Errorf("a bot works on %s (%s): stop it first; one that was killed is forgotten after 15 s", filepath.Base(db.Path()), peers[0].Owner)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// sameHeads verifies the ledger in both, and compares the ends of its chains.
func sameHeads(from, to *store.DB) error {
	chains := func(db *store.DB) (v []points.Verified, err error) {
		err = db.Read(func(tx *store.Tx) error { v, err = points.Verify(tx); return err })
		return v, err
	}
	was, err1 := chains(from)
	is, err2 := chains(to)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("compare the ledger: %w", err)
	}
	if len(was) != len(is) {
		return fmt.Errorf("compare the ledger: %d chains were there, %d have arrived", len(was), len(is))
	}
	for i, v := range was {
		if is[i].Unit != v.Unit || is[i].Entries != v.Entries || is[i].Bad != v.Bad || !bytes.Equal(is[i].Head, v.Head) {
			return fmt.Errorf("compare the ledger: the chain of %s has %d entries, the copy of %s has %d or another end", v.Unit, v.Entries, is[i].Unit, is[i].Entries)
		}
	}
	return nil
}
