package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"branchbot/bot/app"

	"github.com/spf13/cobra"

	"branchbot/bot/config"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/bot/roster"
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
	// WeChat, if set, carries what WeChat accounts ask of the platform; for tests, which
	// have a fake one.
	WeChat http.RoundTripper

	configFile string
	anew       bool // an empty database may be begun where an earlier one was
}

// Main runs a command of the program and returns its exit status.
func Main(ctx context.Context, p Program) int {
	root := p.commands()
	root.SetArgs(p.Args)
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	if err := root.ExecuteContext(ctx); err != nil {
		for _, fault := range locale.Faults(p.language(), err) {
			for line := range strings.SplitSeq(strings.TrimSpace(fault), "\n") {
				fmt.Fprintln(p.Err, "branchbot:", line)
			}
		}
		return 1
	}
	return 0
}

// language is what the configuration gives, whatever else is wrong with it.
func (p *Program) language() string {
	data, err := os.ReadFile(p.configFile)
	if err != nil {
		data = p.Sample
	}
	if m := languageLine.FindSubmatch(data); m != nil && locale.Known(string(m[1])) {
		return string(m[1])
	}
	return locale.Default
}

var languageLine = regexp.MustCompile(`(?m)^language:[ \t]*["']?([A-Za-z-]+)`)

func (p *Program) commands() *cobra.Command {
	root := &cobra.Command{
		Use:           "branchbot",
		Short:         "A group-chat bot for party branches: lessons, quizzes, check-ins, points (支部小助手)",
		Long:          "Without a command it runs the bot with config.yaml of this folder,\nor, where there is none, the sample: a branch in a browser chat room.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       app.Version(),
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return p.run(c.Context()) },
	}
	root.SetVersionTemplate(versionLine() + "\n")
	root.PersistentFlags().StringVar(&p.configFile, "config", "config.yaml", "the configuration")
	run := &cobra.Command{Use: "run", Short: "Run the bot (the same as without a command)", Args: cobra.NoArgs, RunE: root.RunE}
	chat := &cobra.Command{Use: "chat", Short: "Try the bot in this terminal", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.chat(c.Context()) }}
	for _, c := range []*cobra.Command{root, run, chat} {
		c.Flags().BoolVar(&p.anew, "new", false, "begin an empty database where an earlier one has left files, which are set aside")
	}
	root.AddCommand(run, chat,
		&cobra.Command{Use: "check", Short: "Check the configuration and the packs", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return p.check() }},
		p.rehearseCommand(),
		p.backupCommand(), p.restoreCommand(), p.eventsCommand(), p.ledgerCommand(), p.importCommand(), p.rosterCommand(), p.holidaysCommand(), p.moveCommand(), p.seedCommand(), p.statusCommand(), p.versionCommand(),
		&cobra.Command{Use: "invite STAFFNO", Short: "Make a one-time code that lets a member in, e.g. the first secretary", Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error { return p.invite(c.Context(), args[0]) }},
		&cobra.Command{Use: "console STAFFNO", Short: "Make a one-time link that lets a member into the console", Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error { return p.consoleLink(c.Context(), args[0]) }},
		&cobra.Command{Use: "password STAFFNO", Short: "Set a member's password for the console, for places without chat", Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error { return p.password(c.Context(), args[0]) }},
	)
	return root
}

// load reads the configuration, or the sample where the default one is missing.
func (p *Program) load() (*app.Settings, *content.Library, error) {
	f, err := p.readConfig()
	if err != nil {
		return nil, nil, err
	}
	s, err := app.ReadSettings(f)
	if err != nil {
		return nil, nil, err
	}
	s.WeChat = p.WeChat
	library, err := app.OpenLibrary(s)
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
	for _, note := range locale.Faults(s.Language, errors.Join(s.Notes...)) {
		fmt.Fprintln(p.Out, note)
	}
	fmt.Fprintln(p.Out, locale.Text(s.Language, "import.check_fine", "File", s.File.Name, "Units", len(s.Units), "Accounts", len(s.Accounts),
		"Schedules", len(s.Schedules), "Packs", len(library.Packs()), "Lessons", lessons, "Questions", questions))
	p.tellReviews(s.Language, library)
	return nil
}

// tellReviews names the lessons and questions that follow a replaced edition or were not
// checked for a year. Nothing of it is a fault: somebody has to read the new text.
func (p *Program) tellReviews(lang string, library *content.Library) {
	var replaced []content.Edition
	cite := map[content.Edition][]string{}
	var stale []string
	never := 0
	for _, r := range library.Reviews(time.Now()) {
		if e := r.Replaced(); e != nil {
			if cite[*e] == nil {
				replaced = append(replaced, *e)
			}
			cite[*e] = append(cite[*e], r.Ref)
		}
		if r.Stale {
			stale = append(stale, r.Ref)
		}
		if r.Checked.On == "" {
			never++
		}
	}
	for _, e := range replaced {
		fmt.Fprintln(p.Out, locale.Text(lang, "import.check_replaced", "Title", e.Title, "By", e.ReplacedBy, "Since", cmp.Or(e.Since, locale.Text(lang, "import.check_no_day")), "Cited", strings.Join(cite[e], ", ")))
	}
	if len(stale) > 0 {
		fmt.Fprintln(p.Out, locale.Text(lang, "import.check_stale", "Refs", strings.Join(stale, ", ")))
	}
	if never > 0 {
		fmt.Fprintln(p.Out, locale.Text(lang, "import.check_never", "N", never))
	}
}

// tool opens the database beside a running bot.
func (p *Program) tool(ctx context.Context) (*app.Settings, *store.DB, error) {
	f, err := p.readConfig()
	if err != nil {
		return nil, nil, err
	}
	s, err := app.ReadSettings(f)
	if err != nil {
		return nil, nil, err
	}
	db, err := app.OpenDatabase(ctx, s, true)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no database yet (%w); start branchbot once, which makes it", err)
	}
	return s, db, err
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
			fmt.Fprintf(p.Out, "%d  %s  %s  %s  %s\n", l.ID, l.At.Local().Format("2006-01-02 15:04"), cmp.Or(l.Account, "timer"), l.What, l.Reason)
		}
		return nil
	})
}

func (p *Program) rosterCommand() *cobra.Command {
	var unit string
	root := &cobra.Command{Use: "roster", Short: "Write out the roster (.xlsx, .csv); import takes one in"}
	root.PersistentFlags().StringVar(&unit, "unit", "", "the unit (the first of the configuration unless set)")
	root.AddCommand(&cobra.Command{Use: "export FILE", Short: "Write the roster to a new file", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.exportRoster(c.Context(), unit, args[0]) }})
	return root
}

// unitOf is the unit that a command means.
func unitOf(s *app.Settings, unit string) (string, error) {
	if unit == "" && len(s.Units) > 0 {
		return s.Units[0].ID, nil
	}
	for _, u := range s.Units {
		if u.ID == unit {
			return unit, nil
		}
	}
	return "", fmt.Errorf("there is no unit %q in %s", unit, s.File.Name)
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
		data, err = roster.Export(tx, unit, file, s.Language)
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
	return p.byStaff(ctx, staff, func(s *app.Settings, tx *store.Tx, m *engine.Member) (string, error) {
		code, err := roster.Code(tx, m.ID, roster.Maker{})
		if err != nil {
			return "", err
		}
		links, err := s.TelegramLinks(tx, code)
		if page := s.JoinPage(code); page != "" {
			links = append(links, page)
		}
		lines := append([]string{m.Name + ": " + code}, links...)
		return strings.Join(append(lines, "It works once, within seven days.\n"), "\n"), err
	})
}
