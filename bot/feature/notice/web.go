package notice

import (
	"crypto/rand"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/web"
	"branchbot/store"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Pages implements web.Paged: which notices there are and how they stand; one with those
// who are missing; a new one, shown as each platform will show it before it is sent.
func (f *Feature) Pages() []web.Page {
	return []web.Page{
		{Path: "notices", Title: "notice.page.title", Role: engine.Secretary, Nav: web.Nav{Group: web.Publish, Order: 10}, View: views.Of("notices"),
			Get: f.showNotices, Post: f.changeNotices, Pulse: Pulse},
		{Path: "notices/{id}", Title: "notice.page.one", Role: engine.Secretary, View: views.Of("notice"), Get: f.showNotice, Post: f.changeNotice, Pulse: Pulse},
		{Path: "notices/new", Title: "notice.page.new", Role: engine.Secretary, View: views.Of("compose"), Get: f.showCompose, Post: f.compose},
	}
}

func (f *Feature) showNotices(r *web.Request) error {
	text := ""
	if r.Query() != "" {
		text = web.Like(r.Query())
	}
	n, err := Numbered(r.Tx, r.Unit.ID, text)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	list, err := Summaries(r.Turn(), text, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	return r.Show(struct {
		Notices []Summary
		Paging  web.Paging
	}{list, paging})
}

func (f *Feature) changeNotices(r *web.Request) error {
	number := r.Line("number")
	if r.Field("do") != "remind" || number == "" {
		return web.UserError(http.StatusBadRequest, "console.old_form")
	}
	return r.Command(number, "notices", "/催办", number)
}

// oneNotice is what the page of a notice shows.
type oneNotice struct {
	*Summary
	Awaited []Awaited
	Parts   []Part
	Paging  web.Paging
	Left    int    // how many reminders
	Public  bool   // it is shown on the unit's board
	Board   string // where that is; "": there is none
}

func (f *Feature) showNotice(r *web.Request) error {
	id, err := r.ID()
	if err != nil {
		return err
	}
	t := r.Turn()
	s, err := One(t, id)
	if err != nil {
		return err
	}
	if s == nil {
		return web.UserError(http.StatusNotFound, "console.not_found")
	}
	d := oneNotice{Summary: s, Left: max(0, f.Reminders()-s.Reminders)}
	if d.Public, err = IsPublished(r.Tx, id, r.Unit.ID); err != nil {
		return err
	}
	if d.Board, err = f.Board(r.Tx, r.Unit.ID); err != nil {
		return err
	}
	switch {
	case s.Below:
		parts, err := Parts(t, s)
		if err != nil {
			return err
		}
		d.Paging = r.Paging(len(parts))
		d.Parts = parts[d.Paging.Offset():min(len(parts), d.Paging.Offset()+d.Paging.Size)]
	case s.Counted():
		d.Paging = r.Paging(s.Missing())
		if d.Awaited, err = Awaiting(t, s, d.Paging.Size, d.Paging.Offset()); err != nil {
			return err
		}
	}
	return r.Show(d)
}

func (f *Feature) changeNotice(r *web.Request) error {
	id, err := r.ID()
	if err != nil {
		return err
	}
	var s *Summary
	err = r.Read(func() (err error) {
		s, err = One(r.Turn(), id)
		return err
	})
	if err != nil {
		return err
	}
	if s == nil {
		return web.UserError(http.StatusNotFound, "console.not_found")
	}
	back := "notices/" + r.PathValue("id")
	switch r.Field("do") {
	case "remind":
		return r.Command(s.Number, back, "/催办", s.Number)
	case "told":
		ids, err := r.Ticked("who")
		if err != nil {
			return err
		}
		return r.Do(s.Number, back, func(t *engine.Turn) error { return f.Told(t, s.Number, ids) })
	case "recall":
		return r.Command(s.Number, back, "/撤回", s.Number)
	case "publish":
		return r.Command(s.Number, back, "/公示", s.Number)
	case "unpublish":
		return r.Command(s.Number, back, "/公示", "撤下", s.Number)
	case "correct":
		seen, text, again := r.Field("corrected"), r.Field("text"), r.Field("again") != ""
		return r.Do(s.Number, back, func(t *engine.Turn) error {
			return f.Correct(t, s.Number, seen, text, again)
		})
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}

// composed is what the page of a new notice shows: the fields as they were
// filled in and, when they are fine, what would be sent.
type composed struct {
	Text         string
	Ack, Urgent  bool
	Below, Some  bool
	Form         string // its files are kept under this
	To           map[string]bool
	Closes       string
	Units        [][2]string
	MoreUnits    bool
	Attached     []string
	Wrong        string
	Shown        []web.Shown
	Reach        Reach
	Had, Most    int // notices of today, and how many there may be
	ShowsPreview bool
}

// draft is what the fields say.
func (f *Feature) draft(r *web.Request) (d Draft, err error) {
	d = Draft{Text: r.Field("text"), Ack: r.Field("ack") != "", Urgent: r.Field("urgent") != "", Form: r.Field("form"),
		Seen: r.Field("seen"), Below: r.Field("below") == "all", Some: r.Field("below") == "some", To: r.PostForm["to"]}
	if len(d.Form) > 64 {
		return d, web.UserError(http.StatusBadRequest, "console.old_form")
	}
	d.ClosesAt, err = r.Instant("closes")
	return d, err
}

func (f *Feature) showCompose(r *web.Request) error {
	c := composed{Ack: true, Form: rand.Text()}
	if err := f.fillCompose(r, &c); err != nil {
		return err
	}
	return r.Show(c)
}

// fillCompose reads what the page shows besides the fields.
func (f *Feature) fillCompose(r *web.Request, c *composed) (err error) {
	if c.Units, c.MoreUnits, err = UnitsBelow(r.Tx, r.Unit.ID, 300); err != nil {
		return err
	}
	if c.Attached, err = Attached(r.Tx, r.Member.ID, c.Form); err != nil {
		return err
	}
	c.Most = f.PerDay()
	c.Had, err = Today(r.Turn())
	return err
}

// compose shows what would be sent, or sends it.
func (f *Feature) compose(r *web.Request) error {
	d, err := f.draft(r)
	if err != nil {
		return err
	}
	if r.Field("do") == "drop" {
		return r.Do("", "notices/new", func(t *engine.Turn) error { return f.Detach(t, d.Form) })
	}
	if r.Field("do") == "send" {
		return r.Do("", "notices", func(t *engine.Turn) error { return f.Send(t, d) })
	}
	if r.Field("do") != "preview" {
		return web.UserError(http.StatusBadRequest, "console.old_form")
	}
	files, err := r.Files("files")
	if err != nil {
		return err
	}
	c := composed{Text: d.Text, Ack: d.Ack, Urgent: d.Urgent, Below: d.Below, Some: d.Some, Form: d.Form, To: map[string]bool{}, Closes: r.Field("closes")}
	for _, id := range d.To {
		c.To[id] = true
	}
	if len(files) > 0 {
		done, err := r.Act("", engine.Act{Do: f.Attach(d.Form, files)})
		if err != nil {
			return err
		}
		if done.Refused {
			c.Wrong = strings.Join(web.Lines(done.Said), "\n")
			if err := r.ForgetSaid(); err != nil { // it is said here, and not on the next page again
				return err
			}
		}
	}
	return r.Preview(func() error { return f.previewNotice(r, d, c) })
}

func (f *Feature) previewNotice(r *web.Request, d Draft, c composed) error {
	r.DropFlash() // what was said of the files stands in the page
	if err := f.fillCompose(r, &c); err != nil {
		return err
	}
	m, reach, err := f.Preview(r.Turn(), d)
	if line, ok := r.UserLine(err); ok {
		c.Wrong = strings.TrimSpace(c.Wrong + "\n" + line)
		return r.Show(c)
	}
	if err != nil {
		return err
	}
	c.Reach, c.ShowsPreview = reach, c.Wrong == ""
	if c.Shown, err = r.Previews(m); err != nil {
		return err
	}
	return r.Show(c)
}

// AnswerForm implements web.Answered.
func (f *Feature) AnswerForm(r *web.Request, it engine.OpenItem) (did string, form template.HTML, err error) {
	if it.Mine != "" {
		return r.T("console.member.did"), "", nil
	}
	form, err = r.Render(views.Of("answer"), it)
	return "", form, err
}

// OpenItems implements engine.OpenItemLister.
func (f *Feature) OpenItems(tx *store.Tx, unit string, since time.Time) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, since)
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		err = row.Scan(&it.Prompt, &it.ID, &it.Code, &it.Title, &it.Opened, &it.Closes, &it.Done, &it.Due)
		return it, err
	}, with+`SELECT p.id, n.id, CAST(g.seq AS BIGINT), n.text, p.opened_at, n.closes_at, g.done, g.due
		FROM p JOIN notice n ON n.id = p.ref JOIN notice_target g ON g.notice = n.id AND g.unit = $1 ORDER BY p.id DESC`, args...)
}

