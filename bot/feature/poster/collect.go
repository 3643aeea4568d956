package poster

import (
	"strings"
	"time"

	"branchbot/bot/draw"
	"branchbot/bot/engine"
	"branchbot/bot/feature/award"
	"branchbot/bot/feature/lesson"
	"branchbot/bot/feature/material"
	"branchbot/bot/locale"
	"branchbot/bot/report"
	"branchbot/bot/schedule"
	"branchbot/schedules"
	"branchbot/store"
)

// collected is what goes on a poster.
type collected struct {
	unit     *engine.Unit
	week     week
	lessons  []engine.Item
	progress []material.Progress
	held     report.Held
	counts   report.Counts
	honours  []award.Honour
	planned  []schedule.Planned
	board    string
}

// How many lines a card has; what is more is counted in a note.
const (
	maxLessons = 7
	maxHonours = 8
	maxPlanned = 7
)

func (f *Feature) collect(tx *store.Tx, u *engine.Unit, w week) (c *collected, err error) {
	c = &collected{unit: u, week: w}
	p := w.period()
	figures, err := f.Figures.Figures(tx, u.ID, p)
	if err != nil {
		return nil, err
	}
	c.counts = figures.Total
	for _, row := range figures.Units { // what was put to several units is the most that one of them had
		c.held.Lessons, c.held.Rounds = max(c.held.Lessons, row.Held.Lessons), max(c.held.Rounds, row.Held.Rounds)
		c.held.Checkins, c.held.Notices = max(c.held.Checkins, row.Held.Checkins), max(c.held.Notices, row.Held.Notices)
	}
	if c.lessons, err = lesson.Items(tx, u.ID, p.From, p.To); err != nil {
		return nil, err
	}
	if c.progress, err = f.Lessons.Progress(tx, u.ID, p.From, p.To); err != nil {
		return nil, err
	}
	if c.honours, err = award.Published(tx, u.ID, p.From, p.To, maxHonours); err != nil {
		return nil, err
	}
	next := w.plus(1)
	if c.planned, err = f.Schedule.Planned(tx, u, next.monday, next.plus(1).monday); err != nil {
		return nil, err
	}
	if f.Board != nil {
		c.board, err = f.Board(tx, u.ID)
	}
	return c, err
}

// empty tells that there was nothing in the week.
func (c *collected) empty() bool {
	return c.held == (report.Held{}) && len(c.lessons)+len(c.honours) == 0
}

func (c *collected) text(key string, args ...any) string {
	return locale.Text(c.unit.Language, key, args...)
}

// number is which week of which year it is.
func number(w week, lang string) string {
	year, n := w.monday.ISOWeek()
	return locale.Text(lang, "poster.week", "Year", year, "Week", n)
}

func (c *collected) period() string {
	layout := c.text("poster.date")
	sunday := c.week.plus(1).monday.AddDate(0, 0, -1)
	return number(c.week, c.unit.Language) + " · " + c.week.monday.Format(layout) + " — " + sunday.Format(layout)
}

// part is how one kind of thing went.
type part struct {
	kind      string
	held      int
	done, due int
	extra     int
}

func (c *collected) parts() (out []part) {
	n := &c.counts
	for _, p := range []part{
		{"lesson", c.held.Lessons, n.Learned, n.Lessons, 0},
		{"quiz", c.held.Rounds, n.Answered, n.Rounds, n.Right},
		{"checkin", c.held.Checkins, n.Here, n.Due - n.Leave, n.Leave},
		{"notice", c.held.Notices, n.Acked, n.Notices, 0},
	} {
		if p.held > 0 && p.due > 0 {
			out = append(out, p)
		}
	}
	return out
}

func (c *collected) told(p part) string {
	return c.text("poster.told."+p.kind, "Done", p.done, "Due", p.due, "Extra", p.extra)
}

// alt is the poster in a line, for those who cannot see it.
func (c *collected) alt() string {
	pieces := []string{}
	for _, p := range c.parts() {
		pieces = append(pieces, c.text("poster.held."+p.kind, "N", p.held)+c.text("poster.comma")+c.told(p))
	}
	if len(pieces) == 0 {
		pieces = append(pieces, c.text("poster.held.lesson", "N", len(c.lessons)))
	}
	return c.text("poster.alt", "Unit", c.unit.Name, "Week", number(c.week, c.unit.Language), "Totals", strings.Join(pieces, c.text("poster.semicolon")))
}

// page lays the poster out.
func (c *collected) page() *draw.Page {
	page := &draw.Page{Kicker: c.text("poster.kicker"), Title: c.unit.Name, Period: c.period(),
		Foot: c.text("poster.foot"), Link: c.board, Scan: c.text("poster.scan")}
	for _, card := range []draw.Card{c.learned(), c.taken(), c.honoured(), c.coming()} {
		if card.Title != "" {
			page.Cards = append(page.Cards, card)
		}
	}
	return page
}

func (c *collected) learned() (card draw.Card) {
	if len(c.lessons) == 0 {
		return card
	}
	card.Title = c.text("poster.lessons")
	for i, l := range c.lessons {
		if i == maxLessons {
			card.Note = c.text("poster.more_lessons", "N", len(c.lessons)-maxLessons)
			break
		}
		head := ""
		if day, err := time.Parse(time.DateOnly, l.Day); err == nil && !same(c.lessons, i) {
			head = schedules.Weekdays([]time.Time{day}, c.unit.Language)
		}
		card.Rows = append(card.Rows, draw.Row{Head: head, Text: l.Title})
	}
	for _, p := range c.progress {
		title := p.Title
		if title == "" {
			title = c.text("poster.series")
		}
		card.Bars = append(card.Bars, draw.Bar{Label: title, N: p.Done, Of: p.Of, Text: c.text("poster.progress", "Done", p.Done, "Of", p.Of)})
	}
	return card
}

// same tells whether an item is of the same day as the one before it.
func same(items []engine.Item, i int) bool { return i > 0 && items[i].Day == items[i-1].Day }

func (c *collected) taken() (card draw.Card) {
	var held []string
	for _, p := range c.parts() {
		card.Shares = append(card.Shares, draw.Share{Label: c.text("poster.kind." + p.kind), Done: p.done, Due: p.due, Text: c.told(p)})
		held = append(held, c.text("poster.held."+p.kind, "N", p.held))
	}
	if len(held) > 0 {
		card.Title = c.text("poster.taken")
		card.Text = c.text("poster.held", "Held", strings.Join(held, c.text("engine.list_comma")))
	}
	return card
}

func (c *collected) honoured() (card draw.Card) {
	for _, h := range c.honours {
		card.Title = c.text("poster.honours")
		card.Rows = append(card.Rows, draw.Row{Head: h.Name, Text: h.Title})
	}
	return card
}

func (c *collected) coming() (card draw.Card) {
	shown := 0
	for _, p := range c.planned {
		if p.Action == "poster" {
			continue
		}
		card.Title = c.text("poster.coming")
		if shown++; shown > maxPlanned {
			card.Note = c.text("poster.more_planned", "N", shown-maxPlanned)
			continue
		}
		what := p.Title
		if what == "" {
			what = c.text("schedule.action." + p.Action)
		}
		card.Rows = append(card.Rows, draw.Row{Head: c.when(p.Days), Text: what})
	}
	return card
}

// when tells days of next week at one time.
func (c *collected) when(days []time.Time) string {
	clock := " " + days[0].Format("15:04")
	if len(days) > 1 {
		return schedules.Weekdays(days, c.unit.Language) + clock
	}
	return days[0].Format(c.text("poster.date")) + " " + schedules.Weekdays(days, c.unit.Language) + clock
}
