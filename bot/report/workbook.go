package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/locale"
	"branchbot/bot/points"
	"branchbot/content/sheet"
)

// mostNamed is how many members a workbook names. One of more is a large
// committee's: it lists units, whose own workbooks name their members.
const mostNamed = 5000

// Workbook writes the figures as a workbook to be handed in. made is the day
// that it names.
func (f *Figures) Workbook(w io.Writer, lang string, made time.Time) error {
	b, err := sheet.NewBook(f.Unit.Name, locale.Text(lang, "report.page"))
	if err != nil {
		return err
	}
	p := paper{Figures: f, book: b, lang: lang, made: made.In(f.Unit.Zone).Format(time.DateOnly), named: len(f.Members) <= mostNamed}
	for _, add := range []func() error{p.summary, p.attendance, p.study, p.quiz, p.points, p.notices, p.items} {
		if err := add(); err != nil {
			return fmt.Errorf("workbook of %s: %w", f.Unit.ID, err)
		}
	}
	_, err = b.WriteTo(w)
	return err
}

// paper is a workbook being written.
type paper struct {
	*Figures
	book  *sheet.Book
	lang  string
	made  string
	named bool // its rows are members, not units
}

func (p *paper) text(key string, args ...any) string {
	return locale.Text(p.lang, key, args...)
}

// table is a sheet whose rows are members or units.
type table struct {
	name  string // of its texts in the catalogue
	units bool   // its rows are units though members could be named
	// columns are those after the subject's; n is the number of the first.
	columns func(n int) []sheet.Column
	// cells are their values; nil for those that calculate themselves.
	cells func(c *Counts, causes []points.Sum) []any
}

func (p *paper) add(t table) error {
	named := p.named && !t.units
	subject := []sheet.Column{{Title: p.text("report.column.unit"), Width: 24}, {Title: p.text("report.column.members"), Kind: sheet.Number, Width: 8, Sum: true}}
	if named {
		subject = []sheet.Column{{Title: p.text("report.column.staff"), Width: 11}, {Title: p.text("report.column.name"), Width: 14}}
		if len(p.Units) > 1 {
			subject = append(subject, sheet.Column{Title: p.text("report.column.unit"), Width: 22})
		}
	}
	frozen := 1
	if named {
		frozen = 2
	}
	return p.book.Add(sheet.Table{
		Name: p.text("report.sheet." + t.name), Title: p.title(t.name), Note: p.note(t.name), Frozen: frozen, Total: p.text("report.total"),
		Columns: append(subject, t.columns(len(subject)+1)...),
	}, func(yield func([]any) bool) {
		if named {
			p.members(t, len(subject), yield)
			return
		}
		for i := range p.Units {
			u := &p.Units[i]
			if !yield(append([]any{u.Name, u.Members}, t.cells(&u.Counts, nil)...)) {
				return
			}
		}
	})
}

func (p *paper) members(t table, subject int, yield func([]any) bool) {
	for i := range p.Members {
		m := &p.Members[i]
		name := m.Name
		if m.Gone {
			name += p.text("report.gone")
		}
		row := []any{m.Staff, name, p.Units[m.Row].Name}[:subject]
		if !yield(append(row, t.cells(&m.Counts, m.Causes)...)) {
			return
		}
	}
}

func (p *paper) title(name string) string {
	return p.text("report.title", "Unit", p.Unit.Name, "Period", p.Period.Name(p.lang), "Sheet", p.text("report.sheet."+name))
}

func (p *paper) note(name string) string {
	note := p.text("report.made", "Day", p.made)
	if !p.named && name == "summary" {
		note += p.text("report.unnamed", "Most", mostNamed)
	}
	return note + p.text("report.note."+name)
}

func (p *paper) number(key string) sheet.Column {
	return sheet.Column{Title: p.text(key), Kind: sheet.Number, Width: 8, Sum: true}
}

// narrow is the width of a column of numbers.
const narrow = 9

