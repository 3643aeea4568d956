package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"branchbot/bot/config"
	"branchbot/bot/engine"
	"branchbot/bot/ledger"
	"branchbot/bot/member"
	"branchbot/bot/outbox"
	"branchbot/content"
	"branchbot/store"
)

// Program is what a run of the program has to work with.
type Program struct {
	Args     []string
	In       io.Reader
	Out, Err io.Writer
	Env      func(string) (string, bool)
	Sample   []byte // the configuration that is used where there is none
	// Ready, if set, is told the address of the browser room; for tests, which
	// let the system choose the port.
	Ready func(address string)

	configFile string
}

// Main runs a command of the program and returns its exit status.
func Main(ctx context.Context, p Program) int {
	root := p.commands()
	root.SetArgs(p.Args)
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	if err := root.ExecuteContext(ctx); err != nil {
		for _, line := range strings.Split(strings.TrimSpace(err.Error()), "\n") {
			fmt.Fprintln(p.Err, "branchbot:", line)
		}
		return 1
	}
	return 0
}

func (p *Program) commands() *cobra.Command {
	root := &cobra.Command{
		Use:           "branchbot",
		Short:         "A group-chat bot for party branches: lessons, quizzes, check-ins, points (支部小助手)",
		Long:          "Without a command it runs the bot with config.yaml of this folder,\nor, where there is none, the sample: a branch in a browser chat room.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return p.run(c.Context()) },
	}
	root.PersistentFlags().StringVar(&p.configFile, "config", "config.yaml", "the configuration")
	root.AddCommand(
		&cobra.Command{Use: "run", Short: "Run the bot (the same as without a command)", Args: cobra.NoArgs, RunE: root.RunE},
		&cobra.Command{Use: "chat", Short: "Try the bot in this terminal", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error { return p.chat(c.Context()) }},
		&cobra.Command{Use: "check", Short: "Check the configuration and the packs", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return p.check() }},
		p.rehearseCommand(),
		&cobra.Command{Use: "backup FILE", Short: "Write a consistent copy of the database, also while the bot runs", Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error { return p.backup(c.Context(), args[0]) }},
		&cobra.Command{Use: "restore FILE", Short: "Put a backup in the place of the database (which is kept aside)", Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error { return p.restore(c.Context(), args[0]) }},
		p.eventsCommand(), p.ledgerCommand(), p.rosterCommand(), p.holidaysCommand(), p.moveCommand(), p.seedCommand(), p.statusCommand(),
		&cobra.Command{Use: "invite STAFFNO", Short: "Make a one-time code that lets a member in, e.g. the first secretary", Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error { return p.invite(c.Context(), args[0]) }},
	)
	return root
}

// load reads the configuration, or the sample where the default one is missing.
func (p *Program) load() (*Settings, *content.Library, error) {
	f, err := p.readConfig()
	if err != nil {
		return nil, nil, err
	}
	s, err := ReadSettings(f)
	if err != nil {
		return nil, nil, err
	}
	library, err := openLibrary(s)
	return s, library, err
}

func (p *Program) readConfig() (*config.File, error) {
	data, err := os.ReadFile(p.configFile)
	if errors.Is(err, fs.ErrNotExist) && p.configFile == "config.yaml" {
		data, err = p.Sample, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return config.Load(p.configFile, data, p.Env)
}

func (p *Program) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(p.Err, nil))
}

func (p *Program) check() error {
	s, library, err := p.load()
	if err != nil {
		return err
	}
	lessons, questions := 0, 0
	for _, pack := range library.Packs() {
		lessons += len(pack.Lessons)
		questions += len(pack.Questions)
	}
	fmt.Fprintf(p.Out, "%s is fine: %d units, %d accounts, %d schedules, %d packs with %d lessons and %d questions\n",
		s.file.Name, len(s.Units), len(s.accounts), len(s.Schedules), len(library.Packs()), lessons, questions)
	return nil
}

// tool opens the database beside a running bot.
func (p *Program) tool(ctx context.Context) (*Settings, *store.DB, error) {
	f, err := p.readConfig()
	if err != nil {
		return nil, nil, err
	}
	s, err := ReadSettings(f)
	if err != nil {
		return nil, nil, err
	}
	db, err := openDatabase(ctx, s, true)
	return s, db, err
}

func (p *Program) backup(ctx context.Context, file string) error {
	_, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Backup(ctx, file); err != nil {
		return err
	}
	fmt.Fprintln(p.Out, "backup written and checked:", file)
	return nil
}

func (p *Program) restore(ctx context.Context, file string) error {
	s, _, err := p.load()
	if err != nil {
		return err
	}
	aside, err := store.Restore(ctx, databaseSource(s), file)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.Out, "restored:", file)
	if aside != "" {
		fmt.Fprintln(p.Out, "the database before is kept as:", aside)
	}
	db, err := openDatabase(ctx, s, false)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Write(func(tx *store.Tx) error {
		held, err := outbox.Hold(tx)
		if err == nil && held > 0 {
			fmt.Fprintf(p.Out, "messages that waited when the backup was made and are not sent now, since they may have been: %d\n", held)
		}
		return err
	})
}

