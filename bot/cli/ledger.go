package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"branchbot/bot/app"

	"github.com/spf13/cobra"

	"branchbot/bot/points"
	"branchbot/store"
)

func (p *Program) ledgerCommand() *cobra.Command {
	root := &cobra.Command{Use: "ledger", Short: "The points ledger"}
	root.AddCommand(
		&cobra.Command{Use: "verify [HEAD]...", Short: "Re-compute the chain of every unit, and compare the published heads and those given (UNIT:SEQ:HASH)",
			RunE: func(c *cobra.Command, args []string) error { return p.verify(c.Context(), args) }},
		&cobra.Command{Use: "accept", Short: "Accept what verify says is lost: a new epoch begins with the ledger as it is", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error { return p.accept(c.Context()) }})
	return root
}

func (p *Program) verify(ctx context.Context, noted []string) error {
	s, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	published, err := points.ReadHeads(points.HeadsBeside(db.Path()))
	var bad []error
	if err != nil {
		bad = append(bad, err)
	}
	err = db.Read(func(tx *store.Tx) error {
		chains, err := points.Verify(tx)
		if err != nil {
			return err
		}
		wrong, err := points.VerifyRules(tx, app.Causes())
		if err != nil {
			return err
		}
		for _, text := range wrong {
			bad = append(bad, errors.New(text))
		}
		for _, v := range chains {
			if v.Bad != 0 {
				bad = append(bad, fmt.Errorf("unit %s: entry %d does not fit: %s", v.Unit, v.Bad, v.Reason))
				continue
			}
			fmt.Fprintf(p.Out, "unit %s: %d entries, head %s:%s, all fit\n", v.Unit, v.Entries, v.Unit, points.Head{Seq: v.Entries, Hash: v.Head})
		}
		if len(chains) == 0 {
			fmt.Fprintln(p.Out, "the ledger is empty")
		} else if published == nil && err == nil {
			bad = append(bad, points.Break{Missing: points.HeadsBeside(db.Path())})
		}
		breaks, err := published.Breaks(tx)
		for _, b := range breaks {
			bad = append(bad, b)
		}
		if len(breaks) > 0 {
			bad = append(bad, errors.New("restore a backup that has more, or accept the loss: branchbot ledger accept"))
		} else if published != nil {
			fmt.Fprintf(p.Out, "the published heads of %d units fit (epoch %d, since %s)\n", len(published.Units), published.Epoch, published.Since.Local().Format("2006-01-02 15:04"))
		}
		return errors.Join(err, p.compareBackups(tx, s.BackupFolder(db.Path()), published), p.compareNoted(tx, noted))
	})
	return errors.Join(append(bad, err)...)
}

// compareBackups compares the heads that were noted beside the daily backups, as far as
// they are of the published epoch: a loss that was accepted ends the ones before.
func (p *Program) compareBackups(tx *store.Tx, folder string, published *points.Heads) error {
	names, err := app.ListBackups(folder)
	if err != nil {
		return err
	}
	var bad []error
	fit := 0
	for _, name := range names {
		file := points.HeadsBeside(filepath.Join(folder, name))
		noted, err := points.ReadHeads(file)
		if err != nil {
			bad = append(bad, err)
		}
		if noted == nil || published != nil && noted.Epoch < published.Epoch {
			continue
		}
		breaks, err := noted.Breaks(tx)
		if err != nil {
			return err
		}
		for _, b := range breaks {
			bad = append(bad, fmt.Errorf("%s: %w", file, b))
		}
		if len(breaks) == 0 {
			fit++
		}
	}
	if fit > 0 {
		fmt.Fprintf(p.Out, "the heads beside %d backups fit\n", fit)
	}
	return errors.Join(bad...)
}

// compareNoted compares heads that somebody has kept.
func (p *Program) compareNoted(tx *store.Tx, noted []string) error {
	var bad []error
	for _, text := range noted {
		unit, h, err := points.ParseHead(text)
		if err != nil {
			return err
		}
		ok, err := points.Holds(tx, unit, h)
		switch {
		case err != nil:
			return err
		case ok:
			fmt.Fprintf(p.Out, "%s is in the chain\n", text)
		default:
			bad = append(bad, fmt.Errorf("%s is not in the chain: entries are lost or were changed", text))
		}
	}
	return errors.Join(bad...)
}

func (p *Program) accept(ctx context.Context) error {
	_, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Write(func(tx *store.Tx) error {
		epoch, breaks, err := points.Accept(tx, points.HeadsBeside(db.Path()))
		if err != nil {
			return err
		}
		if epoch == 0 {
			fmt.Fprintln(p.Out, "nothing is lost: there is nothing to accept")
			return nil
		}
		for _, b := range breaks {
			fmt.Fprintln(p.Out, b.Error())
		}
		fmt.Fprintf(p.Out, "accepted: epoch %d begins with the ledger as it is\n", epoch)
		return nil
	})
}
