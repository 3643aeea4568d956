package material

import (
	"cmp"
	"embed"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/bot/web"
	"branchbot/content"
	"branchbot/store"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Packs keeps the packs that were taken in at the console. All of its errors are what is
// wrong with a pack, ErrPackTaken, ErrPackChanged, ErrNoPack.
type Packs interface {
	// Try reads a pack out of a .zip file that content.Unzip or content.Wrap has made, and
	// returns it with the one in whose place it would come, nil when there is none, and
	// base, which tells that one from others.
	Try(zip []byte) (pack, old *content.Pack, base string, err error)
	// Put takes a pack into use, for all processes and after a restart, if base still stands.
	Put(zip []byte, base string) error
	// Drop removes one that was taken in so.
	Drop(id string) error
	// Undo brings back what the last Put of a pack has replaced; Undoable tells whether it can.
	Undo(id string) error
	Undoable(*content.Pack) bool
	// Imported tells whether a pack was taken in so.
	Imported(*content.Pack) bool
}

// Uses tells how often lessons or questions were used in a unit, by their full id.
type Uses func(tx *store.Tx, unit string) (map[string]roster.Used, error)

// Feature is the library of packs on pages: what is in it, what of it is used up, more of it.
type Feature struct {
	Library func() *content.Library
	Packs   Packs
	// Lessons and Questions tell what was used; LastUse rises when something is used.
	Lessons, Questions Uses
	LastUse            func(tx *store.Tx, unit string) (string, error)
	// Progress is how far a unit had come at the end of a period in each series of lessons;
	// Shown is a lesson as a group will see it.
	Progress func(tx *store.Tx, unit, from, to string) ([]Progress, error)
	Shown    func(t *engine.Turn, l *content.Lesson) chat.Message
}

// Progress is how far a unit has come in a series of lessons.
type Progress struct {
	Title    string // of the pack; "" when the series goes through several
	Done, Of int    // lessons
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "material" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command { return nil }

// Pages implements web.Paged: the packs, their lessons and questions found by any part of
// their texts, what of them is used up, and each as the group will see it; and what takes
// more of them in.
func (f *Feature) Pages() []web.Page {
	return []web.Page{
		{Path: "content", Title: "material.page.title", Role: engine.Secretary, Nav: web.Nav{Group: web.Library, Order: 10}, View: views.Of("content"),
			Get: f.showContent, Post: f.changeContent, Pulse: f.LastUse},
		{Path: "content/{id}", Title: "material.page.import", Role: engine.Secretary, Top: true, View: views.Of("import"), Get: f.showImport, Post: f.confirmImport},
		{Path: "content/{id}/left", Title: "material.page.import", Role: engine.Secretary, Top: true, Get: f.exportLeft},
		{Path: "content/template", Title: "material.page.import", Role: engine.Secretary, Get: f.exportTemplate},
		{Path: "content/write", Title: "material.page.write", Role: engine.Secretary, Top: true, View: views.Of("write"), Get: f.showWrite, Post: f.changeWrite},
		{Path: "content/{pack}/{id}", Title: "material.page.one", Role: engine.Secretary, View: views.Of("item"), Get: f.showItem, Post: f.changeItem},
	}
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{
		{Name: "pack_import", LeftOut: "a pack that waits for a secretary"},
		{Name: "retired", LeftOut: "a unit's decision about content"},
	}
}

// onePack is a pack with what of it is used up in the unit.
type onePack struct {
	*content.Pack
	LessonsUsed, QuestionsUsed int
	Imported                   bool // at the console
	Undoable                   bool // its last import
}

// piece is a lesson or a question in the list.
type piece struct {
	Ref, Title string
	Kind       string // lesson, or the type of the question
	Tags       []string
	Used       int
	Last       time.Time
	Retired    string // the unit that has retired it; "": it is used
	Key        string // of a question that is to be checked
	Review     content.Review
}

// library is what the page shows.
type library struct {
	Packs      []onePack
	Series     []Progress
	Pieces     []piece
	Paging     web.Paging
	Pack, Kind string // chosen
	Tag        string
	Tags       []string
	Faults     []string // of a pack that was sent
	LeftID     int64    // the last import of which something was left out; 0: none
	LeftN      int
}

// named are tags as people call them.
func named(p *content.Pack, tags []string) []string {
	out := make([]string, len(tags))
	for i, t := range tags {
		out[i] = p.TagName(t)
	}
	return out
}

func (f *Feature) showContent(r *web.Request) error { return f.showLibrary(r, library{}) }

func (f *Feature) showLibrary(r *web.Request, d library) error {
	gone, err := Refs(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	lessons, err := f.Lessons(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	questions, err := f.Questions(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	d.Pack, d.Kind, d.Tag = q.Get("pack"), q.Get("kind"), q.Get("tag")
	if d.Series, err = f.Progress(r.Tx, r.Unit.ID, "", "9999"); err != nil {
		return err
	}
	id, text, err := lastLeft(r.Tx, r.Member.ID)
	if err != nil {
		return err
	}
	left, err := readLeft(text)
	if err != nil {
		return err
	}
	if d.LeftN = len(left.Left); d.LeftN > 0 {
		d.LeftID = id
	}
	find := pieces{library: &d, text: strings.ToLower(r.Query()), tags: map[string]bool{}}
	for _, p := range f.Library().Packs() {
		one := onePack{Pack: p, Imported: f.Packs.Imported(p), Undoable: f.Packs.Undoable(p)}
		for _, l := range p.Lessons {
			u := lessons[l.Ref()]
			one.LessonsUsed += min(u.N, 1)
			find.add(piece{l.Ref(), l.Title, "lesson", named(p, l.Tags), u.N, u.Last, gone[l.Ref()], "", f.Library().ReviewLesson(l, r.Tx.Now)}, p.ID, l.ID, l.Title, l.Body, l.Source)
		}
		for _, x := range p.Questions {
			u := questions[x.Ref()]
			one.QuestionsUsed += min(u.N, 1)
			find.add(piece{x.Ref(), x.Ask, string(x.Type), named(p, x.Tags), u.N, u.Last, gone[x.Ref()], "", f.Library().ReviewQuestion(x, r.Tx.Now)}, p.ID, append(slices.Clone(x.Options), x.ID, x.Ask, x.Explain, x.Source)...)
		}
		d.Packs = append(d.Packs, one)
	}
	for tag := range find.tags {
		d.Tags = append(d.Tags, tag)
	}
	slices.Sort(d.Tags)
	if q.Get("order") == "used" {
		slices.SortStableFunc(d.Pieces, func(a, b piece) int { return cmp.Compare(b.Last.UnixMilli(), a.Last.UnixMilli()) })
	}
	d.Paging = r.Paging(len(d.Pieces))
	d.Pieces = d.Pieces[d.Paging.Offset():min(len(d.Pieces), d.Paging.Offset()+d.Paging.Size)]
	return r.Show(d)
}

// pieces collects what is looked for.
type pieces struct {
	*library
	text string // in small letters
	tags map[string]bool
}

// add takes a piece in if it is looked for; texts are what it is found by.
func (f *pieces) add(p piece, pack string, texts ...string) {
	if f.Pack != "" && f.Pack != pack {
		return
	}
	for _, tag := range p.Tags {
		f.tags[tag] = true
	}
	if f.Tag != "" && !slices.Contains(p.Tags, f.Tag) || f.Kind == "lesson" && p.Kind != "lesson" || f.Kind == "question" && p.Kind == "lesson" ||
		f.Kind == "retired" && p.Retired == "" || f.Kind == "unchecked" && p.Review.Checked.On != "" && !p.Review.Stale ||
		f.Kind == "replaced" && p.Review.Replaced() == nil {
		return
	}
	if f.text == "" || slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(strings.ToLower(t), f.text) }) {
		f.Pieces = append(f.Pieces, p)
	}
}

// oneItem is what the page of a lesson or question shows.
type oneItem struct {
	Ref      string
	Lesson   *content.Lesson
	Question *content.Question
	Pack     *content.Pack
	Review   content.Review
	Used     int
	Last     time.Time
	Shown    []web.Shown
	Why      string       // why it cannot be shown
	Retired  *engine.Unit // that has retired it; nil: it is used
	Change   bool         // a lesson that was taken in here, and can be written anew
}

// ref is the full id in the address.
func (f *Feature) ref(r *web.Request) string { return r.PathValue("pack") + "/" + r.PathValue("id") }

func (f *Feature) showItem(r *web.Request) error {
	d := oneItem{Ref: f.ref(r)}
	name, pack := "lesson", ""
	if d.Lesson = f.Library().Lesson(d.Ref); d.Lesson != nil {
		d.Ref, pack, d.Review = d.Lesson.Ref(), d.Lesson.Pack, f.Library().ReviewLesson(d.Lesson, r.Tx.Now)
		uses, err := f.Lessons(r.Tx, r.Unit.ID)
		if err != nil {
			return err
		}
		d.Used, d.Last = uses[d.Ref].N, uses[d.Ref].Last
	} else if d.Question = f.Library().Question(d.Ref); d.Question != nil {
		name, d.Ref, pack, d.Review = "quiz", d.Question.Ref(), d.Question.Pack, f.Library().ReviewQuestion(d.Question, r.Tx.Now)
		uses, err := f.Questions(r.Tx, r.Unit.ID)
		if err != nil {
			return err
		}
		d.Used, d.Last = uses[d.Ref].N, uses[d.Ref].Last
	} else {
		return web.UserError(http.StatusNotFound, "console.not_found")
	}
	for _, p := range f.Library().Packs() {
		if p.ID == pack {
			d.Pack, d.Change = p, r.Top && d.Lesson != nil && f.Packs.Imported(p)
		}
	}
	gone, err := Refs(r.Tx, r.Unit.ID)
	if err == nil && gone[d.Ref] != "" {
		d.Retired, err = r.Directory().Unit(r.Tx, gone[d.Ref])
	}
	if err != nil {
		return err
	}
	t := r.Turn()
	action, _ := t.Engine().Action(name)
	m, err := action.Preview(t, engine.Args{"from": d.Ref})
	var skip *engine.Skip
	switch {
	case errors.As(err, &skip):
		d.Why = t.T(skip.Key, skip.Args...)
	case err != nil:
		return err
	default:
		if d.Shown, err = r.Previews(m); err != nil {
			return err
		}
	}
	return r.Show(d)
}

// changeItem pushes a lesson or asks a question now (/推送), retires it in the unit
// or takes that back.
func (f *Feature) changeItem(r *web.Request) error {
	ref, kind := f.ref(r), "quiz"
	if l := f.Library().Lesson(ref); l != nil {
		ref, kind = l.Ref(), "lesson"
	} else if q := f.Library().Question(ref); q != nil {
		ref = q.Ref()
	} else {
		return web.UserError(http.StatusNotFound, "console.not_found")
	}
	said, change := "material.page.retired_now", func(t *engine.Turn) error { return Add(t.Tx, t.Unit.ID, ref, t.Member.ID) }
	switch r.Field("do") {
	case "push":
		return r.Command("", "content", "/推送", kind, ref)
	case "retire":
	case "restore":
		said, change = "material.page.restored", func(t *engine.Turn) error { return Drop(t.Tx, t.Unit.ID, ref) }
	default:
		return web.UserError(http.StatusBadRequest, "console.old_form")
	}
	return r.Do(ref, "content/"+ref, func(t *engine.Turn) error {
		if t.Role < engine.Secretary {
			return engine.Complain("engine.secretaries_only")
		}
		if err := change(t); err != nil {
			return err
		}
		return t.Say(said)
	})
}

// changeContent takes a pack in, or removes one.
func (f *Feature) changeContent(r *web.Request) error {
	switch r.Field("do") {
	case "import":
		return f.upload(r)
	case "undo":
		return f.changePack(r, "import", f.Packs.Undo, "material.page.import.undone")
	case "remove":
		return f.changePack(r, "remove_pack", f.Packs.Drop, "material.page.import.removed")
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}
