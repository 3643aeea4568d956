package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/store"
)

// Feature is the commands of this package, and the files that they send.
type Feature struct {
	*Source
	Directory engine.Directory
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "report" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"导出", "export"}, Role: engine.Secretary, Group: engine.People, Usage: "report.usage.export", Example: "report.example.export", Run: f.export},
		{Names: []string{"手册", "handbook", "电子手册"}, Role: engine.OnRoster, Word: true, Group: engine.Mine, Usage: "report.usage.handbook", Run: f.own},
	}
}

// export is /导出 WHAT [PERIOD] [csv], /导出 手册 NAME [YEAR]: a file, in private.
func (f *Feature) export(t *engine.Turn, line command.Line) error {
	words := line.Fields()
	ending := "xlsx"
	if n := len(words) - 1; n >= 0 && command.Fold(words[n]) == "csv" {
		ending, words = "csv", words[:n]
	}
	if len(words) == 0 {
		return engine.Complain("report.export_how")
	}
	what, rest := command.Fold(words[0]), words[1:]
	switch what {
	case "手册", "电子手册", "handbook":
		return f.exportHandbook(t, rest)
	case "月报", "month":
		return f.exportFigures(t, month, "report.monthly_how", rest, ending)
	case "年报", "year":
		return f.exportFigures(t, year, "report.yearly_how", rest, ending)
	}
	if len(rest) > 0 {
		return engine.Complain("report.export_how")
	}
	switch what {
	case "名单", "roster":
		return send(t, "roster:"+t.Unit.ID+"."+ending, t.T("member.sheet"), t.Unit.Name+t.T("member.sheet")+"."+ending)
	case "积分", "points":
		return send(t, "ledger:"+t.Unit.ID+"."+ending, t.T("ledger.sheet"), t.Unit.Name+t.T("ledger.sheet")+"."+ending)
	}
	return engine.Complain("report.export_how")
}

