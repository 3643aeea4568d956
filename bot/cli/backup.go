package cli

import (
	"context"
	"errors"
	"fmt"

	"branchbot/bot/app"

	"github.com/spf13/cobra"

	"branchbot/bot/outbox"
	"branchbot/bot/points"
	"branchbot/bot/roster"
	"branchbot/bot/web"
	"branchbot/store"
)

func (p *Program) backupCommand() *cobra.Command {
	return &cobra.Command{Use: "backup FILE", Short: "Write a consistent copy of the database, also while the bot runs", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.backup(c.Context(), args[0]) }}
}

func (p *Program) backup(ctx context.Context, file string) error {
	_, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	heads, err := app.CheckedCopy(ctx, db, file)
	if err != nil {
		return err
	}
	if err := heads.Write(points.HeadsBeside(file)); err != nil {
		return fmt.Errorf("note the ledger's heads beside the backup: %w", err)
	}
	fmt.Fprintln(p.Out, "backup written and checked:", file)
	return nil
}

func (p *Program) restoreCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{Use: "restore FILE", Short: "Put a backup in the place of the database (which is kept aside)", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.restore(c.Context(), args[0], force) }}
	c.Flags().BoolVar(&force, "force", false, "also when the backup's ledger does not fit")
	return c
}

func (p *Program) restore(ctx context.Context, file string, force bool) error {
	s, _, err := p.load()
	if err != nil {
		return err
	}
	var held int64
	aside, err := store.Restore(ctx, s.DatabaseSource(), file, store.Options{Folder: s.DataFolder()}, func(tx *store.Tx) error {
		if err := sound(tx, file); err != nil && !force {
			return fmt.Errorf("%w; with --force it is restored nevertheless", err)
		}
		held, err = outbox.Hold(tx)
		if err != nil {
			return err
		}
		// What was ended or used since the backup must not let anybody in again.
		return errors.Join(roster.NewDirectory().EndAllSessions(tx), web.EndAllSessions(tx))
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(p.Out, "restored:", file)
	if aside != "" {
		fmt.Fprintln(p.Out, "the database before is kept as:", aside)
	}
	if held > 0 {
		fmt.Fprintf(p.Out, "messages that waited when the backup was made and are not sent now, since they may have been: %d\n", held)
	}
	fmt.Fprintln(p.Out, "all sessions of pages and unused codes are void: people enter by a new code, the first by branchbot invite STAFFNO")
	return p.reconcileHeads(ctx, s, file)
}

// sound refuses a backup whose ledger does not fit, or is not the one that was
// noted when it was made.
func sound(tx *store.Tx, file string) error {
	chains, err := points.Verify(tx)
	if err != nil {
		return err
	}
	for _, v := range chains {
		if v.Bad != 0 {
			return fmt.Errorf("its ledger of unit %s: entry %d does not fit: %s", v.Unit, v.Bad, v.Reason)
		}
	}
	noted, err := points.ReadHeads(points.HeadsBeside(file))
	if err != nil {
		return err
	}
	breaks, err := noted.Breaks(tx)
	if len(breaks) > 0 {
		return fmt.Errorf("it is not as it was made: %w", breaks[0])
	}
	return err
}

// reconcileHeads holds a restored ledger against the published heads, and tells what it has
// lost. Where none are published, as on another machine, those of the backup are from now on.
func (p *Program) reconcileHeads(ctx context.Context, s *app.Settings, file string) error {
	db, err := app.OpenDatabase(ctx, s, true)
	if err != nil {
		return err
	}
	defer db.Close()
	published, err := points.ReadHeads(points.HeadsBeside(db.Path()))
	if err != nil {
		return err
	}
	return db.Read(func(tx *store.Tx) error {
		if published == nil {
			return points.PublishAnew(tx, points.HeadsBeside(file), points.HeadsBeside(db.Path()))
		}
		breaks, err := published.Breaks(tx)
		for _, b := range breaks {
			fmt.Fprintln(p.Out, b.Error())
		}
		if len(breaks) > 0 {
			fmt.Fprintln(p.Out, "to go on with the ledger as it is in the backup: branchbot ledger accept")
		}
		return err
	})
}
