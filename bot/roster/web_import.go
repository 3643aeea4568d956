package roster

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/web"
)

// A roster that waits for its confirmation: what each column is, what would change,
// what is confirmed apart.

// rosterFile is what the page of a roster shows.
type rosterFile struct {
	*Plan
	File     string
	Changed  bool // since it was shown before
	Meanings []string
	Apart    []apart
	Lines    []string // what is said beside the changes
	Wrong    []string
	Rows     []Entry
	Paging   web.Paging
}

// apart is a kind of change with the people whom it concerns.
type apart struct {
	Kind  string
	N     int
	Lines []string
}

// listedApart is how many people of a kind stand beside its box; all of them stand
// first in the table.
const listedApart = 50

// waitingRoster is the file of the member's in the address.
func (f *Feature) waitingRoster(r *web.Request) (*Pending, error) {
	id, err := r.ID()
	if err != nil {
		return nil, err
	}
	p, err := PendingOf(r.Tx, r.Member.ID, id)
	if err == nil && (p == nil || p.Unit != r.Unit.ID) {
		err = web.UserError(http.StatusNotFound, "material.page.import.gone")
	}
	return p, err
}

func (f *Feature) showRoster(r *web.Request) error {
	p, err := f.waitingRoster(r)
	if err != nil {
		return err
	}
	r.DropFlash() // what a chat would have shown stands in the page
	d := rosterFile{File: p.Table.Name, Changed: r.URL.Query().Get("changed") != "", Meanings: Meanings}
	if d.Plan, err = p.Plan(r.Tx); err != nil {
		return err
	}
	for _, kind := range d.Asked() {
		lines := d.KindLines(r.Lang, kind)
		d.Apart = append(d.Apart, apart{kind, len(lines), lines[:min(len(lines), listedApart)]})
	}
	d.Lines = d.NoteLines(r.Lang)
	for _, f := range d.Faults {
		d.Wrong = append(d.Wrong, f.Text(r.Lang))
	}
	d.Paging = r.Paging(len(d.Entries))
	sorted := d.Sorted()
	d.Rows = sorted[d.Paging.Offset():min(len(sorted), d.Paging.Offset()+d.Paging.Size)]
	return r.Show(d)
}

// What tells what an entry changes.
func (d rosterFile) What(lang string, e Entry) string { return d.Plan.What(lang, &e) }

// Asks tells whether somebody has to say what a column is.
func (d rosterFile) Asks(c Column) bool { return len(c.May) > 0 }

// Head is how a column is called.
func (d rosterFile) Head(c Column) string {
	if head := chat.CleanName(c.Head); head != "" {
		return head
	}
	return c.Letter()
}

func (f *Feature) changeRoster(r *web.Request) error {
	var p *Pending
	err := r.Read(func() (err error) {
		p, err = f.waitingRoster(r)
		return err
	})
	if err != nil {
		return err
	}
	ref, at := r.PathValue("id"), fmt.Sprintf("members/import/%d", p.ID)
	var do func(*engine.Turn) error
	switch r.Field("do") {
	case "tell":
		told := map[int]string{}
		for i := range len(p.Table.Rows[0].Cells) + 1 {
			if meaning := r.Field("column-" + strconv.Itoa(i)); meaning != "" {
				told[i] = meaning
			}
		}
		return r.Do(ref, at, func(t *engine.Turn) error { return f.Tell(t, p.ID, told) })
	case "take":
		allow := slices.DeleteFunc(slices.Clone(Kinds), func(kind string) bool { return !slices.Contains(r.PostForm["allow"], kind) })
		do = func(t *engine.Turn) error { return f.TakeIn(t, p.ID, r.Field("shown"), allow) }
	case "drop":
		do = func(t *engine.Turn) error { return f.Drop(t, p.ID) }
	default:
		return web.UserError(http.StatusBadRequest, "console.old_form")
	}
	done, err := r.Act(ref, engine.Act{Do: do})
	if err != nil {
		return err
	}
	waits := false
	err = r.Read(func() error {
		p, err := PendingOf(r.Tx, r.Member.ID, p.ID)
		waits = p != nil
		return err
	})
	if err != nil {
		return err
	}
	if waits && !done.Refused {
		return r.Redirect(r.To(at, "changed", 1))
	}
	return r.Back("members")
}

// backToRoster goes to the page of a roster that was shown by what do did, or else
// back to a page.
func (f *Feature) backToRoster(r *web.Request, back string, do func() error) error {
	var before, after int64
	last := func(id *int64) error {
		return r.Read(func() (err error) {
			*id, err = LastPending(r.Tx, r.Member.ID, r.Unit.ID)
			return err
		})
	}
	if err := last(&before); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	if err := last(&after); err != nil {
		return err
	}
	if after > before {
		back = fmt.Sprintf("members/import/%d", after)
	}
	return r.Back(back)
}
