package web

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// What pages with forms share.

// ID is the number in the address of the page.
func (r *Request) ID() (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, UserError(http.StatusNotFound, "console.not_found")
	}
	return id, nil
}

// Read reads in a POST, in which Tx is nil.
func (r *Request) Read(read func() error) error {
	return r.server.DB.Read(func(tx *store.Tx) error {
		r.Tx = tx
		defer func() { r.Tx = nil }()
		return read()
	})
}

// Preview shows the page in answer to a form that changes nothing: a preview.
func (r *Request) Preview(show func() error) error {
	if err := r.Audit("preview", ""); err != nil {
		return err
	}
	return r.Read(func() error {
		if err := r.prepare(); err != nil {
			return err
		}
		return show()
	})
}

// Do runs what a feature does for a page where a chat has no command for it,
// and goes back to a page of the unit. ref goes into the audit.
func (r *Request) Do(ref, back string, do func(*engine.Turn) error) error {
	if _, err := r.Act(ref, engine.Act{Do: do}); err != nil {
		return err
	}
	return r.Back(back)
}

// UserLine is the line of an error that the person can mend.
func (r *Request) UserLine(err error) (string, bool) {
	var c *engine.Complaint
	if !errors.As(err, &c) {
		return "", false
	}
	return r.T(c.Key, c.Args...), true
}

// Line is a field as one line: a command's arguments must not become several.
func (r *Request) Line(name string) string { return strings.Join(strings.Fields(r.Field(name)), " ") }

// Ticked are the ids of the boxes of a name that were ticked.
func (r *Request) Ticked(name string) (ids []int64, err error) {
	for _, text := range r.PostForm[name] {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, UserError(http.StatusBadRequest, "console.old_form")
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// DayField is a field that is a day, 2006-01-02; "" when it is none.
func (r *Request) DayField(name string) string {
	if _, err := time.Parse(time.DateOnly, r.Field(name)); err != nil {
		return ""
	}
	return r.Field(name)
}

// Instant is a field of the type datetime-local, in the unit's zone; zero when
// it is empty.
func (r *Request) Instant(name string) (time.Time, error) {
	text := r.Field(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", text, r.Unit.Zone)
	if err != nil {
		return time.Time{}, UserError(http.StatusBadRequest, "console.no_time")
	}
	return at, nil
}

// Files are those of a field, in the order in which they were chosen.
func (r *Request) Files(name string) ([]chat.File, error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	var out []chat.File
	for _, head := range r.MultipartForm.File[name] {
		f, err := head.Open()
		if err != nil {
			return nil, fmt.Errorf("read an upload: %w", err)
		}
		data, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("read an upload: %w", err)
		}
		out = append(out, chat.File{Name: head.Filename, Data: data})
	}
	return out, nil
}

// Days are the days of a list, both with it: a year back, unless the address
// has others.
func (r *Request) Days() (from, to string) {
	at := func(name string, usual time.Time) string {
		if day := r.URL.Query().Get(name); day != "" {
			if _, err := time.Parse(time.DateOnly, day); err == nil {
				return day
			}
		}
		return usual.In(r.Unit.Zone).Format(time.DateOnly)
	}
	return at("from", r.Now.AddDate(-1, 0, 0)), at("to", r.Now)
}

// Shown is a message as a platform shows it.
type Shown struct {
	Platform string
	Here     bool // the unit has a group there
	Parts    []string
	Buttons  []string
	Problem  string // why it cannot be shown there
}

// Previews shows a message as the groups of the unit will see it, and as the
// platforms would that Branchbot knows.
func (r *Request) Previews(m chat.Message) ([]Shown, error) {
	groups, err := r.server.Engine.Directory.Groups(r.Tx, r.Unit.ID)
	if err != nil {
		return nil, err
	}
	var all []Shown
	seen := map[chat.AccountID]bool{}
	for _, g := range groups {
		if !seen[g.Account] {
			seen[g.Account] = true
			s := r.shownOn(m, r.server.Engine.Caps(g.Account, g.Chat))
			s.Platform, s.Here = r.T("console.preview.account", "Account", g.Account), true
			all = append(all, s)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(r.server.Platforms)) {
		s := r.shownOn(m, r.server.Platforms[p](true))
		s.Platform = r.T("console.platform." + p)
		all = append(all, s)
	}
	return all, nil
}

func (r *Request) shownOn(m chat.Message, caps chat.Caps) (s Shown) {
	out, err := chat.Render(m, caps, outbox.Words(r.Unit.Language))
	if err != nil {
		s.Problem = r.T("console.preview.impossible")
		return s
	}
	for _, p := range out.Parts {
		text := p.Plain()
		if p.Media != nil {
			text = strings.TrimSpace("［" + p.Media.Alt + "］\n" + text)
		}
		s.Parts = append(s.Parts, text)
		for _, row := range p.Buttons {
			for _, b := range row {
				s.Buttons = append(s.Buttons, b.Label)
			}
		}
	}
	return s
}

// CloseCode ends what has the short code of the form: /结束.
func (r *Request) CloseCode(back string) error {
	code, err := strconv.Atoi(r.Field("code"))
	if err != nil {
		return UserError(http.StatusBadRequest, "console.old_form")
	}
	return r.Command(strconv.Itoa(code), back, "/结束", strconv.Itoa(code))
}

// Period is the choice of days above a list.
type Period struct{ From, To string }

// UnitNames are the unit and those right under it, id and name, for a choice.
func (r *Request) UnitNames() ([][2]string, error) {
	names := [][2]string{{r.Unit.ID, r.Unit.Name}}
	below, err := unitsUnder(r.Tx, r.Unit.ID, 200)
	for _, u := range below {
		names = append(names, [2]string{u.ID, u.Name})
	}
	return names, err
}

// OneWord keeps an argument from being two.
func OneWord(text string) string { return strings.Join(strings.Fields(text), "") }

// HerePath is the path of the present page below the unit's, with its values.
func (r *Request) HerePath() string { return strings.TrimPrefix(r.URL.Path, r.To("")) }

// DoHere is Do for a part of a page of one thing: it goes back there, and the audit names
// the thing.
func (r *Request) DoHere(do func(*engine.Turn) error) error {
	return r.Do(r.PathValue("id"), r.HerePath(), do)
}

// Kind is what an item of a feature is called: a lesson, a notice …
func (r *Request) Kind(feature string) string { return r.T(feature + ".name") }

// Workbook exports an Excel file.
func (r *Request) Workbook(ref, name string, data []byte) error {
	return r.Export(ref, name+".xlsx", engine.XLSX, data)
}