// send sends a file in private. A unit's name may hold what a file's must not.
func send(t *engine.Turn, ref, what, name string) error {
	name = strings.NewReplacer("/", "_", `\`, "_", ":", "_", "*", "_", "?", "_", `"`, "_", "<", "_", ">", "_", "|", "_").Replace(name)
	m := chat.Text(t.T("report.here", "What", what))
	m.Media = []chat.Media{{Ref: ref, Name: name, Alt: name}}
	return t.TellSender(m)
}

// exportFigures sends the workbook of a period.
func (f *Feature) exportFigures(t *engine.Turn, read func(string, time.Time) (Period, bool), how string, words []string, ending string) error {
	now := t.Now.In(t.Unit.Zone)
	p, ok := read(strings.Join(words, ""), now)
	if !ok {
		return engine.Complain(how)
	}
	if err := f.Reportable(t, p); err != nil {
		return err
	}
	title := f.Title(t, p)
	what := title
	if p.To > now.Format(time.DateOnly) {
		what += t.T("report.so_far")
	}
	return send(t, fmt.Sprintf("report:%s/%s.%s", p.Key(), t.Unit.ID, ending), what, title+"."+ending)
}

// Reportable complains when there is nothing to report of t.Unit in a period.
func (f *Feature) Reportable(t *engine.Turn, p Period) error {
	if p.From > t.Now.In(t.Unit.Zone).Format(time.DateOnly) {
		return engine.Complain("report.future", "Period", p.Name(t.Lang))
	}
	some, err := anything(t.Tx, t.Unit.ID, p)
	if err == nil && !some {
		err = engine.Complain("report.nothing", "Unit", t.Unit.Name, "Period", p.Name(t.Lang))
	}
	return err
}

// Title is what the workbook of t.Unit for a month or year is called.
func (f *Feature) Title(t *engine.Turn, p Period) string {
	kind := "report.monthly"
	if len(p.Key()) == len("2026") {
		kind = "report.yearly"
	}
	return t.T("report.title", "Unit", t.Unit.Name, "Period", p.Name(t.Lang), "Sheet", t.T(kind))
}

// own is /手册 [YEAR]: the sender's own handbook.
func (f *Feature) own(t *engine.Turn, line command.Line) error {
	staff, err := roster.ByStaff(t.Tx, command.Fold(line.Args)) // 0012 is a staff number before it is a year
	if err != nil {
		return err
	}
	if staff != nil && staff.ID != t.Member.ID {
		return engine.Complain("report.handbook_how")
	}
	return f.sendHandbook(t, t.Member, line.Args)
}

func (f *Feature) exportHandbook(t *engine.Turn, words []string) error {
	m, of := t.Member, strings.Join(words, "")
	if len(words) > 0 {
		staff, err := roster.ByStaff(t.Tx, words[0]) // 0004 is a staff number before it is a year
		if err != nil {
			return err
		}
		if _, isYear := year(words[0], t.Now); !isYear || staff != nil {
			if m, err = roster.Find(t.Tx, t.Unit.ID, words[0]); err != nil {
				return err
			}
			of = strings.Join(words[1:], "")
		}
	}
	return f.sendHandbook(t, m, of)
}

func (f *Feature) sendHandbook(t *engine.Turn, m *engine.Member, of string) error {
	now := t.Now.In(t.Unit.Zone)
	p, ok := year(of, now)
	if !ok {
		return engine.Complain("report.handbook_how")
	}
	if p.From > now.Format(time.DateOnly) {
		return engine.Complain("report.future", "Period", p.Name(t.Lang))
	}
	title := t.T("report.handbook_of", "Name", m.Name, "Period", p.Name(t.Lang))
	return send(t, fmt.Sprintf("handbook:%s/%d.pdf", p.Key(), m.ID), title, title+".pdf")
}

var (
	monthText = regexp.MustCompile(`^(?:(\d{4})[-/.年]?)?(\d{1,2})月?份?$`)
	yearText  = regexp.MustCompile(`^([12]\d{3})年?度?$`)
)

// month reads 2026-11, 2026年11月, 202611, 11月, 上月, 本月; "" is this month. A
// month without a year is the last one of that name.
func month(text string, now time.Time) (Period, bool) {
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	switch text = command.Fold(text); text {
	case "", "本月", "这个月", "当月":
		return Month(first.Year(), first.Month()), true
	case "上月", "上个月", "last":
		first = first.AddDate(0, -1, 0)
		return Month(first.Year(), first.Month()), true
	}
	m := monthText.FindStringSubmatch(text)
	if m == nil {
		return Period{}, false
	}
	y, _ := strconv.Atoi(m[1])
	n, _ := strconv.Atoi(m[2])
	if n < 1 || n > 12 || y == 0 && m[1] != "" {
		return Period{}, false
	}
	if m[1] == "" {
		if y = now.Year(); time.Month(n) > now.Month() {
			y--
		}
	}
	return Month(y, time.Month(n)), true
}

// year reads 2026, 2026年, 去年, 今年; "" is this year.
func year(text string, now time.Time) (Period, bool) {
	switch text = command.Fold(text); text {
	case "", "今年", "本年":
		return Year(now.Year()), true
	case "去年", "上年", "last":
		return Year(now.Year() - 1), true
	}
	m := yearText.FindStringSubmatch(text)
	if m == nil {
		return Period{}, false
	}
	y, _ := strconv.Atoi(m[1])
	return Year(y), true
}

// file makes the file of a reference: report:PERIOD/UNIT.xlsx (or .csv),
// handbook:YEAR/MEMBER.pdf.
func (f *Feature) file(tx *store.Tx, what, name string) ([]byte, error) {
	period, rest, ok1 := strings.Cut(name, "/")
	of, ending, ok2 := strings.Cut(rest, ".")
	p, ok3 := ReadKey(period)
	if !ok1 || !ok2 || !ok3 {
		return nil, fmt.Errorf("%s %q: it names no period and no file", what, name)
	}
	if what == "handbook" {
		id, err := strconv.ParseInt(of, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("handbook %q: %w", name, err)
		}
		return f.handbookPDF(tx, id, p)
	}
	u, err := f.Directory.Unit(tx, of)
	if err != nil {
		return nil, fmt.Errorf("report of %s: %w", of, err)
	}
	figures, err := f.Figures(tx, of, p)
	if err != nil {
		return nil, err
	}
	if ending == "csv" {
		return figures.CSV(u.Language)
	}
	var b bytes.Buffer
	err = figures.Workbook(&b, u.Language, tx.Now)
	return b.Bytes(), err
}
