package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"branchbot/bot/app"

	"github.com/spf13/cobra"

	"branchbot/bot/rehearse"
	"branchbot/schedules"
	"branchbot/store"
)

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
	r, err := app.NewRehearsal(s, library, open, as, at, p.logger())
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
