package report

import (
	"fmt"
	"strconv"
	"strings"

	"branchbot/bot/locale"
	"branchbot/bot/points"
)

// sheetOf is a handbook as titled tables of text, which is what the page and
// the PDF show.
type sheetOf struct {
	Title, Name string
	Facts       [][2]string // name and value
	Tables      []section
	Note        string
}

// section is a table with its title.
type section struct {
	Title string
	Head  []string
	Wide  int // the column with long texts; -1 = none
	Rows  [][]string
	Empty string // what is said when there are no rows
}

// sheet is the handbook in a language.
func (h *Handbook) sheet(lang string) sheetOf {
	text := func(key string, args ...any) string { return locale.Text(lang, key, args...) }
	status, _, _ := strings.Cut(text("member.status."+h.Member.Status), "/")
	joined := h.Member.JoinedOn
	if joined == "" {
		joined = text("report.unknown")
	}
	s := sheetOf{
		Title: text("report.handbook", "Period", h.Period.Name(lang)), Name: h.Member.Name,
		Facts: [][2]string{
			{text("report.column.name"), h.Member.Name}, {text("report.column.staff"), h.Member.Staff},
			{text("report.column.unit"), h.Unit.Name}, {text("member.column.status"), status},
			{text("member.column.joined_on"), joined}, {text("report.column.points"), strconv.FormatInt(h.Total.Points, 10)},
		},
		Note: text("report.made", "Day", h.Made) + text("report.handbook_note"),
	}
	s.Tables = append(s.Tables, h.months(text), h.honours(text), h.points(lang, text), h.meetings(text), h.studied(text))
	return s
}

type texter func(key string, args ...any) string

func (h *Handbook) months(text texter) section {
	t := section{Title: text("report.handbook.months"), Wide: -1, Empty: text("report.handbook.none")}
	for _, key := range []string{"report.column.month", "report.column.due", "report.column.here", "report.column.leave", "report.column.lessons",
		"report.column.learned", "report.column.rounds", "report.column.answered", "report.column.right", "report.column.notices", "report.column.acked"} {
		t.Head = append(t.Head, text(key))
	}
	row := func(name string, c *Counts) {
		cells := []string{name}
		for _, n := range []int{c.Due, c.Here, c.Leave, c.Lessons, c.Learned, c.Rounds, c.Answered, c.Right, c.Notices, c.Acked} {
			cells = append(cells, strconv.Itoa(n))
		}
		t.Rows = append(t.Rows, cells)
	}
	for i := range h.Months {
		row(text("report.month_only", "Month", h.Months[i].Month), &h.Months[i].Counts)
	}
	if len(t.Rows) > 0 {
		row(text("report.total"), &h.Total)
	}
	return t
}

func (h *Handbook) honours(text texter) section {
	t := section{Title: text("report.handbook.honours"), Wide: 2, Empty: text("report.handbook.none"),
		Head: []string{text("report.column.day"), text("report.column.honour"), text("report.column.reason")}}
	for _, o := range h.Honours {
		t.Rows = append(t.Rows, []string{o.Day, o.Title, o.Reason})
	}
	return t
}

// points are the sums by cause, and under them the entries made by hand.
func (h *Handbook) points(lang string, text texter) section {
	t := section{Title: text("report.handbook.points"), Wide: 0, Empty: text("report.handbook.none"),
		Head: []string{text("report.column.cause"), text("report.column.points")}}
	for _, c := range h.Causes {
		t.Rows = append(t.Rows, []string{points.RuleName(lang, c.Rule), strconv.FormatInt(c.Points, 10)})
	}
	for _, e := range h.Entries {
		key := "report.by_hand"
		if e.Reverses != 0 {
			key = "report.undone"
		}
		t.Rows = append(t.Rows, []string{text(key, "Day", e.Day, "Reason", e.Note, "Points", fmt.Sprintf("%+d", e.Points)), ""})
	}
	if len(t.Rows) > 0 {
		t.Rows = append(t.Rows, []string{text("report.total"), strconv.FormatInt(h.Total.Points, 10)})
	}
	return t
}

func (h *Handbook) meetings(text texter) section {
	t := section{Title: text("report.handbook.meetings", "Count", len(h.Meetings)), Wide: 1, Empty: text("report.handbook.none"),
		Head: []string{text("report.column.day"), text("report.column.title"), text("report.column.how")}}
	for _, m := range h.Meetings {
		t.Rows = append(t.Rows, []string{m.Day, m.Title, text(m.How)})
	}
	return t
}

func (h *Handbook) studied(text texter) section {
	t := section{Title: text("report.handbook.studied", "Count", len(h.Studied)), Wide: 1, Empty: text("report.handbook.none"),
		Head: []string{text("report.column.day"), text("report.column.title")}}
	for _, i := range h.Studied {
		t.Rows = append(t.Rows, []string{i.Day, i.Title})
	}
	return t
}
