package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"branchbot/bot/testkit/seed"
)

func (p *Program) seedCommand() *cobra.Command {
	size := seed.Size{}
	until := ""
	c := &cobra.Command{Use: "seed", Args: cobra.NoArgs,
		Short: "Fill an empty database with a made-up company and a year of its history, to measure with",
		RunE:  func(c *cobra.Command, _ []string) error { return p.seed(c.Context(), size, until) }}
	c.Flags().IntVar(&size.Units, "units", 50, "how many committees and branches")
	c.Flags().IntVar(&size.Members, "members", 1000, "how many members")
	c.Flags().IntVar(&size.Entries, "entries", 100_000, "how many entries of the ledger")
	c.Flags().StringVar(&until, "until", "", "the last day of the history, 2006-01-02 (yesterday unless set)")
	return c
}

func (p *Program) seed(ctx context.Context, size seed.Size, until string) error {
	s, _, err := p.load()
	if err != nil {
		return err
	}
	if size.Zone, err = time.LoadLocation(s.Timezone); err != nil {
		return err
	}
	db, err := p.openOwn(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	size.Until = db.Now().In(size.Zone).AddDate(0, 0, -1)
	if until != "" {
		if size.Until, err = time.ParseInLocation(time.DateOnly, until, size.Zone); err != nil {
			return fmt.Errorf("--until %q: write it as 2006-01-02", until)
		}
	}
	begun := time.Now()
	last := begun
	err = seed.Fill(db, size, func(units int) {
		if time.Since(last) > 5*time.Second {
			last = time.Now()
			fmt.Fprintf(p.Out, "%d of %d units\n", units, size.Units)
		}
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "%d units, %d members, %d entries of the ledger, the year up to %s, in %s\n", size.Units, size.Members, size.Entries,
		size.Until.Format(time.DateOnly), time.Since(begun).Round(time.Second))
	return nil
}
