package web

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"strings"

	"branchbot/bot/engine"
	"branchbot/bot/feature/board"
	"branchbot/bot/feature/notice"
	"branchbot/store"
)

// Notices: which there are and how they stand; one with those who are missing;
// a new one, shown as each platform will show it before it is sent.
var (
	noticesPage = page{path: "notices", title: "console.title.notices", role: engine.Secretary, nav: true, view: "notices",
		get: showNotices, post: changeNotices, pulse: noticePulse}
	noticePage = page{path: "notices/{id}", title: "console.title.notice", role: engine.Secretary, view: "notice",
		get: showNotice, post: changeNotice, pulse: noticePulse}
	newNoticePage = page{path: "notices/new", title: "console.title.new_notice", role: engine.Secretary, view: "compose",
		get: showCompose, post: compose}
)

func noticePulse(_ *Server, tx *store.Tx, unit string) (string, error) { return notice.Pulse(tx, unit) }

func showNotices(r *Request) error {
	text := ""
	if r.Query() != "" {
		text = like(r.Query())
	}
	n, err := notice.Numbered(r.Tx, r.Unit.ID, text)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	list, err := notice.Summaries(r.Turn(), text, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	f, err := r.lately()
	if err != nil {
		return err
	}
	var chart template.HTML
	if f != nil {
		if chart, err = f.Pace(r.Tx, r.Lang); err != nil {
			return err
		}
	}
	return r.Show(struct {
		Notices []notice.Summary
		Paging  Paging
		Chart   template.HTML
	}{list, paging, chart})
}

func changeNotices(r *Request) error {
	number := r.line("number")
	if r.Field("do") != "remind" || number == "" {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	return r.Command(number, "notices", "/催办", number)
}

// oneNotice is what the page of a notice shows.
type oneNotice struct {
	*notice.Summary
	Awaited []notice.Awaited
	Parts   []notice.Part
	Paging  Paging
	Left    int    // how many reminders
	Public  bool   // it is shown on the unit's board
	Board   string // where that is; "": there is none
}

func showNotice(r *Request) error {
	id, err := r.id()
	if err != nil {
		return err
	}
	t := r.Turn()
	s, err := notice.One(t, id)
	if err != nil {
		return err
	}
	if s == nil {
		return complain(http.StatusNotFound, "console.not_found")
	}
	d := oneNotice{Summary: s, Left: max(0, feature[*notice.Feature](r.server).Reminders()-s.Reminders)}
	if d.Public, err = notice.IsPublished(r.Tx, id, r.Unit.ID); err != nil {
		return err
	}
	if d.Board, err = r.board(); err != nil {
		return err
	}
	switch {
	case s.Below:
		parts, err := notice.Parts(t, s)
		if err != nil {
			return err
		}
		d.Paging = r.Paging(len(parts))
		d.Parts = parts[d.Paging.Offset():min(len(parts), d.Paging.Offset()+d.Paging.Size)]
	case s.Counted():
		d.Paging = r.Paging(s.Missing())
		if d.Awaited, err = notice.Awaiting(t, s, d.Paging.Size, d.Paging.Offset()); err != nil {
			return err
		}
	}
	return r.Show(d)
}

// board is the address of the unit's board; "" when it has none.
func (r *Request) board() (string, error) {
	return feature[*board.Feature](r.server).Address(r.Tx, r.Unit.ID)
}

func changeNotice(r *Request) error {
	id, err := r.id()
	if err != nil {
		return err
	}
	var s *notice.Summary
	err = r.look(func() (err error) {
		s, err = notice.One(r.Turn(), id)
		return err
	})
	if err != nil {
		return err
	}
	if s == nil {
		return complain(http.StatusNotFound, "console.not_found")
	}
	back := "notices/" + r.PathValue("id")
	switch r.Field("do") {
	case "remind":
		return r.Command(s.Number, back, "/催办", s.Number)
	case "told":
		ids, err := r.ticked("who")
		if err != nil {
			return err
		}
		return r.do(s.Number, back, func(t *engine.Turn) error { return feature[*notice.Feature](r.server).Told(t, s.Number, ids) })
	case "recall":
		return r.Command(s.Number, back, "/撤回", s.Number)
	case "publish":
		return r.Command(s.Number, back, "/公示", s.Number)
	case "unpublish":
		return r.Command(s.Number, back, "/公示", "撤下", s.Number)
	case "correct":
		seen, text, again := r.Field("corrected"), r.Field("text"), r.Field("again") != ""
		return r.do(s.Number, back, func(t *engine.Turn) error {
			return feature[*notice.Feature](r.server).Correct(t, s.Number, seen, text, again)
		})
	}
	return complain(http.StatusBadRequest, "console.old_form")
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
	Shown        []shown
	Reach        notice.Reach
	Had, Most    int // notices of today, and how many there may be
	ShowsPreview bool
}

// draft is what the fields say.
func (r *Request) draft() (d notice.Draft, err error) {
	d = notice.Draft{Text: r.Field("text"), Ack: r.Field("ack") != "", Urgent: r.Field("urgent") != "", Form: r.Field("form"),
		Seen: r.Field("seen"), Below: r.Field("below") == "all", Some: r.Field("below") == "some", To: r.PostForm["to"]}
	if len(d.Form) > 64 {
		return d, complain(http.StatusBadRequest, "console.old_form")
	}
	d.ClosesAt, err = r.instant("closes")
	return d, err
}

func showCompose(r *Request) error {
	c := composed{Ack: true, Form: rand.Text()}
	if err := r.fillCompose(&c); err != nil {
		return err
	}
	return r.Show(c)
}

// fillCompose reads what the page shows besides the fields.
func (r *Request) fillCompose(c *composed) (err error) {
	if c.Units, c.MoreUnits, err = notice.UnitsBelow(r.Tx, r.Unit.ID, 300); err != nil {
		return err
	}
	if c.Attached, err = notice.Attached(r.Tx, r.Member.ID, c.Form); err != nil {
		return err
	}
	c.Most = feature[*notice.Feature](r.server).PerDay()
	c.Had, err = notice.Today(r.Turn())
	return err
}

// compose shows what would be sent, or sends it.
func compose(r *Request) error {
	d, err := r.draft()
	if err != nil {
		return err
	}
	if r.Field("do") == "drop" {
		return r.do("", "notices/new", func(t *engine.Turn) error { return feature[*notice.Feature](r.server).Detach(t, d.Form) })
	}
	if r.Field("do") == "send" {
		return r.do("", "notices", func(t *engine.Turn) error { return feature[*notice.Feature](r.server).Send(t, d) })
	}
	if r.Field("do") != "preview" {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	files, err := r.files("files")
	if err != nil {
		return err
	}
	c := composed{Text: d.Text, Ack: d.Ack, Urgent: d.Urgent, Below: d.Below, Some: d.Some, Form: d.Form, To: map[string]bool{}, Closes: r.Field("closes")}
	for _, id := range d.To {
		c.To[id] = true
	}
	if len(files) > 0 {
		done, err := r.Act("", engine.Act{Do: feature[*notice.Feature](r.server).Attach(d.Form, files)})
		if err != nil {
			return err
		}
		if done.Refused {
			c.Wrong = strings.Join((&flash{Said: done.Said}).Lines(), "\n")
			if err := r.keep(nil); err != nil { // it is said here, and not on the next page again
				return err
			}
		}
	}
	return r.again(func() error { return r.previewNotice(d, c) })
}

func (r *Request) previewNotice(d notice.Draft, c composed) error {
	r.flash = nil // what was said of the files stands in the page
	if err := r.fillCompose(&c); err != nil {
		return err
	}
	m, reach, err := feature[*notice.Feature](r.server).Preview(r.Turn(), d)
	if line, ok := r.complaint(err); ok {
		c.Wrong = strings.TrimSpace(c.Wrong + "\n" + line)
		return r.Show(c)
	}
	if err != nil {
		return err
	}
	c.Reach, c.ShowsPreview = reach, c.Wrong == ""
	if c.Shown, err = r.previews(m); err != nil {
		return err
	}
	return r.Show(c)
}
