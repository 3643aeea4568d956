package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/feature/shift"
	"branchbot/bot/feature/signup"
	"branchbot/bot/imports"
	"branchbot/bot/roster"
	"branchbot/bot/schedule"
	"branchbot/content/charset"
	"branchbot/content/sheet"
	"branchbot/store"
)

// Rosters, shifts, holidays and sign-up lists that a command takes in.

// unknown tells what a table lacks for each kind that it could be.
func (im *importer) unknown(name string) (*importedFile, error) {
	return &importedFile{Bad: []imports.Left{{Where: name, Why: im.text("import.unknown")}}}, nil
}

// zone is that of the unit.
func (im *importer) zone() *time.Location {
	for _, u := range im.settings.Units {
		if u.ID == im.unit {
			if zone, err := time.LoadLocation(u.Timezone); err == nil {
				return zone
			}
		}
	}
	return time.Local
}

// personRow is a person of a roster in JSON.
type personRow struct {
	Name   string         `json:"name"`
	Staff  string         `json:"staff"`
	Status string         `json:"status"`
	Unit   string         `json:"unit"`
	Joined string         `json:"joined,omitempty"`
	Phone  string         `json:"phone,omitempty"`
	Office string         `json:"office,omitempty"`
	Change string         `json:"change"`
	Before map[string]any `json:"before,omitempty"`
	Where  string         `json:"where"`
}

