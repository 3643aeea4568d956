package roster

import (
	"fmt"
	"slices"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/locale"
	"branchbot/content/sheet"
)

// How a plan is told: in a chat, by the program's command, as a file, on a page.

// How many of each a message names; the rest is in a file. What is confirmed apart
// is not left to the file as long as it can be read.
const (
	namedApart = 40
	named      = 10
)

// Text tells the plan; at most so many of each group of lines (0: all of them),
// and of what has to be confirmed apart at most namedApart. cut tells whether
// anything is left to the file.
func (p *Plan) Text(lang string, most int) (text string, cut bool) {
	var lines []string
	add := func(key string, most int, items []string) {
		if len(items) == 0 {
			return
		}
		lines = append(lines, locale.Text(lang, "member.preview."+key, "N", len(items)))
		for i, item := range items {
			if i == most && most > 0 {
				lines, cut = append(lines, locale.Text(lang, "member.preview.more", "N", len(items)-most)), true
				break
			}
			lines = append(lines, "  "+item)
		}
	}
	apart := most
	if apart > 0 {
		apart = namedApart
	}
	var faults []string
	for _, f := range p.Faults {
		faults = append(faults, f.Text(lang))
	}
	switch {
	case len(p.Questions()) > 0:
		for _, q := range p.Questions() {
			lines = append(lines, q.Ask(lang))
		}
	case !p.Ready():
		add("faults", most*2, faults)
		lines = append(lines, locale.Text(lang, "member.preview.fix"))
	default:
		lines = append(lines, p.Head(lang))
		for _, kind := range Kinds {
			add(kind, apart, p.told(lang, kind))
		}
		for _, is := range []string{isChanged, isBack, isNew} {
			add(is, most, p.told(lang, is))
		}
		if most == 0 {
			add(isSame, 0, p.told(lang, isSame))
		}
		add("some_faults", most*2, faults)
	}
	for _, notes := range p.noted(lang) {
		for i, line := range notes {
			if i == most && most > 0 {
				lines, cut = append(lines, locale.Text(lang, "member.preview.more_notes", "N", len(notes)-most)), true
				break
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n"), cut
}

// Head counts what the plan does.
func (p *Plan) Head(lang string) string {
	key := "member.preview.head"
	if p.Count(isBack) > 0 {
		key = "member.preview.head_back"
	}
	return locale.Text(lang, key, "N", len(p.Entries), "New", p.Count(isNew), "Back", p.Count(isBack), "Changed", p.Count(isChanged), "Same", p.Count(isSame))
}

// told are the lines of the entries with a kind of change, or that are new,
// changed …; what is told of a kind is not told again.
func (p *Plan) told(lang, which string) (lines []string) {
	for i := range p.Entries {
		e := &p.Entries[i]
		line := ""
		switch {
		case slices.Contains(e.Kinds, which):
			line = e.Person.Staff + " " + p.kindLine(lang, e, which)
		case e.Is != which:
			continue
		case which == isChanged:
			var rest []string
			for _, c := range p.Changes(lang, e) {
				if !p.apart(lang, e, c) {
					rest = append(rest, c.text(lang))
				}
			}
			if len(rest) == 0 {
				continue
			}
			line = e.who() + locale.Text(lang, "member.colon") + strings.Join(rest, locale.Text(lang, "member.semicolon"))
		default:
			line = e.who() + locale.Text(lang, "member.preview.about", "Unit", p.unitName(e.Person.Unit),
				"Status", firstName(lang, "member.status."+e.Person.Status))
		}
		lines = append(lines, line)
	}
	return lines
}

func (e *Entry) who() string { return e.Person.Staff + " " + e.Person.Name }

// apart tells whether a change is one that is told under its kind.
func (p *Plan) apart(lang string, e *Entry, c Change) bool {
	for kind, column := range map[string]string{"renames": "name", "status": "status", "moves": "unit", "offices": "roles"} {
		if slices.Contains(e.Kinds, kind) && c.Column == locale.Text(lang, "member.column."+column) {
			return true
		}
	}
	return false
}

// kindLine tells one kind of change of a person, behind the number.
func (p *Plan) kindLine(lang string, e *Entry, kind string) string {
	line := locale.Text(lang, "member.preview.line."+kind, "Name", e.Person.Name, "Was", e.Was.Name,
		"OldStatus", firstName(lang, "member.status."+e.Was.Status), "Status", firstName(lang, "member.status."+e.Person.Status),
		"OldUnit", p.unitName(e.Was.Unit), "Unit", p.unitName(e.Person.Unit), "Titles", p.titles(lang, e))
	if kind == "moves" && len(e.Was.Roles) > 0 {
		var ends []string
		for _, r := range e.Was.Roles {
			role, unit, _ := strings.Cut(r, "@")
			ends = append(ends, p.unitName(unit)+firstName(lang, "member.role."+role))
		}
		line += locale.Text(lang, "member.preview.ends", "Offices", strings.Join(ends, locale.Text(lang, "engine.list_comma")))
	}
	if kind == "offices" && slices.ContainsFunc(e.Person.Roles, steers) {
		line += locale.Text(lang, "member.preview.rights")
	}
	return line
}

func (c Change) text(lang string) string {
	empty := locale.Text(lang, "member.empty")
	old, new := c.Old, c.New
	if old == "" {
		old = empty
	}
	if new == "" {
		new = empty
	}
	return c.Column + " " + old + " → " + new
}

// noted are the lines of the notes, those of a key together.
func (p *Plan) noted(lang string) (groups [][]string) {
	at := map[string]int{}
	for _, n := range p.Notes {
		i, there := at[n.Key]
		if !there {
			i = len(groups)
			at[n.Key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], n.text(lang))
	}
	return groups
}

func (n Note) text(lang string) string {
	return locale.Text(lang, "member.note."+n.Key, "Row", n.Row, "Value", n.Value, "Other", n.Other)
}

// Ask is the question what a column means.
func (c *Column) Ask(lang string) string {
	head := chat.CleanName(c.Head)
	if head == "" {
		head = c.Letter()
	}
	return locale.Text(lang, "member.column_ask", "Head", head, "Samples", strings.Join(c.Samples, locale.Text(lang, "engine.list_comma")))
}

// File is the whole plan as a workbook, a row a person.
func (p *Plan) File(lang string) ([]byte, error) {
	header := []string{locale.Text(lang, "member.preview.row"), locale.Text(lang, "member.column.staff"), locale.Text(lang, "member.column.name"),
		locale.Text(lang, "member.preview.is"), locale.Text(lang, "member.preview.what")}
	var rows [][]string
	for _, e := range p.Sorted() {
		rows = append(rows, []string{fmt.Sprint(e.Row), e.Person.Staff, e.Person.Name, locale.Text(lang, "member.is."+e.Is), p.What(lang, &e)})
	}
	for _, n := range p.Notes {
		row := ""
		if n.Row > 0 {
			row = fmt.Sprint(n.Row)
		}
		rows = append(rows, []string{row, "", "", locale.Text(lang, "member.preview.noted"), n.text(lang)})
	}
	return sheet.WriteXLSX(locale.Text(lang, "member.preview.sheet"), header, rows)
}

// What tells what an entry changes, on one line.
func (p *Plan) What(lang string, e *Entry) string {
	if e.Is == isNew {
		about := []string{p.unitName(e.Person.Unit), firstName(lang, "member.status."+e.Person.Status)}
		for _, text := range []string{e.Person.JoinedOn, e.Person.Phone, p.titles(lang, e)} {
			if text != "" {
				about = append(about, text)
			}
		}
		return strings.Join(about, locale.Text(lang, "member.semicolon"))
	}
	var all []string
	for _, c := range p.Changes(lang, e) {
		all = append(all, c.text(lang))
	}
	return strings.Join(all, locale.Text(lang, "member.semicolon"))
}

// Sorted are the entries with what is confirmed apart first, then those that
// change, return, are new, stay.
func (p *Plan) Sorted() []Entry {
	rank := func(e Entry) int {
		if len(e.Kinds) > 0 {
			return -1
		}
		return slices.Index([]string{isChanged, isBack, isNew, isSame}, e.Is)
	}
	sorted := slices.Clone(p.Entries)
	slices.SortStableFunc(sorted, func(a, b Entry) int { return rank(a) - rank(b) })
	return sorted
}

// KindLines are the people with a kind of change, in words.
func (p *Plan) KindLines(lang, kind string) []string { return p.told(lang, kind) }

// NoteLines are what is said beside the changes.
func (p *Plan) NoteLines(lang string) []string { return slices.Concat(p.noted(lang)...) }
