package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"branchbot/store"
)

func (p *Program) statusCommand() *cobra.Command {
	return &cobra.Command{Use: "status", Short: "Show which process does what, and what waits", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.status(c.Context()) }}
}

// status looks into the database, beside a running bot.
func (p *Program) status(ctx context.Context) error {
	_, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := p.sharing(db); err != nil {
		return err
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

// sharing shows the processes on a PostgreSQL database, each with its roles.
func (p *Program) sharing(db *store.DB) error {
	peers, roles, err := db.Shared()
	if err != nil || !db.Postgres() {
		return err
	}
	if len(peers) == 0 {
		fmt.Fprintln(p.Out, "processes: none")
	}
	for _, peer := range peers {
		fmt.Fprintf(p.Out, "process:  %s  %s  since %s  %s\n", peer.Owner, peer.Address, peer.Started.Format(time.DateTime), peer.Version)
		for _, h := range roles {
			if h.Owner == peer.Owner {
				fmt.Fprintf(p.Out, "          %s since %s\n", h.Role, h.Since.Format(time.DateTime))
			}
		}
	}
	return nil
}
