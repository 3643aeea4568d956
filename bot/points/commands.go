package points

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/bot/roster"
	"branchbot/content/sheet"
	"branchbot/store"
)

// Feature is the commands of this package.
type Feature struct {
	*Book
	Board func() bool // conduct: public_board
	// Breaks are the chains that do not hold their published heads.
	Breaks func() []Break
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "ledger" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"积分", "points", "我的积分"}, Role: engine.OnRoster, Word: true, Bare: true, Group: engine.Daily, Usage: "ledger.usage.points", Run: f.points},
		{Names: []string{"排行", "rank", "排行榜"}, Role: engine.OnRoster, Word: true, Group: engine.Mine, Usage: "ledger.usage.rank", Run: f.rank},
		{Names: []string{"加分", "award"}, Role: engine.Secretary, Group: engine.People, Usage: "ledger.usage.award", Example: "ledger.example.award", Run: f.award},
		{Names: []string{"撤销", "revoke"}, Role: engine.Secretary, Group: engine.People, Usage: "ledger.usage.revoke", Run: f.revoke},
	}
}

// Status implements engine.Reporter: the head of the unit's chain, for those who
// want to keep it, and what is lost.
func (f *Feature) Status(t *engine.Turn) ([]string, error) {
	var lines []string
	head, err := end(t.Tx, t.Unit.ID)
	if err != nil {
		return nil, err
	}
	if head.Seq > 0 {
		lines = append(lines, t.T("ledger.head", "Head", t.Unit.ID+":"+head.String()))
	}
	for _, b := range f.Breaks() {
		switch {
		case b.Missing != "":
			lines = append(lines, t.T("ledger.heads_missing"))
		case b.Epoch > 0:
			lines = append(lines, t.T("ledger.heads_forged"))
		case b.Unit != t.Unit.ID:
		case b.Has < b.Published.Seq:
			lines = append(lines, t.T("ledger.lost", "After", b.Has, "Until", b.Published.Seq))
		default:
			lines = append(lines, t.T("ledger.replaced", "Entry", b.Published.Seq))
		}
	}
	return lines, nil
}

