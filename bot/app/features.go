package app

import (
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/feature/award"
	"branchbot/bot/feature/basics"
	"branchbot/bot/feature/board"
	"branchbot/bot/feature/checkin"
	"branchbot/bot/feature/delivery"
	"branchbot/bot/feature/leave"
	"branchbot/bot/feature/lesson"
	"branchbot/bot/feature/material"
	"branchbot/bot/feature/misconduct"
	"branchbot/bot/feature/notice"
	"branchbot/bot/feature/poster"
	"branchbot/bot/feature/quiz"
	"branchbot/bot/feature/shift"
	"branchbot/bot/feature/signup"
	"branchbot/bot/feature/suggestion"
	"branchbot/bot/feature/survey"
	"branchbot/bot/feature/workload"
	"branchbot/bot/keystore"
	"branchbot/bot/locale"
	"branchbot/bot/outbox"
	"branchbot/bot/points"
	"branchbot/bot/report"
	"branchbot/bot/roster"
	"branchbot/bot/schedule"
	"branchbot/bot/web"
	"branchbot/content"
	"branchbot/schedules"
	"branchbot/store"
)

// features are the parts of the bot that the wiring has to hold on to, and the
// settings that can change while it runs.
type features struct {
	directory *roster.Directory
	members   *roster.Feature
	material  *material.Feature
	book      *points.Book
	schedule  *schedule.Feature
	survey    *survey.Feature
	suggest   *suggestion.Feature
	reports   *misconduct.Feature
	lessons   *lesson.Feature
	shifts    *shift.Feature
	report    *report.Feature
	poster    *poster.Feature
	console   *web.Feature
	delivery  *delivery.Feature
	board     *board.Feature

	backup   func() (last time.Time, wanted bool)
	breaks   func() []points.Break
	library  atomic.Pointer[content.Library]
	conduct  atomic.Pointer[ConductConfig]
	settings atomic.Pointer[Settings]
	quiet    atomic.Pointer[schedules.Quiet]
	letters  atomic.Pointer[shift.Letters]
}

func newFeatures(links func(code string) []string, page func(code string) string) *features {
	f := &features{directory: roster.NewDirectory(), book: &points.Book{}}
	f.directory.OnEnded = web.End
	f.material = &material.Feature{Library: f.library.Load, Lessons: lesson.Uses, Questions: quiz.Uses, LastUse: func(tx *store.Tx, unit string) (string, error) {
		lessons, err := lesson.LastPush(tx, unit)
		if err != nil {
			return "", err
		}
		questions, err := quiz.LastRound(tx, unit)
		return fmt.Sprint(lessons, questions), err
	}}
	f.members = &roster.Feature{Directory: f.directory, Links: links, Page: page}
	f.reports = &misconduct.Feature{}
	f.survey, f.suggest = &survey.Feature{Reports: f.reports}, &suggestion.Feature{Reports: f.reports}
	f.reports.Takers = map[string]misconduct.Taker{f.survey.Name(): f.survey, f.suggest.Name(): f.suggest}
	f.schedule = &schedule.Feature{Quiet: f.quietHours}
	f.lessons = &lesson.Feature{Library: f.library.Load, Book: f.book, PerDay: func() int { return f.conduct.Load().LessonsPerDay }}
	f.material.Progress, f.material.Shown = f.lessons.Progress, f.lessons.Shown
	f.shifts = &shift.Feature{Letters: func() shift.Letters { return *f.letters.Load() }, Quiet: f.quietHours}
	f.report = &report.Feature{Source: &report.Source{Shifts: f.shifts}, Directory: f.directory}
	f.console, f.delivery = &web.Feature{Via: f.directory.Via}, &delivery.Feature{}
	soFar := &report.Source{Shifts: f.shifts, SoFar: true}
	f.board = &board.Feature{Lessons: f.lessons, Figures: soFar, Unit: f.directory.Unit, Names: f.boardOfPoints}
	f.poster = &poster.Feature{Figures: soFar, Lessons: f.lessons, Schedule: f.schedule}
	f.board.Poster = func(tx *store.Tx, name string) ([]byte, error) { return f.poster.Picture(tx, name, f.directory.Unit) }
	return f
}

func (f *features) quietHours() schedules.Quiet { return *f.quiet.Load() }

// boardOfPoints tells whether those who opted in are listed.
func (f *features) boardOfPoints() bool { return f.conduct.Load().PublicBoard != "off" }

