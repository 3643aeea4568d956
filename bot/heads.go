package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"branchbot/bot/ledger"
	"branchbot/store"
)

// heads publishes the ends of the ledger's chains outside of the database, and
// knows what of them was lost. Nothing is repaired by itself.
type heads struct {
	db     *store.DB
	file   string
	log    *slog.Logger
	breaks atomic.Pointer[[]ledger.Break]
	noted  bool // in the database, that they are published
	failed bool // the last try; only the first failure is logged
}

// publishEvery is how long an entry waits, at most, until it shows when it is lost.
const publishEvery = 5 * time.Second

func newHeads(db *store.DB, log *slog.Logger) *heads {
	return &heads{db: db, file: ledger.HeadsBeside(db.Path()), log: log}
}

// Breaks are the chains that do not hold what was published of them.
func (h *heads) Breaks() []ledger.Break {
	if all := h.breaks.Load(); all != nil {
		return *all
	}
	return nil
}

// publish tells each new break in the log. Of several processes the one that keeps
// house publishes; the others only compare.
func (h *heads) publish() { h.bring(h.db.Holds(store.House)) }

// bring compares the published heads with the ledger, and brings them up to its ends if
// this process is the one to do it.
func (h *heads) bring(up bool) {
	var breaks []ledger.Break
	err := h.db.Read(func(tx *store.Tx) (err error) {
		if up {
			breaks, err = ledger.Publish(tx, h.file)
			return err
		}
		published, err := ledger.ReadHeads(h.file)
		if err == nil {
			breaks, err = published.Breaks(tx)
		}
		return err
	})
	if err == nil && up && !h.noted && len(breaks) == 0 {
		err = h.db.Write(func(tx *store.Tx) error { return ledger.NotePublished(tx, h.file) })
		h.noted = err == nil
	}
	if err != nil {
		if !h.failed {
			h.log.Error("the ledger's heads are not published", "error", err)
		}
		h.failed = true
		return
	}
	h.failed = false
	for _, b := range breaks {
		known := slices.ContainsFunc(h.Breaks(), func(o ledger.Break) bool { return o.Unit == b.Unit && o.Missing == b.Missing && o.Epoch == b.Epoch })
		if !known {
			h.log.Error("the ledger does not hold its published head; see branchbot ledger verify", "unit", b.Unit, "error", b)
		}
	}
	h.breaks.Store(&breaks)
}

// run publishes until ctx ends. It takes a twentieth of a reader's time at most.
func (h *heads) run(ctx context.Context) {
	for {
		began := time.Now()
		h.publish()
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(publishEvery, 20*time.Since(began))):
		}
	}
}

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
	published, err := ledger.ReadHeads(ledger.HeadsBeside(db.Path()))
	var bad []error
	if err != nil {
		bad = append(bad, err)
	}
	err = db.Read(func(tx *store.Tx) error {
		chains, err := ledger.Verify(tx)
		if err != nil {
			return err
		}
		wrong, err := ledger.VerifyRules(tx, causes())
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
			fmt.Fprintf(p.Out, "unit %s: %d entries, head %s:%s, all fit\n", v.Unit, v.Entries, v.Unit, ledger.Head{Seq: v.Entries, Hash: v.Head})
		}
		if len(chains) == 0 {
			fmt.Fprintln(p.Out, "the ledger is empty")
		} else if published == nil && err == nil {
			bad = append(bad, ledger.Break{Missing: ledger.HeadsBeside(db.Path())})
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
		return errors.Join(err, p.compareBackups(tx, newBackups(s, db), published), p.compareNoted(tx, noted))
	})
	return errors.Join(append(bad, err)...)
}

// causes are what entries of rules are given for, by the features that book them.
func causes() map[string]ledger.Cause {
	all := map[string]ledger.Cause{}
	for _, f := range newFeatures(nil, nil).list() {
		if c, ok := f.(ledger.Causer); ok {
			maps.Copy(all, c.Causes())
		}
	}
	return all
}

// compareBackups compares the heads that were noted beside the daily backups, as far as
// they are of the published epoch: a loss that was accepted ends the ones before.
func (p *Program) compareBackups(tx *store.Tx, b *backups, published *ledger.Heads) error {
	names, err := b.list()
	if err != nil {
		return err
	}
	var bad []error
	fit := 0
	for _, name := range names {
		file := ledger.HeadsBeside(filepath.Join(b.folder, name))
		noted, err := ledger.ReadHeads(file)
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
		unit, h, err := ledger.ParseHead(text)
		if err != nil {
			return err
		}
		ok, err := ledger.Holds(tx, unit, h)
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
		epoch, breaks, err := ledger.Accept(tx, ledger.HeadsBeside(db.Path()))
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
