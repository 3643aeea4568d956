package shift

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/content/sheet"
	"branchbot/store"
)

// A file of shifts is shown before it is taken in; see Plan.

// Parse implements engine.Filer.
func (f *Feature) Parse(file chat.File) any {
	book, err := sheet.ReadBook(file.Name, file.Data)
	if err != nil {
		return nil // whoever takes tables of all kinds says what is wrong
	}
	return &book
}

// File implements engine.Filer: a table of shifts is shown first, and taken in
// when its sender confirms it.
func (f *Feature) File(t *engine.Turn, _ chat.File, parsed any) (bool, error) {
	book := parsed.(*sheet.Workbook)
	if !slices.ContainsFunc(book.Sheets, IsTable) {
		return false, nil
	}
	p, err := NewPlan(t.Tx, t.Unit.ID, book.Sheets, t.Now.In(t.Unit.Zone), f.Letters())
	if err != nil {
		return true, err
	}
	if len(p.found) == 0 {
		return true, t.Reply(chat.Text(p.tell(t)))
	}
	people, err := roster.Roster(t.Tx, t.Unit.ID)
	if err != nil {
		return true, err
	}
	text := f.preview(t, p.found, people)
	if len(p.Bad)+len(p.Notes) > 0 {
		text += "\n" + p.tell(t)
	}
	return true, f.show(t, t.Unit.ID, p.found, text)
}

// show shows what would be taken in for a unit, and keeps it for its sender's
// confirmation.
func (f *Feature) show(t *engine.Turn, unit string, found []rotation, text string) error {
	blob, err := json.Marshal(found)
	if err != nil {
		return err
	}
	id, err := keepImport(t.Tx, unit, t.Member.ID, string(blob))
	if err != nil {
		return err
	}
	msg := chat.Text(text)
	msg.Buttons = [][]chat.Button{{
		{Label: t.T("shift.import_confirm"), Data: fmt.Sprintf("shift:import:%d", id)},
		{Label: t.T("shift.import_cancel"), Data: fmt.Sprintf("shift:cancel:%d", id)},
	}}
	return t.Reply(msg)
}

// told is how many faults, or members, one message names.
const told = 10

// tell tells what of a file is left out, and why.
func (p *Plan) tell(t *engine.Turn) string {
	if len(p.Bad)+len(p.Notes) == 0 {
		return t.T("shift.import_empty")
	}
	var lines []string
	if len(p.Bad) > 0 {
		lines = append(lines, t.T("shift.import_faults", "Count", len(p.Bad), "Good", p.count()))
	}
	for i, x := range slices.Concat(p.Bad, p.Notes) {
		if i == told {
			lines = append(lines, "…")
			break
		}
		lines = append(lines, x.Where(t.Lang)+x.Text(t.Lang))
	}
	if len(p.found) == 0 {
		lines = append(lines, t.T("shift.import_fix"))
	}
	return strings.Join(lines, "\n")
}

// preview tells who gets which shifts in the first days.
func (f *Feature) preview(t *engine.Turn, found []rotation, people []engine.Member) string {
	names := map[int64]string{}
	for _, m := range people {
		names[m.ID] = m.Name
	}
	lines := []string{t.T("shift.import_preview", "Count", len(found))}
	for i, r := range found {
		if i == told {
			lines = append(lines, "…")
			break
		}
		key := "shift.preview_line"
		if r.EndsOn != "" {
			key = "shift.preview_month"
		}
		lines = append(lines, t.T(key, "Name", names[r.Member], "Pattern", r.Pattern, "From", r.StartsOn, "To", r.EndsOn))
	}
	return strings.Join(lines, "\n")
}

// Press implements engine.Presser: the confirmation of an import.
func (f *Feature) Press(t *engine.Turn, data string) error {
	verb, number, _ := strings.Cut(data, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return engine.Complain("engine.old_button")
	}
	unit, blob, err := takeImport(t.Tx, id, t.Member.ID)
	if errors.Is(err, store.ErrNoRows) {
		return engine.Complain("engine.old_button")
	}
	if err != nil {
		return err
	}
	if verb != "import" {
		return t.Say("shift.import_cancelled")
	}
	role, err := t.Directory().Role(t.Tx, t.Member, unit)
	if err != nil {
		return err
	}
	if role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	var found []rotation
	if err := json.Unmarshal([]byte(blob), &found); err != nil {
		return fmt.Errorf("import of shifts %d: %w", id, err)
	}
	people, err := roster.Roster(t.Tx, unit)
	if err != nil {
		return err
	}
	here := map[int64]bool{}
	for _, m := range people {
		here[m.ID] = true
	}
	stay := slices.DeleteFunc(slices.Clone(found), func(r rotation) bool { return !here[r.Member] })
	switch {
	case len(stay) == 0:
		return engine.Complain("shift.import_gone")
	case len(stay) < len(found): // somebody has left since: what is left is shown again
		return f.show(t, unit, stay, t.T("shift.import_changed", "Count", len(found)-len(stay))+"\n"+f.preview(t, stay, people))
	}
	for _, r := range found {
		if err := r.save(t.Tx, t.Member.ID); err != nil {
			return fmt.Errorf("shifts of member %d: %w", r.Member, err)
		}
	}
	return t.Say("shift.imported", "Count", len(found))
}
