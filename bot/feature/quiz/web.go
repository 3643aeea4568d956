package quiz

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"branchbot/bot/draw"
	"branchbot/bot/engine"
	"branchbot/bot/web"
	"branchbot/content"
	"branchbot/store"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Pages implements web.Paged: rounds by day, and one with its count, who has not answered,
// and the result once it is closed.
func (f *Feature) Pages() []web.Page {
	return []web.Page{
		{Path: "rounds", Title: "quiz.page.title", Role: engine.Secretary, Nav: web.Nav{Group: web.Publish, Order: 30}, View: views.Of("rounds"),
			Get: showRounds, Post: changeRounds, Pulse: Pulse},
		{Path: "rounds/{id}", Title: "quiz.page.one", Role: engine.Secretary, View: views.Of("round"), Get: showRound, Post: changeRound, Pulse: Pulse},
	}
}

func showRounds(r *web.Request) error {
	from, to := r.Days()
	n, err := Rounds(r.Tx, r.Unit.ID, from, to)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	list, err := Summaries(r.Tx, r.Unit.ID, from, to, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	return r.Show(struct {
		Rounds []Summary
		Paging web.Paging
		Days   web.Period
	}{list, paging, web.Period{From: from, To: to}})
}

func changeRounds(r *web.Request) error {
	switch r.Field("do") {
	case "ask":
		return r.Command("", "rounds", "/出题", r.Line("from"))
	case "close":
		return r.CloseCode("rounds")
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}

func showRound(r *web.Request) error {
	id, err := r.ID()
	if err != nil {
		return err
	}
	paging := r.Paging(1 << 20) // how many are missing is known afterwards
	s, err := Stand(r.Turn(), id, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	if s == nil {
		return web.UserError(http.StatusNotFound, "console.not_found")
	}
	return r.Show(struct {
		*Standing
		Paging web.Paging
	}{s, r.Paging(s.Total)})
}

func changeRound(r *web.Request) error {
	if r.Field("do") != "close" {
		return web.UserError(http.StatusBadRequest, "console.old_form")
	}
	return r.CloseCode("rounds/" + r.PathValue("id"))
}

// answerForm is what the form below an open question shows.
type answerForm struct {
	engine.OpenItem
	Question *content.Question
	Letters  [][2]string // the options with their letters
	Form     string      // see typeInfo
}

// AnswerForm implements web.Answered.
func (f *Feature) AnswerForm(r *web.Request, it engine.OpenItem) (did string, form template.HTML, err error) {
	d := answerForm{OpenItem: it, Question: it.Data.(*content.Question)}
	d.Form = types[d.Question.Type].form
	for i, o := range d.Question.Options {
		d.Letters = append(d.Letters, [2]string{string(rune('A' + i)), o})
	}
	switch it.Mine {
	case "":
	case "true", "false":
		did = r.T("quiz.page.did", "Value", r.T("quiz."+it.Mine))
	default:
		did = r.T("quiz.page.did", "Value", it.Mine)
	}
	form, err = r.Render(views.Of("answer"), d)
	return did, form, err
}

// titled puts the question of a round, as its row has it, into an item.
func titled(it *engine.OpenItem, text string) error {
	q := &content.Question{}
	if err := json.Unmarshal([]byte(text), q); err != nil {
		return fmt.Errorf("round %d: %w", it.ID, err)
	}
	it.Title, it.Data = q.Ask, q
	return nil
}

// OpenItems implements engine.OpenItemLister.
func (f *Feature) OpenItems(tx *store.Tx, unit string, since time.Time) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, since)
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		var text string
		if err = row.Scan(&it.Prompt, &it.ID, &it.Code, &text, &it.Opened, &it.Closes, &it.Done); err == nil {
			err = titled(&it, text)
		}
		return it, err
	}, with+`SELECT p.id, r.id, p.code, r.content, p.opened_at, r.closes_at, (SELECT COUNT(*) FROM answer a WHERE a.round = r.id)
		FROM p JOIN round r ON r.id = p.ref ORDER BY p.id DESC`, args...)
}

// ItemsFor implements engine.OpenItemLister: Mine is the member's answer.
func (f *Feature) ItemsFor(tx *store.Tx, unit string, member int64) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, time.Time{})
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		var text string
		it.ByName = true
		if err = row.Scan(&it.Prompt, &it.ID, &it.Code, &text, &it.Closes, &it.Mine); err == nil {
			err = titled(&it, text)
		}
		return it, err
	}, with+`SELECT p.id, r.id, p.code, r.content, r.closes_at, COALESCE((SELECT a.value FROM answer a WHERE a.round = r.id AND a.member = $3), '')
		FROM p JOIN round r ON r.id = p.ref ORDER BY p.id DESC`, append(args, member)...)
}

// ItemCommands implements engine.OpenItemLister.
func (f *Feature) ItemCommands() engine.ItemCommands {
	return engine.ItemCommands{"close": "/结束 %s"}
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{{Name: "answer", Where: "member = $1"}, {Name: "answer_late", Where: "member = $1"}}
}

// Media implements engine.MediaMaker: round:ID.png.
func (f *Feature) Media() map[string]engine.MakeMedia {
	return map[string]engine.MakeMedia{"round": func(tx *store.Tx, d engine.Directory, name string) ([]byte, string, error) {
		data, err := Picture(tx, name, d.Unit)
		return data, draw.Type, err
	}}
}
