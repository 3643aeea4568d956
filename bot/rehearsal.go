package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"branchbot/bot/board"
	"branchbot/bot/chat"
	"branchbot/bot/console"
	"branchbot/bot/ledger"
	"branchbot/bot/member"
	"branchbot/bot/rehearse"
	"branchbot/content"
	"branchbot/schedules"
	"branchbot/store"
)

// rehearsal is the account id of a rehearsal.
const rehearsal = "rehearsal"

// Rehearsal is a bot on a virtual clock, in a database of its own.
type Rehearsal struct {
	*rehearse.Stage
	DB      *store.DB
	Console *console.Server
	Board   *board.Feature
}

// NewRehearsal builds the whole bot of the settings on a database of its own, as
// it would be on a platform, at an instant. open opens the database with the
// clock that it is given.
func NewRehearsal(s *Settings, library *content.Library, open func(store.Options) (*store.DB, error), platform string, at time.Time, log *slog.Logger) (*Rehearsal, error) {
	caps, ok := rehearse.Platforms[platform]
	if !ok {
		return nil, fmt.Errorf("--as %q is none of telegram, wechat, web, sms", platform)
	}
	if len(s.Units) == 0 {
		return nil, fmt.Errorf("%s: units: there is none to rehearse", s.file.Name)
	}
	clock := rehearse.NewClock(at)
	db, err := open(store.Options{Now: clock.Now})
	if err != nil {
		return nil, err
	}
	units, users := map[string]string{}, map[chat.UserID]string{}
	stage := &rehearse.Stage{Clock: clock}
	copied := *s // every unit gets one chat, on the one account there is
	copied.Units = slices.Clone(s.Units)
	copied.Backup.Folder = "off"
	for i := range copied.Units {
		u := &copied.Units[i]
		u.Chats = []string{rehearsal + ":" + u.ID}
		units[u.ID] = u.Name
		stage.Units = append(stage.Units, u.ID)
		for _, m := range u.Members {
			user := chat.UserID(m.Staff)
			users[user] = m.Name
			stage.Speakers = append(stage.Speakers, rehearse.Speaker{Name: m.Name, Staff: m.Staff, Unit: u.ID, Roles: m.Roles, User: user})
		}
	}
	stage.Adapter = rehearse.NewAdapter(rehearsal, caps, clock, units, users)
	b, err := Open(&copied, library, db, log, stage.Adapter)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	b.engine.Toast = stage.Adapter.Toast
	b.console.Act = b.engine.HandleAct
	err = db.Write(func(tx *store.Tx) error {
		for _, sp := range stage.Speakers {
			if err := b.bindStaff(tx, rehearsal, string(sp.User), sp.User, rehearse.PrivateChat(sp.User)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	stage.Engine, stage.Sender = b.engine, b.senders[0]
	stage.Zone, err = schedules.Zone(s.Units[0].Timezone)
	return &Rehearsal{stage, db, b.console, b.features.board}, err
}

// Tail writes the ledger and what is still open.
func (r *Rehearsal) Tail(out *rehearse.Transcript) error {
	return r.DB.Read(func(tx *store.Tx) error {
		out.Note("--- 积分流水 / ledger")
		err := ledger.Each(tx, "", func(e ledger.Entry) error {
			m, err := member.Member(tx, e.Member)
			if err != nil {
				return err
			}
			out.Ledger(time.UnixMilli(e.At), m.Name, e.Rule, e.Points, e.Cause)
			return nil
		})
		if err != nil {
			return err
		}
		out.Note("--- 未结束 / open")
		rows, err := tx.Query(`SELECT unit, feature, code FROM prompt WHERE closed_at IS NULL ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var unit, feature string
			var code int
			if err := rows.Scan(&unit, &feature, &code); err != nil {
				return err
			}
			out.Note(fmt.Sprintf("%s %s %d", unit, feature, code))
		}
		return rows.Err()
	})
}

func (p *Program) rehearseCommand() *cobra.Command {
	var as, from string
	var asJSON bool
	var days int
	c := &cobra.Command{
		Use:   "rehearse [SCRIPT]",
		Short: "Play a script to the bot on a virtual clock; without one, show what the schedules will push",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var script io.Reader
			if len(args) == 1 {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				script = f
			}
			return p.rehearse(c.Context(), script, as, from, days, asJSON)
		},
	}
	c.Flags().StringVar(&as, "as", "web", "show it as on: telegram, wechat, web, sms")
	c.Flags().StringVar(&from, "from", "", "without a script: the first day (today unless set)")
	c.Flags().IntVar(&days, "days", 7, "without a script: how many days")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return c
}

func (p *Program) rehearse(ctx context.Context, script io.Reader, as, from string, days int, asJSON bool) error {
	s, library, err := p.load()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "branchbot-rehearsal-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	zone, err := schedules.Zone(s.Timezone)
	if err != nil {
		return err
	}
	if script != nil {
		text, err := io.ReadAll(script)
		if err != nil {
			return err
		}
		from, script = firstTime(string(text)), strings.NewReader(string(text))
	}
	at := time.Now().In(zone)
	if from != "" {
		if at, err = time.ParseInLocation("2006-01-02", from[:min(len(from), 10)], zone); err != nil {
			return fmt.Errorf("%q is no day; write 2026-12-01", from)
		}
	}
	open := func(o store.Options) (*store.DB, error) {
		return store.Open(ctx, "sqlite:"+filepath.Join(dir, "rehearsal.db"), o)
	}
	r, err := NewRehearsal(s, library, open, as, at, p.logger())
	if err != nil {
		return err
	}
	defer r.DB.Close()
	out := rehearse.NewTranscript(p.Out, asJSON, zone)
	if script == nil {
		if days < 1 || days > 366 {
			return fmt.Errorf("--days %d is out of range 1-366", days)
		}
		script = strings.NewReader("@ " + at.AddDate(0, 0, days).Format("2006-01-02"))
	}
	if err := rehearse.Play(ctx, r.Stage, script, out); err != nil {
		return fmt.Errorf("script: %w", err)
	}
	return r.Tail(out)
}

// firstTime is the first absolute time of a script; its day is where the clock
// starts.
func firstTime(script string) string {
	for line := range strings.Lines(script) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "@"); ok {
			if rest = strings.TrimSpace(rest); !strings.HasPrefix(rest, "+") {
				return rest
			}
			return ""
		}
	}
	return ""
}