func (p *Program) eventsCommand() *cobra.Command {
	return &cobra.Command{Use: "events", Short: "Show events whose handling failed", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.events(c.Context()) }}
}

func (p *Program) events(ctx context.Context) error {
	_, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Read(func(tx *store.Tx) error {
		letters, err := engine.DeadLetters(tx, 100)
		if err != nil {
			return err
		}
		if len(letters) == 0 {
			fmt.Fprintln(p.Out, "no event has failed")
		}
		for _, l := range letters {
			fmt.Fprintf(p.Out, "%d  %s  %s  %s  %s\n", l.ID, l.At.Local().Format("2006-01-02 15:04"), or(l.Account, "timer"), l.What, l.Reason)
		}
		return nil
	})
}

func (p *Program) ledgerCommand() *cobra.Command {
	root := &cobra.Command{Use: "ledger", Short: "The points ledger"}
	root.AddCommand(&cobra.Command{Use: "verify", Short: "Re-compute the chain of every unit", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.verify(c.Context()) }})
	return root
}

func (p *Program) verify(ctx context.Context) error {
	_, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var bad []error
	err = db.Read(func(tx *store.Tx) error {
		chains, err := ledger.Verify(tx)
		for _, v := range chains {
			if v.Bad != 0 {
				bad = append(bad, fmt.Errorf("unit %s: entry %d does not fit: %s", v.Unit, v.Bad, v.Reason))
				continue
			}
			fmt.Fprintf(p.Out, "unit %s: %d entries, head %.12x, all fit\n", v.Unit, v.Entries, v.Head)
		}
		if len(chains) == 0 {
			fmt.Fprintln(p.Out, "the ledger is empty")
		}
		return err
	})
	return errors.Join(append(bad, err)...)
}

func (p *Program) rosterCommand() *cobra.Command {
	var unit string
	var yes bool
	root := &cobra.Command{Use: "roster", Short: "Take in or write out the roster (.xlsx, .csv)"}
	root.PersistentFlags().StringVar(&unit, "unit", "", "the unit (the first of the configuration unless set)")
	take := &cobra.Command{Use: "import FILE", Short: "Show what a roster file would change; with --yes take it in", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.importRoster(c.Context(), unit, args[0], yes) }}
	take.Flags().BoolVar(&yes, "yes", false, "take it in")
	root.AddCommand(take, &cobra.Command{Use: "export FILE", Short: "Write the roster to a new file", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.exportRoster(c.Context(), unit, args[0]) }})
	return root
}

// unitOf is the unit that a roster command means.
func unitOf(s *Settings, unit string) (string, error) {
	if unit == "" && len(s.Units) > 0 {
		return s.Units[0].ID, nil
	}
	for _, u := range s.Units {
		if u.ID == unit {
			return unit, nil
		}
	}
	return "", fmt.Errorf("there is no unit %q in %s", unit, s.file.Name)
}

func (p *Program) importRoster(ctx context.Context, unit, file string, yes bool) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	s, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if unit, err = unitOf(s, unit); err != nil {
		return err
	}
	return db.Write(func(tx *store.Tx) error {
		people, faults, err := member.Parse(tx, unit, file, data)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		fmt.Fprintln(p.Out, member.Preview(s.Language, people, faults))
		switch {
		case len(faults) > 0:
			return fmt.Errorf("%s: nothing was imported", file)
		case !yes:
			fmt.Fprintln(p.Out, "nothing is changed yet; add --yes to import")
			return nil
		}
		added, err := member.NewDirectory().Import(tx, people, "command")
		if err == nil {
			fmt.Fprintf(p.Out, "imported: %d new, %d updated\n", added, len(people)-added)
		}
		return err
	})
}

func (p *Program) exportRoster(ctx context.Context, unit, file string) error {
	s, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if unit, err = unitOf(s, unit); err != nil {
		return err
	}
	var data []byte
	err = db.Read(func(tx *store.Tx) error {
		data, err = member.Export(tx, unit, file, s.Language)
		return err
	})
	if err != nil {
		return err
	}
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := out.Write(data); err != nil {
		return errors.Join(err, out.Close())
	}
	return out.Close()
}

func (p *Program) invite(ctx context.Context, staff string) error {
	s, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Write(func(tx *store.Tx) error {
		m, err := member.ByStaff(tx, staff)
		if err != nil {
			return err
		}
		if m == nil {
			return fmt.Errorf("nobody on the roster has the staff number %q", staff)
		}
		code, err := member.Code(tx, m.ID)
		if err != nil {
			return err
		}
		links, err := s.telegramLinks(tx, code)
		if page := (&Bot{settings: s}).page(code); page != "" {
			links = append(links, page)
		}
		fmt.Fprintf(p.Out, "%s: %s\n", m.Name, code)
		for _, link := range links {
			fmt.Fprintln(p.Out, link)
		}
		fmt.Fprintln(p.Out, "It works once, within seven days.")
		return err
	})
}

// shutdown bounds how long the end may take.
const shutdown = 8 * time.Second