func (im *importer) people(name string, data []byte) (*importedFile, error) {
	out := &importedFile{Kind: "roster"}
	table, err := roster.ReadTable(name, data)
	if err != nil {
		out.Bad = append(out.Bad, imports.Left{Where: name, Why: im.fileFault(err)})
		return out, nil
	}
	answers, err := table.ColumnAnswers(im.flags.columns)
	if err != nil {
		return nil, fmt.Errorf("--column %w", err)
	}
	var plan *roster.Plan
	err = im.db.Read(func(tx *store.Tx) (err error) {
		plan, err = roster.NewPlan(tx, im.unit, &table, answers)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, q := range plan.Questions() {
		out.Bad = append(out.Bad, imports.Left{Where: q.Head, Why: q.Ask(im.settings.Language)})
	}
	if len(plan.Questions()) == 0 {
		for _, e := range plan.Entries {
			out.Good = append(out.Good, rosterRow(im, e))
		}
		for _, f := range plan.Faults {
			where := im.text("import.line", "Line", f.Row)
			out.Bad = append(out.Bad, imports.Left{Where: where, Why: strings.TrimPrefix(f.Text(im.settings.Language), where)})
		}
	}
	out.Notes = plan.NoteLines(im.settings.Language)
	text, _ := plan.Text(im.settings.Language, 0)
	out.lines = strings.Split(text, "\n")
	if len(plan.Questions()) == 0 && len(plan.Asked()) > 0 {
		out.Notes = append(out.Notes, im.text("import.apart", "Kinds", strings.Join(plan.Asked(), ",")))
	}
	out.take = func() (done string, err error) {
		err = im.db.Write(func(tx *store.Tx) error {
			fresh, err := roster.NewPlan(tx, im.unit, &table, answers)
			if err != nil {
				return err
			}
			taken, err := roster.NewDirectory().Take(tx, fresh, im.flags.allow, "command")
			done = im.text("import.roster", "Added", taken.Added, "Changed", taken.Changed, "Same", taken.Same)
			if taken.Left > 0 {
				done += "\n" + im.text("import.roster_left", "N", taken.Left)
			}
			return im.complaint(err)
		})
		return done, err
	}
	return out, nil
}

// complaint puts what a feature complains of into the language of the installation.
func (im *importer) complaint(err error) error {
	var c *engine.Complaint
	if errors.As(err, &c) {
		return errors.New(im.text(c.Key, c.Args...))
	}
	return err
}

func rosterRow(im *importer, e roster.Entry) personRow {
	p := personRow{Name: e.Person.Name, Staff: e.Person.Staff, Status: e.Person.Status, Unit: e.Person.Unit, Joined: e.Person.JoinedOn, Phone: e.Person.Phone,
		Change: e.Is, Where: im.text("import.line", "Line", e.Row)}
	if len(e.Person.Roles) > 0 {
		p.Office = e.Person.Roles[0]
	}
	if e.Is != "changed" {
		return p
	}
	p.Before = map[string]any{}
	for key, v := range map[string][2]string{"name": {e.Was.Name, p.Name}, "status": {e.Was.Status, p.Status}, "unit": {e.Was.Unit, p.Unit},
		"joined": {e.Was.JoinedOn, p.Joined}, "phone": {e.Was.Phone, p.Phone}} {
		if v[0] != v[1] {
			p.Before[key] = v[0]
		}
	}
	return p
}

// shiftRow is somebody's shift on a day in JSON.
type shiftRow struct {
	Name  string `json:"name"`
	Staff string `json:"staff"`
	Day   string `json:"day"`
	Shift string `json:"shift"`
}

func (im *importer) shifts(name string, data []byte) (*importedFile, error) {
	out := &importedFile{Kind: "shifts"}
	book, err := sheet.ReadBook(name, data)
	if err != nil {
		out.Bad = append(out.Bad, imports.Left{Where: name, Why: im.fileFault(err)})
		return out, nil
	}
	letters, _ := shift.Read(im.settings.Shifts) // whose faults ReadSettings has refused
	var plan *shift.Plan
	err = im.db.Read(func(tx *store.Tx) (err error) {
		plan, err = shift.NewPlan(tx, im.unit, book.Sheets, im.now.In(im.zone()), letters)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, d := range plan.Days {
		out.Good = append(out.Good, shiftRow(d))
		out.lines = append(out.lines, strings.Join([]string{d.Name, d.Day, d.Shift}, " "))
	}
	lang := im.settings.Language
	for _, f := range plan.Bad {
		out.Bad = append(out.Bad, imports.Left{Where: f.Where(lang), Why: f.Text(lang), Text: f.Value})
	}
	for _, f := range plan.Notes {
		out.Notes = append(out.Notes, f.Where(lang)+f.Text(lang))
	}
	out.take = func() (string, error) {
		return im.text("import.taken"), im.db.Write(func(tx *store.Tx) error { return plan.Take(tx, 0) })
	}
	return out, nil
}

// holidayRow is a day in JSON.
type holidayRow struct {
	Day  string `json:"day"`
	Off  bool   `json:"off"`
	Name string `json:"name"`
}

func (im *importer) holidays(name string, data []byte) (*importedFile, error) {
	out := &importedFile{Kind: "holidays"}
	years, err := schedule.ReadCalendar(name, data)
	if err != nil {
		out.Bad = append(out.Bad, imports.Left{Where: name, Why: im.calendarFault(err)})
		return out, nil
	}
	for _, y := range years {
		for _, d := range y.Days {
			out.Good = append(out.Good, holidayRow{d.Date, d.Off, d.Name})
		}
		out.lines = append(out.lines, im.text("import.holidays", "Year", y.Year.Year, "Off", y.Off(), "Worked", len(y.Days)-y.Off()))
	}
	out.take = func() (string, error) {
		return im.text("import.taken"), im.db.Write(func(tx *store.Tx) error {
			for _, y := range years {
				if err := schedule.Install(tx, y); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return out, nil
}

// signupRow is an entry of a list in JSON.
type signupRow struct {
	Name      string `json:"name"`
	Count     int    `json:"count"`
	TakesPart bool   `json:"takes_part"`
}

func (im *importer) signup(name string, data []byte) (*importedFile, error) {
	out := &importedFile{Kind: "signup"}
	people, err := im.members()
	if err != nil {
		return nil, err
	}
	text, err := charset.Decode(data)
	if err != nil {
		out.Bad = append(out.Bad, imports.Left{Where: name, Why: im.text("import.file.coding")})
		return out, nil
	}
	list, ok := signup.ReadList(text, people)
	if !ok {
		out.Bad = append(out.Bad, imports.Left{Where: name, Why: im.text("import.no_list")})
		return out, nil
	}
	for _, it := range list.Items {
		out.Good = append(out.Good, signupRow{it.Name, max(1, it.People), it.People > 0})
		out.lines = append(out.lines, fmt.Sprintf("%s %d", it.Name, it.People))
	}
	for _, text := range list.Unread {
		out.Bad = append(out.Bad, imports.Left{Where: text, Why: im.text("import.no_entry"), Text: text})
	}
	out.Notes = append(out.Notes, im.text("import.signup_in_chat"))
	return out, nil
}

// print prints what a file holds.
func (im *importer) print(file string, got *importedFile) error {
	out := im.program.Out
	if im.flags.json {
		for _, list := range []*[]imports.Left{&got.Skipped, &got.Bad} {
			if *list == nil {
				*list = []imports.Left{}
			}
		}
		if got.Good == nil {
			got.Good = []any{}
		}
		if got.Notes == nil {
			got.Notes = []string{}
		}
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		return e.Encode(got)
	}
	fmt.Fprintf(out, "%s\n", file)
	for _, line := range got.lines {
		fmt.Fprintf(out, "  %s\n", line)
	}
	for _, part := range []struct {
		key  string
		list []imports.Left
	}{{"import.skipped", got.Skipped}, {"import.bad", got.Bad}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintf(out, "%s\n", im.text(part.key, "N", len(part.list)))
		for _, l := range part.list {
			fmt.Fprintf(out, "  %s：%s\n", l.Where, l.Why)
		}
	}
	for _, n := range got.Notes {
		if !slices.Contains(got.lines, n) {
			fmt.Fprintf(out, "  %s\n", n)
		}
	}
	return nil
}

func (im *importer) calendarFault(err error) string {
	var f *schedule.CalendarError
	if errors.As(err, &f) {
		return im.text("schedule.calendar."+f.Key, "Year", f.Year, "Line", f.Line, "Value", f.Value)
	}
	return err.Error()
}
