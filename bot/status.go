package bot

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"branchbot/store"
)

func (p *Program) statusCommand() *cobra.Command {
	return &cobra.Command{Use: "status", Short: "Show who works on the database, and what waits", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.status(c.Context()) }}
}

// status looks into the database, beside a running bot.
func (p *Program) status(ctx context.Context) error {
	_, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	owner, err := db.Leader()
	if err != nil {
		return err
	}
	switch {
	case !db.Postgres():
	case owner == "":
		fmt.Fprintln(p.Out, "works:    nobody")
	default:
		fmt.Fprintln(p.Out, "works:   ", owner)
	}
	return db.Read(func(tx *store.Tx) error {
		var waiting, oldest, late, dead int64
		err := tx.QueryRow(`SELECT COUNT(*), COALESCE(MIN(created_at), $1) FROM outbox WHERE state IN ('pending', 'sending')`, tx.Millis()).Scan(&waiting, &oldest)
		if err != nil {
			return err
		}
		if err := tx.QueryRow(`SELECT COUNT(*) FROM timer WHERE due_at < $1`, tx.Millis()-60_000).Scan(&late); err != nil {
			return err
		}
		if err := tx.QueryRow(`SELECT COUNT(*) FROM dead_letter`).Scan(&dead); err != nil {
			return err
		}
		fmt.Fprintf(p.Out, "messages: %d wait, the oldest for %d s\n", waiting, (tx.Millis()-oldest)/1000)
		fmt.Fprintf(p.Out, "timers:   %d are more than a minute late\n", late)
		fmt.Fprintf(p.Out, "failed:   %d events; see branchbot events\n", dead)
		return nil
	})
}