// list is the one list of features, in the order in which /帮助 shows them.
func (f *features) list() []engine.Feature {
	return []engine.Feature{
		&basics.Feature{Backup: f.backup},
		f.lessons,
		&quiz.Feature{Library: f.library.Load, Book: f.book},
		&checkin.Feature{Book: f.book},
		&leave.Feature{},
		// Before the members, who take any table that a secretary sends.
		f.shifts,
		f.members,
		&notice.Feature{Book: f.book, Quiet: f.quietHours, Board: f.board.Address,
			PerDay:    func() int { return f.conduct.Load().NoticesPerDay },
			Reminders: func() int { return f.conduct.Load().RemindersPerItem }},
		&signup.Feature{},
		f.survey,
		f.suggest,
		f.reports,
		&award.Feature{Quiet: f.quietHours},
		f.poster,
		f.board,
		f.material,
		&workload.Feature{PerWeek: func() int { return f.conduct.Load().DemandsPerWeek }},
		&points.Feature{Book: f.book, Board: f.boardOfPoints, Breaks: f.breaks},
		f.report,
		f.delivery,
		f.schedule,
		f.console,
	}
}

// apply brings settings and packs into the database and into force.
func (f *features) apply(tx *store.Tx, s *Settings, library *content.Library) error {
	// All units at once and in order, as the engine locks them: other processes work.
	if err := tx.Locked(`SELECT id FROM unit ORDER BY id COLLATE "C"`); err != nil {
		return err
	}
	if err := f.directory.Setup(tx, s.Units); err != nil {
		return err
	}
	if err := f.enforce(tx, s, library); err != nil {
		return err
	}
	if err := f.members.TellReturned(tx); err != nil {
		return err
	}
	return f.schedule.Setup(tx, s.Schedules)
}

// enforce brings into force in this process what each process has for itself.
func (f *features) enforce(tx *store.Tx, s *Settings, library *content.Library) error {
	if err := f.book.SetRules(tx, s.Points.Rules); err != nil {
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
		f.settings.Store(s)
		f.quiet.Store(&quiet)
	})
	return nil
}

// media finds the bytes of what is sent along: pictures of packs, and what features keep or
// make, KIND:NAME.
func (f *features) media(db *store.DB, all []engine.Feature) func(ref string) ([]byte, string, error) {
	makers := map[string]engine.MakeMedia{}
	for _, feature := range all {
		if m, ok := feature.(engine.MediaMaker); ok {
			maps.Copy(makers, m.Media())
		}
	}
	return func(ref string) (data []byte, mediaType string, err error) {
		kind, name, made := strings.Cut(ref, ":")
		if !made {
			return f.library.Load().Media(ref)
		}
		if makers[kind] == nil {
			return nil, "", fmt.Errorf("media %q: nothing makes %s", ref, kind)
		}
		err = db.Read(func(tx *store.Tx) error {
			data, mediaType, err = makers[kind](tx, f.directory, name)
			return err
		})
		return data, mediaType, err
	}
}

// newEngine joins the core and the features.
func (f *features) newEngine(o engine.Options, out *outbox.Outbox) *engine.Engine {
	out.OnSettled = func(tx *store.Tx, cause string, sent, failed int) error {
		if strings.HasPrefix(cause, engine.ReceiptsOf) {
			return f.delivery.Settled(tx, cause)
		}
		return f.schedule.Settled(tx, cause, sent, failed)
	}
	out.OnMoved = f.directory.Moved
	out.OnUndelivered = f.delivery.Undelivered
	out.OnRefused, out.OnTaken, out.Refusing = f.directory.Refused, f.directory.Taken, f.directory.Refusing
	keys := keystore.Beside(o.DB.Path())
	out.Keys, f.survey.Keys, f.suggest.Keys, f.reports.Keys = keys, keys, keys, keys
	o.Directory, o.Outbox, o.Features = f.directory, out, f.list()
	o.Names = []string{"支部小助手", "小助手", "branchbot"}
	if o.Language == "" {
		o.Language = locale.Default
	}
	e := engine.New(o)
	out.OnBlocked = e.PassOn
	return e
}

// checkContent checks what schedules take from the packs.
func checkContent(s *Settings, library *content.Library) (errs []error) {
	f := newFeatures(nil, nil)
	f.library.Store(library)
	actions, names := map[string]engine.Action{}, []string{}
	for _, feature := range f.list() {
		if actor, ok := feature.(engine.Actor); ok {
			for _, a := range actor.Actions() {
				actions[a.Name] = a
				names = append(names, a.Name)
			}
		}
	}
	for i, c := range s.Schedules {
		path := fmt.Sprintf("schedules[%d]", i)
		a, ok := actions[c.Do]
		if !ok {
			errs = append(errs, s.File.Fault(path+".do", "%q is none of %s", c.Do, strings.Join(names, ", ")))
			continue
		}
		if err := a.Check(c.Args()); err != nil {
			errs = append(errs, s.File.Fault(path, "%v", err))
		}
	}
	return errs
}

// Causes are what entries of rules are given for, by the features that book them.
func Causes() map[string]points.Cause {
	all := map[string]points.Cause{}
	for _, f := range newFeatures(nil, nil).list() {
		if c, ok := f.(points.Causer); ok {
			maps.Copy(all, c.Causes())
		}
	}
	return all
}