func (p *paper) summary() error {
	return p.add(table{name: "summary", units: len(p.Units) > 1,
		columns: func(n int) []sheet.Column {
			return []sheet.Column{
				p.number("report.column.due"), p.number("report.column.here"), p.number("report.column.leave"), sheet.Share(p.text("report.column.attendance"), narrow, n+1, n, n+2),
				p.number("report.column.lessons"), p.number("report.column.learned"), sheet.Share(p.text("report.column.study"), narrow, n+5, n+4),
				p.number("report.column.rounds"), p.number("report.column.answered"), p.number("report.column.right"),
				sheet.Share(p.text("report.column.taking_part"), narrow, n+8, n+7), sheet.Share(p.text("report.column.accuracy"), narrow, n+9, n+8),
				p.number("report.column.notices"), p.number("report.column.acked"), sheet.Share(p.text("report.column.acking"), narrow, n+13, n+12),
				p.number("report.column.points"),
			}
		},
		cells: func(c *Counts, _ []points.Sum) []any {
			return []any{c.Due, c.Here, c.Leave, nil, c.Lessons, c.Learned, nil, c.Rounds, c.Answered, c.Right, nil, nil,
				c.Notices, c.Acked, nil, int(c.Points)}
		}})
}

func (p *paper) attendance() error {
	return p.add(table{name: "attendance",
		columns: func(n int) []sheet.Column {
			return []sheet.Column{p.number("report.column.due"), p.number("report.column.here"), p.number("report.column.late"), p.number("report.column.leave"),
				sheet.Rest(p.text("report.column.absent"), narrow, n, n+1, n+3), sheet.Share(p.text("report.column.attendance"), narrow, n+1, n, n+3)}
		},
		cells: func(c *Counts, _ []points.Sum) []any { return []any{c.Due, c.Here, c.Late, c.Leave, nil, nil} }})
}

func (p *paper) study() error {
	return p.add(table{name: "study",
		columns: func(n int) []sheet.Column {
			return []sheet.Column{p.number("report.column.lessons"), p.number("report.column.learned"), sheet.Share(p.text("report.column.study"), narrow, n+1, n)}
		},
		cells: func(c *Counts, _ []points.Sum) []any { return []any{c.Lessons, c.Learned, nil} }})
}

func (p *paper) quiz() error {
	return p.add(table{name: "quiz",
		columns: func(n int) []sheet.Column {
			return []sheet.Column{p.number("report.column.rounds"), p.number("report.column.answered"), p.number("report.column.right"),
				sheet.Share(p.text("report.column.taking_part"), narrow, n+1, n), sheet.Share(p.text("report.column.accuracy"), narrow, n+2, n+1)}
		},
		cells: func(c *Counts, _ []points.Sum) []any { return []any{c.Rounds, c.Answered, c.Right, nil, nil} }})
}

func (p *paper) notices() error {
	return p.add(table{name: "notices",
		columns: func(n int) []sheet.Column {
			return []sheet.Column{p.number("report.column.notices"), p.number("report.column.acked"), p.number("report.column.in_time"),
				sheet.Share(p.text("report.column.acking"), narrow, n+1, n), sheet.Share(p.text("report.column.timely"), narrow, n+2, n)}
		},
		cells: func(c *Counts, _ []points.Sum) []any { return []any{c.Notices, c.Acked, c.InTime, nil, nil} }})
}

// points has a column for each cause and their sum, where it names members.
func (p *paper) points() error {
	causes := p.causes()
	t := table{name: "points",
		columns: func(int) []sheet.Column { return []sheet.Column{p.number("report.column.points")} },
		cells:   func(c *Counts, _ []points.Sum) []any { return []any{int(c.Points)} }}
	if !p.named || len(causes) < 2 {
		return p.add(t)
	}
	t.columns = func(n int) (all []sheet.Column) {
		var sum []int
		for i, rule := range causes {
			all = append(all, sheet.Column{Title: points.RuleName(p.lang, rule), Kind: sheet.Number, Width: 11, Sum: true})
			sum = append(sum, n+i)
		}
		return append(all, sheet.Plus(p.text("report.column.points"), narrow, sum...))
	}
	t.cells = func(_ *Counts, own []points.Sum) []any {
		row := make([]any, len(causes)+1)
		for i, rule := range causes {
			row[i] = int(pointsOf(own, rule))
		}
		return row
	}
	return p.add(t)
}

