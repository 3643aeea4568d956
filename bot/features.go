package bot

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"branchbot/bot/checkin"
	"branchbot/bot/desk"
	"branchbot/bot/engine"
	"branchbot/bot/leave"
	"branchbot/bot/ledger"
	"branchbot/bot/lesson"
	"branchbot/bot/load"
	"branchbot/bot/locale"
	"branchbot/bot/member"
	"branchbot/bot/notice"
	"branchbot/bot/outbox"
	"branchbot/bot/quiz"
	"branchbot/bot/schedule"
	"branchbot/bot/seal"
	"branchbot/bot/shift"
	"branchbot/bot/signup"
	"branchbot/bot/suggestion"
	"branchbot/bot/survey"
	"branchbot/content"
	"branchbot/schedules"
	"branchbot/store"
)

// features are the parts of the bot that the wiring has to hold on to, and the
// settings that can change while it runs.
type features struct {
	directory *member.Directory
	members   *member.Feature
	book      *ledger.Book
	schedule  *schedule.Feature
	survey    *survey.Feature
	suggest   *suggestion.Feature

	backup  func() (last time.Time, wanted bool)
	library atomic.Pointer[content.Library]
	conduct atomic.Pointer[ConductConfig]
	quiet   atomic.Pointer[schedules.Quiet]
	letters atomic.Pointer[shift.Letters]
}

func newFeatures(links func(code string) []string, page func(code string) string) *features {
	f := &features{directory: member.NewDirectory(), book: &ledger.Book{}}
	f.members = &member.Feature{Directory: f.directory, Links: links, Page: page}
	f.survey, f.suggest = &survey.Feature{}, &suggestion.Feature{}
	f.schedule = &schedule.Feature{Quiet: f.quietHours}
	return f
}

func (f *features) quietHours() schedules.Quiet { return *f.quiet.Load() }

// list is the one list of features, in the order in which /帮助 shows them.
func (f *features) list() []engine.Feature {
	board := func() bool { return f.conduct.Load().PublicBoard != "off" }
	return []engine.Feature{
		&desk.Feature{Backup: f.backup},
		&lesson.Feature{Library: f.library.Load, Book: f.book, PerDay: func() int { return f.conduct.Load().LessonsPerDay }},
		&quiz.Feature{Library: f.library.Load, Book: f.book},
		&checkin.Feature{Book: f.book},
		&leave.Feature{},
		// Before the members, who take any table that a secretary sends.
		&shift.Feature{Letters: func() shift.Letters { return *f.letters.Load() }, Quiet: f.quietHours},
		f.members,
		&notice.Feature{Book: f.book, Quiet: f.quietHours,
			PerDay:    func() int { return f.conduct.Load().NoticesPerDay },
			Reminders: func() int { return f.conduct.Load().RemindersPerItem }},
		&signup.Feature{},
		f.survey,
		f.suggest,
		&load.Feature{PerWeek: func() int { return f.conduct.Load().DemandsPerWeek }},
		&ledger.Feature{Book: f.book, Board: board},
		f.schedule,
	}
}

// apply brings settings and packs into the database and into force.
func (f *features) apply(tx *store.Tx, s *Settings, library *content.Library) error {
	// All units at once and in order, as the engine locks them: other processes work.
	if err := tx.Locked(`SELECT id FROM unit ORDER BY id`); err != nil {
		return err
	}
	if err := f.directory.Setup(tx, s.Units); err != nil {
		return err
	}
	if err := f.book.SetRules(tx, s.Points.Rules); err != nil {
		return err
	}
	if err := f.schedule.Setup(tx, s.Schedules); err != nil {
		return err
	}
	quiet, err := schedules.ParseQuiet(s.Conduct.QuietHours)
	if err != nil {
		return err
	}
	letters, _ := shift.Read(s.Shifts) // whose faults ReadSettings has refused
	tx.AfterCommit(func() {
		f.letters.Store(&letters)
		f.library.Store(library)
		f.conduct.Store(&s.Conduct)
		f.quiet.Store(&quiet)
	})
	return nil
}

// media finds the bytes of what is sent along: pictures of packs, files of
// notices ("notice:HASH"), and files made on the spot ("roster:UNIT.csv",
// "ledger:UNIT.xlsx", "signup:ID.xlsx").
func (f *features) media(db *store.DB) func(ref string) ([]byte, string, error) {
	return func(ref string) (data []byte, mediaType string, err error) {
		what, name, made := strings.Cut(ref, ":")
		if !made {
			return f.library.Load().Media(ref)
		}
		err = db.Read(func(tx *store.Tx) error {
			data, mediaType, err = f.made(tx, what, name)
			return err
		})
		return data, mediaType, err
	}
}

const (
	xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	csvType  = "text/csv"
)

// made is a file that a feature keeps or makes.
func (f *features) made(tx *store.Tx, what, name string) (data []byte, mediaType string, err error) {
	if what == "notice" {
		return notice.Media(tx, name)
	}
	unit, ending, _ := strings.Cut(name, ".")
	var id int64
	if what == "signup" {
		if id, err = strconv.ParseInt(unit, 10, 64); err == nil {
			unit, err = signup.UnitOf(tx, id)
		}
		if err != nil {
			return nil, "", fmt.Errorf("sign-up %s: %w", name, err)
		}
	}
	u, err := f.directory.Unit(tx, unit)
	if err != nil {
		return nil, "", fmt.Errorf("%s of %s: %w", what, unit, err)
	}
	switch what {
	case "signup":
		data, err = signup.Export(tx, id, u.Language)
	case "ledger":
		data, err = ledger.Export(tx, unit, u.Language)
	default:
		data, err = member.Export(tx, unit, name, u.Language)
	}
	if ending == "csv" {
		return data, csvType, err
	}
	return data, xlsxType, err
}

// newEngine joins the core and the features.
func (f *features) newEngine(o engine.Options, out *outbox.Outbox) *engine.Engine {
	out.OnSettled = f.schedule.Settled
	out.OnMoved = f.directory.Moved
	keys := seal.Beside(o.DB.Path())
	out.Keys, f.survey.Keys, f.suggest.Keys = keys, keys, keys
	o.Directory, o.Outbox, o.Features = f.directory, out, f.list()
	o.Names = []string{"支部小助手", "小助手", "branchbot"}
	if o.Language == "" {
		o.Language = locale.Default
	}
	return engine.New(o)
}

// checkContent checks what schedules take from the packs.
func checkContent(s *Settings, library *content.Library) (errs []error) {
	f := newFeatures(nil, nil)
	f.library.Store(library)
	actions := map[string]engine.Action{}
	for _, feature := range f.list() {
		if actor, ok := feature.(engine.Actor); ok {
			for _, a := range actor.Actions() {
				actions[a.Name] = a
			}
		}
	}
	for i, c := range s.Schedules {
		path := fmt.Sprintf("schedules[%d]", i)
		a, ok := actions[c.Do]
		if !ok {
			errs = append(errs, s.file.Fault(path+".do", "%q is none of lesson, quiz, checkin, notice, pulse", c.Do))
			continue
		}
		if err := a.Check(c.Args()); err != nil {
			errs = append(errs, s.file.Fault(path, "%v", err))
		}
	}
	return errs
}
