package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/feature/lesson"
	"branchbot/bot/feature/material"
	"branchbot/bot/feature/quiz"
	"branchbot/content"
	"branchbot/store"
)

// Content: the packs, their lessons and questions found by any part of their
// texts, what of them is used up, and each as the group will see it.
var (
	contentPage = page{path: "content", title: "console.title.content", role: engine.Secretary, nav: true, view: "content", get: showContent, post: changeContent,
		pulse: contentPulse}
	itemPage = page{path: "content/{pack}/{id}", title: "console.title.item", role: engine.Secretary, view: "item", get: showItem, post: changeItem}
)

// contentPulse changes when something of a pack is used.
func contentPulse(_ *Server, tx *store.Tx, unit string) (string, error) {
	lessons, err := lesson.LastPush(tx, unit)
	if err != nil {
		return "", err
	}
	questions, err := quiz.LastRound(tx, unit)
	return fmt.Sprint(lessons, questions), err
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
	Series     []lesson.Progress
	Pieces     []piece
	Paging     Paging
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

func (r *Request) packs() *content.Library { return feature[*lesson.Feature](r.server).Library() }

func showContent(r *Request) error { return r.showLibrary(library{}) }

func (r *Request) showLibrary(d library) error {
	gone, err := material.Refs(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	lessons, err := lesson.Uses(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	questions, err := quiz.Uses(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	d.Pack, d.Kind, d.Tag = q.Get("pack"), q.Get("kind"), q.Get("tag")
	if d.Series, err = feature[*lesson.Feature](r.server).Progress(r.Tx, r.Unit.ID, "", "9999"); err != nil {
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
	for _, p := range r.packs().Packs() {
		one := onePack{Pack: p, Imported: r.server.ImportedPack(p), Undoable: r.server.UndoablePack(p)}
		for _, l := range p.Lessons {
			u := lessons[l.Ref()]
			one.LessonsUsed += min(u.N, 1)
			find.add(piece{l.Ref(), l.Title, "lesson", named(p, l.Tags), u.N, u.Last, gone[l.Ref()], "", r.packs().ReviewLesson(l, r.Tx.Now)}, p.ID, l.ID, l.Title, l.Body, l.Source)
		}
		for _, x := range p.Questions {
			u := questions[x.Ref()]
			one.QuestionsUsed += min(u.N, 1)
			find.add(piece{x.Ref(), x.Ask, string(x.Type), named(p, x.Tags), u.N, u.Last, gone[x.Ref()], "", r.packs().ReviewQuestion(x, r.Tx.Now)}, p.ID, append(slices.Clone(x.Options), x.ID, x.Ask, x.Explain, x.Source)...)
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
	Shown    []shown
	Why      string       // why it cannot be shown
	Retired  *engine.Unit // that has retired it; nil: it is used
	Change   bool         // a lesson that was taken in here, and can be written anew
}

// ref is the full id in the address.
func (r *Request) ref() string { return r.PathValue("pack") + "/" + r.PathValue("id") }

func showItem(r *Request) error {
	d := oneItem{Ref: r.ref()}
	name, pack := "lesson", ""
	if d.Lesson = r.packs().Lesson(d.Ref); d.Lesson != nil {
		d.Ref, pack, d.Review = d.Lesson.Ref(), d.Lesson.Pack, r.packs().ReviewLesson(d.Lesson, r.Tx.Now)
		uses, err := lesson.Uses(r.Tx, r.Unit.ID)
		if err != nil {
			return err
		}
		d.Used, d.Last = uses[d.Ref].N, uses[d.Ref].Last
	} else if d.Question = r.packs().Question(d.Ref); d.Question != nil {
		name, d.Ref, pack, d.Review = "quiz", d.Question.Ref(), d.Question.Pack, r.packs().ReviewQuestion(d.Question, r.Tx.Now)
		uses, err := quiz.Uses(r.Tx, r.Unit.ID)
		if err != nil {
			return err
		}
		d.Used, d.Last = uses[d.Ref].N, uses[d.Ref].Last
	} else {
		return complain(http.StatusNotFound, "console.not_found")
	}
	for _, p := range r.packs().Packs() {
		if p.ID == pack {
			d.Pack, d.Change = p, r.Top && d.Lesson != nil && r.server.ImportedPack(p)
		}
	}
	gone, err := material.Refs(r.Tx, r.Unit.ID)
	if err == nil && gone[d.Ref] != "" {
		d.Retired, err = r.server.Engine.Directory.Unit(r.Tx, gone[d.Ref])
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
		if d.Shown, err = r.previews(m); err != nil {
			return err
		}
	}
	return r.Show(d)
}

// changeItem pushes a lesson or asks a question now (/推送), retires it in the unit
// or takes that back.
func changeItem(r *Request) error {
	ref, kind := r.ref(), "quiz"
	if l := r.packs().Lesson(ref); l != nil {
		ref, kind = l.Ref(), "lesson"
	} else if q := r.packs().Question(ref); q != nil {
		ref = q.Ref()
	} else {
		return complain(http.StatusNotFound, "console.not_found")
	}
	said, change := "console.content.retired_now", func(t *engine.Turn) error { return material.Add(t.Tx, t.Unit.ID, ref, t.Member.ID) }
	switch r.Field("do") {
	case "push":
		return r.Command("", "content", "/推送", kind, ref)
	case "retire":
	case "restore":
		said, change = "console.content.restored", func(t *engine.Turn) error { return material.Drop(t.Tx, t.Unit.ID, ref) }
	default:
		return complain(http.StatusBadRequest, "console.old_form")
	}
	return r.do(ref, "content/"+ref, func(t *engine.Turn) error {
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
func changeContent(r *Request) error {
	switch r.Field("do") {
	case "import":
		return r.upload()
	case "undo":
		return r.changePack("import", r.server.UndoPack, "console.import.undone")
	case "remove":
		return r.changePack("remove_pack", r.server.DropPack, "console.import.removed")
	}
	return complain(http.StatusBadRequest, "console.old_form")
}
