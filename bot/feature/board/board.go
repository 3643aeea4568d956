// Package board shows a unit's board: a page for a wall screen, or behind a link
// in the group, and a feed of what is published on it.
//
// Rules:
//   - There is no board until a secretary opens one. Whoever has its link may
//     see it, without logging in; the link cannot be guessed. A new link makes
//     the old one useless.
//   - It has totals. A name stands on it only of those who agreed: in the board
//     of points (/排行 加入, conduct: public_board), and with an honour.
//   - A notice stands on it only when a secretary published it (/公示).
//   - It sets no cookie and may be kept for a minute by whoever passes it on.
//
// Commands: /看板 /board.
package board

import (
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/feature/award"
	"branchbot/bot/feature/lesson"
	"branchbot/bot/feature/notice"
	"branchbot/bot/points"
	"branchbot/bot/report"
	"branchbot/store"
)

// Root is where boards are served: Root + the secret word of one.
const Root = "/board/"

// Feature shows boards.
type Feature struct {
	DB      *store.DB
	Lessons *lesson.Feature
	Figures *report.Source
	// Unit is a unit by its id; store.ErrNoRows for an unknown one.
	Unit func(tx *store.Tx, id string) (*engine.Unit, error)
	// Names tells whether those who opted in are listed (conduct: public_board).
	Names func() bool
	// Poster draws a unit's poster of a week, named UNIT.MONDAY.png.
	Poster func(tx *store.Tx, name string) ([]byte, error)
	// Base is what addresses begin with, as people reach them.
	Base func() string
	Log  *slog.Logger

	mu     sync.Mutex
	totals map[string]*totals // by unit
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "board" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"看板", "board"}, Role: engine.OnRoster, Group: engine.Mine, Usage: "board.usage.board", More: "board.more.board", Run: f.board},
	}
}

// board is /看板, /看板 打开, /看板 换链接, /看板 关闭.
func (f *Feature) board(t *engine.Turn, line command.Line) error {
	act := command.Fold(line.Args)
	if act != "" && t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	word, err := wordOf(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	switch act {
	case "":
		if word == "" && t.Role >= engine.Secretary {
			return engine.Complain("board.none_yet")
		}
		if word == "" {
			return engine.Complain("board.none")
		}
		return t.Say("board.link", "Unit", t.Unit.Name, "Link", f.link(word))
	case "打开", "open":
		if word == "" {
			if word, err = f.open(t); err != nil {
				return err
			}
		}
		return t.Say("board.opened", "Link", f.link(word))
	case "换链接", "new link":
		if word == "" {
			return engine.Complain("board.none_yet")
		}
		if word, err = f.open(t); err != nil {
			return err
		}
		return t.Say("board.new_link", "Link", f.link(word))
	case "关闭", "close":
		if word == "" {
			return engine.Complain("board.none_yet")
		}
		if err := remove(t.Tx, t.Unit.ID); err != nil {
			return err
		}
		return t.Say("board.closed")
	}
	return engine.Complain("board.how")
}

// open gives the unit's board a link, another than before.
func (f *Feature) open(t *engine.Turn) (word string, err error) {
	word = strings.ToLower(rand.Text())
	return word, put(t.Tx, t.Unit.ID, word, t.Member.ID)
}

func (f *Feature) link(word string) string { return f.Base() + Root + word }

// Address is where a unit's board is; "" when it has none.
func (f *Feature) Address(tx *store.Tx, unit string) (string, error) {
	word, err := wordOf(tx, unit)
	if err != nil || word == "" {
		return "", err
	}
	return f.link(word), nil
}

// How much a board and its feed show, and for how long.
const (
	maxNotices = 6
	maxHonours = 8
	maxNames   = 20
	maxFeed    = 40
	lessonDays = 7
	honourDays = 90
	feedDays   = 60
)

// shown is what a board shows.
type shown struct {
	Unit    *engine.Unit
	Now     time.Time
	Period  report.Period
	Totals  report.Figures
	Lesson  *lesson.Reading // the newest of the last days
	Notices []notice.Public
	Honours []award.Honour
	Names   []points.Place
	Poster  string // its name; "" when none was posted lately
}

// collect reads what is on a unit's board.
func (f *Feature) collect(tx *store.Tx, u *engine.Unit) (b *shown, err error) {
	local := tx.Now.In(u.Zone)
	ago := func(days int) string { return local.AddDate(0, 0, -days).Format(time.DateOnly) }
	b = &shown{Unit: u, Now: tx.Now, Period: report.Month(local.Year(), local.Month())}
	if b.Totals, err = f.total(tx, u, b.Period); err != nil {
		return nil, err
	}
	lessons, err := f.Lessons.Readings(tx, u.ID, ago(lessonDays), 1)
	if err != nil {
		return nil, err
	}
	if len(lessons) > 0 {
		b.Lesson = &lessons[0]
	}
	if b.Notices, err = notice.Published(tx, u.ID, u.Language, maxNotices); err != nil {
		return nil, err
	}
	if b.Honours, err = award.Published(tx, u.ID, ago(honourDays), "", maxHonours); err != nil {
		return nil, err
	}
	if f.Names() {
		if b.Names, err = points.Places(tx, u.ID, maxNames); err != nil {
			return nil, err
		}
	}
	b.Poster, err = newestPoster(tx, u.ID, ago(10))
	return b, err
}

// totals are the figures of a unit, kept for a while: for an enterprise they are
// the sum of many rosters.
type totals struct {
	mu      sync.Mutex
	figures report.Figures
	until   time.Time
}

// Totals are kept for keep, and for keepTimes the time that it took to sum them
// up, so that boards never take more than a hundredth of the machine.
const (
	keep      = time.Minute
	keepTimes = 100
)

func (f *Feature) total(tx *store.Tx, u *engine.Unit, p report.Period) (report.Figures, error) {
	f.mu.Lock()
	if f.totals == nil {
		f.totals = map[string]*totals{}
	}
	t := f.totals[u.ID]
	if t == nil {
		t = &totals{}
		f.totals[u.ID] = t
	}
	f.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.figures.Period == p && tx.Now.Before(t.until) && !tx.Now.Before(t.until.Add(-24*time.Hour)) {
		return t.figures, nil
	}
	began := time.Now()
	sum, err := f.Figures.Figures(tx, u.ID, p)
	if err != nil {
		return report.Figures{}, err
	}
	t.figures = report.Figures{Unit: sum.Unit, Period: sum.Period, Units: sum.Units, Total: sum.Total} // no names are kept
	t.until = tx.Now.Add(min(max(keep, keepTimes*time.Since(began)), time.Hour))
	return t.figures, nil
}

// Members is how many belong to the unit and those under it.
func (b *shown) Members() (n int) {
	for _, u := range b.Totals.Units {
		n += u.Members
	}
	return n
}

// Paragraphs are the lesson's text.
func (b *shown) Paragraphs() []string {
	return strings.Split(strings.TrimSpace(chat.Part{Spans: b.Lesson.Body}.Plain()), "\n\n")
}

// feeding is what the feed is made of.
type feeding struct {
	Notices []notice.Public
	Honours []award.Honour
	lessons []lesson.Reading
}

func (f *Feature) collectFeed(tx *store.Tx, u *engine.Unit, since string) (b feeding, err error) {
	if b.Notices, err = notice.Published(tx, u.ID, u.Language, maxFeed); err != nil {
		return b, err
	}
	if b.lessons, err = f.Lessons.Readings(tx, u.ID, since, maxFeed); err != nil {
		return b, err
	}
	b.Honours, err = award.Published(tx, u.ID, since, "", maxFeed)
	return b, err
}