// causes are the rules that gave anybody points.
func (p *paper) causes() (rules []string) {
	for i := range p.Members {
		for _, c := range p.Members[i].Causes {
			if !slices.Contains(rules, c.Rule) {
				rules = append(rules, c.Rule)
			}
		}
	}
	slices.Sort(rules)
	return rules
}

func pointsOf(causes []points.Sum, rule string) (points int64) {
	for _, c := range causes {
		if c.Rule == rule {
			points += c.Points
		}
	}
	return points
}

// items lists what was held, by day.
func (p *paper) items() error {
	return p.book.Add(sheet.Table{
		Name: p.text("report.sheet.items"), Title: p.title("items"), Note: p.note("items"), Frozen: 1, Total: "",
		Columns: []sheet.Column{
			{Title: p.text("report.column.day"), Kind: sheet.Day, Width: 12}, {Title: p.text("report.column.kind"), Width: 10},
			{Title: p.text("report.column.title"), Kind: sheet.Wrapped, Width: 52},
			p.number("report.column.asked"), p.number("report.column.did"), sheet.Share(p.text("report.column.share"), narrow, 5, 4),
		},
	}, func(yield func([]any) bool) {
		for i := range p.Items {
			item := &p.Items[i]
			asked, did := item.taken()
			title := strings.Join(strings.Fields(item.Title), " ")
			if !yield([]any{sheet.Date(item.Day), p.text("report.kind." + item.Kind.String()), title, asked, did, nil}) {
				return
			}
		}
	})
}

// taken is how many an item was for and how many of them took part. Leave is
// not asked for.
func (i *Item) taken() (asked, did int) {
	switch i.Kind {
	case Lessons:
		return i.Lessons, i.Learned
	case Rounds:
		return i.Rounds, i.Answered
	case Checkins:
		return i.Due - i.Leave, i.Here
	}
	return i.Notices, i.Acked
}

// String is the word of the catalogue for a kind.
func (k Kind) String() string { return [...]string{"lesson", "quiz", "checkin", "notice"}[k] }

// CSV writes the figures of the members, or of the units where they are too
// many, as one table.
func (f *Figures) CSV(lang string) ([]byte, error) {
	subject := []string{"report.column.staff", "report.column.name", "report.column.unit"}
	named := len(f.Members) <= mostNamed
	if !named {
		subject = []string{"report.column.unit", "report.column.members"}
	}
	var header []string
	for _, key := range append(subject, "report.column.due", "report.column.here", "report.column.late", "report.column.leave",
		"report.column.absent", "report.column.lessons", "report.column.learned", "report.column.rounds", "report.column.answered",
		"report.column.right", "report.column.notices", "report.column.acked", "report.column.in_time", "report.column.points") {
		header = append(header, locale.Text(lang, key))
	}
	var rows [][]string
	row := func(c *Counts, subject ...string) {
		for _, n := range []int{c.Due, c.Here, c.Late, c.Leave, c.Absent(), c.Lessons, c.Learned, c.Rounds, c.Answered, c.Right,
			c.Notices, c.Acked, c.InTime, int(c.Points)} {
			subject = append(subject, strconv.Itoa(n))
		}
		rows = append(rows, subject)
	}
	if !named {
		for i := range f.Units {
			row(&f.Units[i].Counts, f.Units[i].Name, strconv.Itoa(f.Units[i].Members))
		}
		return sheet.WriteCSV(header, rows)
	}
	for i := range f.Members {
		m := &f.Members[i]
		row(&m.Counts, m.Staff, m.Name, f.Units[m.Row].Name)
	}
	return sheet.WriteCSV(header, rows)
}
