package console

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/lesson"
	"branchbot/bot/quiz"
	"branchbot/content"
	"branchbot/store"
)

// Content: the packs, their lessons and questions found by any part of their
// texts, what of them is used up, and each as the group will see it.
var (
	contentPage = page{path: "content", title: "console.title.content", role: engine.Secretary, nav: true, view: "content", get: showContent,
		pulse: contentPulse}
	itemPage = page{path: "content/{pack}/{id}", title: "console.title.item", role: engine.Secretary, view: "item", get: showItem, post: pushItem}
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
}

// piece is a lesson or a question in the list.
type piece struct {
	Ref, Title string
	Kind       string // lesson, or the type of the question
	Tags       []string
	Used       int
	Last       time.Time
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
}

func (r *Request) packs() *content.Library { return feature[*lesson.Feature](r.server).Library() }

func showContent(r *Request) error {
	lessons, err := lesson.Uses(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	questions, err := quiz.Uses(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	d := library{Pack: q.Get("pack"), Kind: q.Get("kind"), Tag: q.Get("tag")}
	if d.Series, err = feature[*lesson.Feature](r.server).Progress(r.Tx, r.Unit.ID, "", "9999"); err != nil {
		return err
	}
	find := pieces{library: &d, text: strings.ToLower(r.Query()), tags: map[string]bool{}}
	for _, p := range r.packs().Packs() {
		one := onePack{Pack: p}
		for _, l := range p.Lessons {
			u := lessons[l.Ref()]
			one.LessonsUsed += min(u.N, 1)
			find.add(piece{l.Ref(), l.Title, "lesson", l.Tags, u.N, u.Last}, p.ID, l.ID, l.Title, l.Body, l.Source)
		}
		for _, x := range p.Questions {
			u := questions[x.Ref()]
			one.QuestionsUsed += min(u.N, 1)
			find.add(piece{x.Ref(), x.Ask, string(x.Type), x.Tags, u.N, u.Last}, p.ID, append(slices.Clone(x.Options), x.ID, x.Ask, x.Explain, x.Source)...)
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
	if f.Tag != "" && !slices.Contains(p.Tags, f.Tag) || f.Kind == "lesson" && p.Kind != "lesson" || f.Kind == "question" && p.Kind == "lesson" {
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
	Used     int
	Last     time.Time
	Shown    []shown
	Why      string // why it cannot be shown
}

// ref is the full id in the address.
func (r *Request) ref() string { return r.PathValue("pack") + "/" + r.PathValue("id") }

func showItem(r *Request) error {
	d := oneItem{Ref: r.ref()}
	name, pack := "lesson", ""
	if d.Lesson = r.packs().Lesson(d.Ref); d.Lesson != nil {
		d.Ref, pack = d.Lesson.Ref(), d.Lesson.Pack
		uses, err := lesson.Uses(r.Tx, r.Unit.ID)
		if err != nil {
			return err
		}
		d.Used, d.Last = uses[d.Ref].N, uses[d.Ref].Last
	} else if d.Question = r.packs().Question(d.Ref); d.Question != nil {
		name, d.Ref, pack = "quiz", d.Question.Ref(), d.Question.Pack
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
			d.Pack = p
		}
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

// pushItem pushes a lesson or asks a question now: /推送.
func pushItem(r *Request) error {
	ref := r.ref()
	switch {
	case r.Field("do") != "push":
	case r.packs().Lesson(ref) != nil:
		return r.Command("", "content", "/推送", "lesson", ref)
	case r.packs().Question(ref) != nil:
		return r.Command("", "content", "/推送", "quiz", ref)
	}
	return complain(http.StatusBadRequest, "console.old_form")
}