// ItemsFor implements engine.OpenItemLister.
func (f *Feature) ItemsFor(tx *store.Tx, unit string, member int64) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, time.Time{})
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		var year, seq int
		it.ByName = true
		err = row.Scan(&it.Prompt, &it.ID, &it.Code, &it.Title, &it.Closes, &it.Mine, &year, &seq)
		it.Number = fmt.Sprintf("%d-%03d", year, seq)
		return it, err
	}, with+`SELECT p.id, n.id, p.code, n.text, n.closes_at, CASE WHEN a.acked_at IS NULL THEN '' ELSE 'yes' END, g.year, g.seq
		FROM p JOIN notice n ON n.id = p.ref JOIN notice_target g ON g.notice = n.id AND g.unit = $1
		JOIN notice_reader a ON a.notice = n.id AND a.unit = $1 AND a.member = $3 ORDER BY p.id DESC`, append(args, member)...)
}

// ItemCommands implements engine.OpenItemLister.
func (f *Feature) ItemCommands() engine.ItemCommands {
	return engine.ItemCommands{"missing": "/未读 %s", "remind": "/催办 %s"}
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{
		{Name: "notice_reader", Where: "member = $1 AND acked_at IS NOT NULL"},
		{Name: "notice_draft", LeftOut: "files that wait for a secretary's next notice"},
	}
}

// Media implements engine.MediaMaker: notice:HASH.
func (f *Feature) Media() map[string]engine.MakeMedia {
	return map[string]engine.MakeMedia{"notice": func(tx *store.Tx, _ engine.Directory, name string) ([]byte, string, error) { return Media(tx, name) }}
}