// points shows the sender his own balance and newest entries, in private.
func (f *Feature) points(t *engine.Turn, _ command.Line) error {
	lines, err := statement(t, t.Member, 10)
	if err != nil {
		return err
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

func statement(t *engine.Turn, m *engine.Member, n int) ([]string, error) {
	balance, err := Balance(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	lines := []string{t.T("ledger.balance", "Name", m.Name, "N", balance)}
	line, err := t.Directory().Line(t.Tx, m.Unit)
	if err != nil {
		return nil, err
	}
	entries, err := Last(t.Tx, line, m.ID, n)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		lines = append(lines, describe(t, e))
	}
	return lines, nil
}

// describe tells an entry in a line: its number, day, points and why.
func describe(t *engine.Turn, e Entry) string {
	why := e.Note
	if why == "" {
		why = RuleName(t.Lang, e.Rule)
	}
	return fmt.Sprintf("#%d %s %+d %s", e.Seq, e.Day[5:], e.Points, why)
}

// rank shows the totals of the unit to all, and by name only those who opted
// in: /排行, /排行 加入, /排行 退出.
func (f *Feature) rank(t *engine.Turn, line command.Line) error {
	switch command.Fold(line.Args) {
	case "加入", "join", "in":
		return f.board(t, 1, "ledger.board_in")
	case "退出", "leave", "out":
		return f.board(t, 0, "ledger.board_out")
	}
	if line.Args != "" {
		return engine.Complain("engine.no_argument", "Rest", chat.CleanName(line.Args))
	}
	people, err := roster.Roster(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	if !f.Board() {
		return f.total(t, people)
	}
	board, err := Places(t.Tx, t.Unit.ID, len(people))
	if err != nil {
		return err
	}
	total, err := sum(t.Tx, people)
	if err != nil {
		return err
	}
	lines := []string{t.T("ledger.board_total", "Unit", t.Unit.Name, "N", total, "Members", len(people))}
	for i, p := range board {
		lines = append(lines, fmt.Sprintf("%d. %s %d", i+1, p.Name, p.Points))
	}
	lines = append(lines, t.T("ledger.board_note"))
	return t.Reply(chat.Text(strings.Join(lines, "\n")))
}

// total is all that /排行 shows where there is no board.
func (f *Feature) total(t *engine.Turn, people []engine.Member) error {
	total, err := sum(t.Tx, people)
	if err != nil {
		return err
	}
	return t.Say("ledger.board_total", "Unit", t.Unit.Name, "N", total, "Members", len(people))
}

func sum(tx *store.Tx, people []engine.Member) (total int64, err error) {
	for _, m := range people {
		points, err := Balance(tx, m.ID)
		if err != nil {
			return 0, err
		}
		total += points
	}
	return total, nil
}

func (f *Feature) board(t *engine.Turn, on int, key string) error {
	t.Directory().Changed(t.Tx)
	if _, err := t.Tx.Exec(`UPDATE member SET board = $1 WHERE id = $2`, on, t.Member.ID); err != nil {
		return err
	}
	return t.TellSender(chat.Text(t.T(key)))
}

// maxAward bounds what can be given by hand at once, against slips of the finger.
const maxAward = 100

// award gives points by hand: /加分 NAME POINTS REASON, or NAME、NAME ….
func (f *Feature) award(t *engine.Turn, line command.Line) error {
	words, typed := line.Fields(), line.Words()
	at := slices.IndexFunc(words, isPoints)
	if at < 1 || at+1 >= len(words) {
		return engine.Complain("ledger.award_how")
	}
	points, err := strconv.ParseInt(strings.TrimPrefix(words[at], "+"), 10, 32)
	if err != nil || points < 1 || points > maxAward {
		return engine.Complain("ledger.award_range", "Max", maxAward)
	}
	all, err := roster.FindAll(t.Tx, t.Unit.ID, strings.Join(words[:at], " "))
	if err != nil {
		return err
	}
	namesakes, err := roster.Namesakes(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	reason := note(typed[at+1:])
	var lines []string
	for _, m := range all {
		e := Entry{Unit: t.Unit.ID, Member: m.ID, Points: points, Rule: "award", Day: t.Day(), Actor: t.Member.ID,
			Key: fmt.Sprintf("award:%s:%s:%d", t.Event.Account, t.Event.Key, m.ID), Cause: "command", Note: reason}
		if _, err := Append(t.Tx, &e); err != nil {
			return err
		}
		lines = append(lines, t.T("ledger.awarded", "Name", namesakes.Called(m), "Points", points, "Seq", e.Seq, "Reason", e.Note))
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

// isPoints tells a number of points from a staff number such as 0004.
func isPoints(word string) bool { return pointsText.MatchString(word) }

var pointsText = regexp.MustCompile(`^(?:[+-]?[1-9]\d{0,3}|[+-]?0)$`)

func note(words []string) string {
	text := []rune(chat.Clean(strings.Join(words, " ")))
	return string(text[:min(len(text), 100)])
}

// revoke undoes an entry by a counter-entry: /撤销 ENTRY REASON.
func (f *Feature) revoke(t *engine.Turn, line command.Line) error {
	words := line.Fields()
	if len(words) < 2 {
		return engine.Complain("ledger.revoke_how")
	}
	seq, err := strconv.ParseInt(strings.TrimPrefix(words[0], "#"), 10, 64)
	if err != nil {
		return engine.Complain("ledger.revoke_how")
	}
	if err := settled(t.Tx); err != nil {
		return err
	}
	old, err := scanEntry(t.Tx.QueryRow(selectEntry+`WHERE unit = $1 AND seq = $2`, t.Unit.ID, seq))
	switch {
	case errors.Is(err, store.ErrNoRows):
		return engine.Complain("ledger.revoke_unknown", "Seq", seq)
	case err != nil:
		return err
	case old.Reverses != 0:
		return engine.Complain("ledger.revoke_reversal", "Seq", seq)
	case t.Now.Sub(time.UnixMilli(old.At)) > month:
		return engine.Complain("ledger.revoke_old", "Seq", seq)
	}
	e := old.counter(t.Member.ID, note(line.Words()[1:]))
	added, err := Append(t.Tx, &e)
	if err != nil {
		return err
	}
	if !added {
		return engine.Complain("ledger.revoke_twice", "Seq", seq)
	}
	return t.TellSender(chat.Text(t.T("ledger.revoked", "Seq", seq, "By", e.Seq)))
}

// Export writes a unit's entries, oldest first, as .csv or .xlsx by the ending
// of name.
func Export(tx *store.Tx, unit, name, lang string) ([]byte, error) {
	var header []string
	for _, column := range []string{"seq", "day", "staff", "name", "points", "rule", "note", "reverses"} {
		header = append(header, locale.Text(lang, "ledger.column."+column))
	}
	var rows [][]string
	err := Each(tx, unit, func(e Entry) error {
		m, err := roster.Member(tx, e.Member)
		if err != nil {
			return err
		}
		reverses := ""
		if e.Reverses != 0 {
			reverses = strconv.FormatInt(e.Reverses, 10)
		}
		rows = append(rows, []string{strconv.FormatInt(e.Seq, 10), e.Day, m.Staff, m.Name, strconv.FormatInt(e.Points, 10),
			e.ruleName(lang), e.Note, reverses})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(name, ".csv") {
		return sheet.WriteCSV(header, rows)
	}
	return sheet.WriteXLSX(locale.Text(lang, "ledger.sheet"), header, rows)
}

// Data implements engine.Personal.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	return statement(t, m, 50)
}

// Open implements engine.Personal: points are never due.
func (f *Feature) Open(*engine.Turn, *engine.Member) ([]string, error) { return nil, nil }
