package lesson

import (
	"embed"
	"html/template"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/web"
	"branchbot/store"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// answerForm is what the form below an open lesson shows.
type answerForm struct {
	engine.OpenItem
	Body string
}

// AnswerForm implements web.Answered.
func (f *Feature) AnswerForm(r *web.Request, it engine.OpenItem) (did string, form template.HTML, err error) {
	d := answerForm{OpenItem: it}
	if l := f.Library().Lesson(it.Data.(string)); l != nil {
		d.Body = chat.Part{Spans: f.body(l)}.Plain()
	}
	if it.Mine != "" {
		did = r.T("console.member.did")
	}
	form, err = r.Render(views.Of("answer"), d)
	return did, form, err
}

// OpenItems implements engine.OpenItemLister.
func (f *Feature) OpenItems(tx *store.Tx, unit string, since time.Time) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, since)
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		err = row.Scan(&it.Prompt, &it.ID, &it.Code, &it.Title, &it.Opened, &it.Done)
		return it, err
	}, with+`SELECT p.id, l.id, p.code, l.title, p.opened_at, (SELECT COUNT(*) FROM lesson_done d WHERE d.push = l.id)
		FROM p JOIN lesson_push l ON l.id = p.ref ORDER BY p.id DESC`, args...)
}

// ItemsFor implements engine.OpenItemLister.
func (f *Feature) ItemsFor(tx *store.Tx, unit string, member int64) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, time.Time{})
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		var ref string
		err = row.Scan(&it.Prompt, &it.ID, &it.Code, &it.Title, &it.Mine, &ref)
		it.Data = ref
		return it, err
	}, with+`SELECT p.id, l.id, p.code, l.title, COALESCE((SELECT 'yes' FROM lesson_done d WHERE d.push = l.id AND d.member = $3), ''), l.lesson
		FROM p JOIN lesson_push l ON l.id = p.ref ORDER BY p.id DESC`, append(args, member)...)
}

// ItemCommands implements engine.OpenItemLister: a lesson ends by itself.
func (f *Feature) ItemCommands() engine.ItemCommands { return nil }

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{{Name: "lesson_done", Where: "member = $1"}}
}
