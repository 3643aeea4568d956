package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/feature/award"
	"branchbot/bot/feature/lesson"
	"branchbot/bot/points"
	"branchbot/bot/roster"
	"branchbot/content"
	"branchbot/store"
)

// mePage is the member's own: what is open for him, to be answered here; his
// points, honours and choices; where he is logged in, and his password. Nothing
// in its address says whose it is: it is always that of who asks.
var mePage = page{path: "me", title: "console.title.me", role: engine.OnRoster, nav: true, own: true, view: "me", get: showMe, post: changeMe}

// me is what the page shows.
type me struct {
	Open     []asked
	Points   int64
	Entries  []earned
	Paging   Paging
	Years    []int
	Honours  []award.Honour
	Listed   bool   // there is a board of points
	Board    string // the address of the unit's board; "": there is none
	Sessions []session
	Rooms    []roster.Room // where the browser room is open
	Current  int64
	Password bool // he has one
}

// asked is something that is open and that the member may answer.
type asked struct {
	Prompt   int64
	Feature  string
	ID       int64 // of the round, check-in …
	Code     int
	Number   string // of a notice
	Text     string // what is asked
	Closes   int64  // 0: no end
	Mine     string // how he has answered, in the feature's words; "": not yet
	Unit     string // the name of another unit than his own
	Question *content.Question
	Body     string // of a lesson
	Kind     string // of a survey
	Named    bool   // of a survey: an anonymous one is not filled in at a page
}

// earned is an entry of the ledger with what it was for.
type earned struct {
	points.Entry
	For string
}

func showMe(r *Request) (err error) {
	d := me{Current: r.session.ID, Listed: feature[*points.Feature](r.server).Board()}
	if d.Open, err = r.openForMe(); err != nil {
		return err
	}
	if err := r.points(&d); err != nil {
		return err
	}
	if d.Years, err = r.years(); err != nil {
		return err
	}
	if d.Honours, err = award.Of(r.Tx, r.Member.ID); err != nil {
		return err
	}
	if d.Board, err = r.board(); err != nil {
		return err
	}
	if d.Sessions, err = sessionsOf(r.Tx, r.Member.ID); err != nil {
		return err
	}
	if d.Rooms, err = roster.Rooms(r.Tx, r.Member.ID); err != nil {
		return err
	}
	stored, err := passwordOf(r.Tx, r.Member.ID)
	if err != nil {
		return err
	}
	d.Password = stored != ""
	return r.Show(d)
}

// openForMe is what is open in the member's unit and in those above it, what he
// has not answered first.
func (r *Request) openForMe() ([]asked, error) {
	line, err := r.server.Engine.Directory.Line(r.Tx, r.Member.Unit)
	if err != nil {
		return nil, err
	}
	var all []asked
	for _, u := range line {
		open, err := myAsks(r.Tx, u.ID, r.Member.ID)
		if err != nil {
			return nil, err
		}
		bodies, err := r.bodies(u.ID, open)
		if err != nil {
			return nil, err
		}
		for i := range open {
			a := &open[i]
			if u.ID != r.Unit.ID {
				a.Unit = u.Name
			}
			a.Body = bodies[a.ID]
			if a.Feature != "lesson" {
				a.Body = ""
			}
			if err := a.read(); err != nil {
				return nil, err
			}
		}
		all = append(all, open...)
	}
	slices.SortStableFunc(all, func(a, b asked) int {
		return cmp.Or(cmp.Compare(min(len(a.Mine), 1), min(len(b.Mine), 1)), cmp.Compare(b.Prompt, a.Prompt))
	})
	return all, nil
}

// read takes the question out of a round.
func (a *asked) read() error {
	if a.Feature != "quiz" {
		a.Text = chat.Clean(a.Text)
		return nil
	}
	a.Question = &content.Question{}
	if err := json.Unmarshal([]byte(a.Text), a.Question); err != nil {
		return fmt.Errorf("round %d: %w", a.ID, err)
	}
	a.Text = a.Question.Ask
	return nil
}

// Letters are the options of a question with their letters.
func (a asked) Letters() (out [][2]string) {
	for i, o := range a.Question.Options {
		out = append(out, [2]string{string(rune('A' + i)), o})
	}
	return out
}

// bodies are the texts of a unit's lessons that are open, by the push.
func (r *Request) bodies(unit string, open []asked) (map[int64]string, error) {
	if !slices.ContainsFunc(open, func(a asked) bool { return a.Feature == "lesson" }) {
		return nil, nil
	}
	list, err := feature[*lesson.Feature](r.server).Readings(r.Tx, unit, "", 20)
	bodies := map[int64]string{}
	for _, l := range list {
		bodies[l.Push] = chat.Part{Spans: l.Body}.Plain()
	}
	return bodies, err
}

// points are the member's balance and his entries, wherever he has belonged.
func (r *Request) points(d *me) (err error) {
	if d.Points, err = points.Balance(r.Tx, r.Member.ID); err != nil {
		return err
	}
	_, units, err := r.server.staysOf(r.Tx, r.Member.ID)
	if err != nil {
		return err
	}
	n, err := points.CountOf(r.Tx, units, r.Member.ID)
	if err != nil {
		return err
	}
	d.Paging = r.Paging(n)
	last, err := points.Last(r.Tx, units, r.Member.ID, d.Paging.Offset()+d.Paging.Size)
	if err != nil {
		return err
	}
	known := map[string]string{}
	for _, e := range last[min(d.Paging.Offset(), len(last)):] {
		one := earned{Entry: e, For: e.Note}
		if kind, id, ok := strings.Cut(e.Cause, ":"); ok && one.For == "" {
			if known[e.Cause] == "" {
				title, err := titleOf(r.Tx, kind, id)
				if err != nil {
					return err
				}
				known[e.Cause] = heading(&item{Feature: map[string]string{"round": "quiz"}[kind], Title: title})
			}
			one.For = known[e.Cause]
		}
		d.Entries = append(d.Entries, one)
	}
	return nil
}

// years are those of which the member can have a handbook, the last one first.
func (r *Request) years() ([]int, error) {
	first, err := firstYear(r.Tx, r.Member.ID)
	this := r.Now.In(r.Unit.Zone).Year()
	if first == 0 || first > this {
		first = this
	}
	var years []int
	for y := this; y >= first; y-- {
		years = append(years, y)
	}
	return years, err
}

// changeMe does what the member would do in private; ends sessions; sets the
// password or takes it away.
func changeMe(r *Request) (err error) {
	said := ""
	switch r.Field("do") {
	case "answer":
		return r.answer()
	case "press":
		return r.pressed(r.Field("data"))
	case "type":
		return r.mine("", engine.Act{Line: strings.TrimLeft(r.line("text"), "/／")}) // no command: the audit would name it
	case "language":
		return r.mine("", engine.Act{Line: "/语言 " + oneWord(r.Field("language"))})
	case "board":
		return r.mine("", engine.Act{Line: "/排行 " + oneWord(r.Field("board"))})
	case "end":
		said, err = "console.sessions_ended", r.endSession()
	case "end_room":
		said, err = "console.rooms_ended", r.endRoom()
	case "password":
		said, err = "console.me.password_set", r.setPassword()
	case "no_password":
		said, err = "console.me.password_gone", r.server.DB.Write(func(tx *store.Tx) error { return dropPassword(tx, r.Member.ID) })
	default:
		err = complain(http.StatusBadRequest, "console.old_form")
	}
	if err != nil {
		return err
	}
	if err := r.Audit(r.Field("do"), ""); err != nil {
		return err
	}
	if err := r.Say(said); err != nil {
		return err
	}
	return r.redirect(Root + "me")
}

// longestAnswer bounds what can be typed, in letters.
const longestAnswer = 200

// answer answers a prompt, as the press of its button would.
func (r *Request) answer() error {
	prompt, err := strconv.ParseInt(r.Field("prompt"), 10, 64)
	value := strings.Join(strings.Fields(strings.Join(r.PostForm["value"], "")), " ")
	if err != nil || len([]rune(value)) > longestAnswer {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	if value == "" {
		return complain(http.StatusBadRequest, "console.me.nothing_chosen")
	}
	return r.mine(r.Field("prompt"), engine.Act{Press: fmt.Sprintf("p:%d:%s", prompt, value)})
}

// pressed presses a button of what was said, or of a survey or an honour.
func (r *Request) pressed(data string) error {
	if data == "" || len(data) > 64 {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	return r.mine("", engine.Act{Press: data})
}

// mine does something and shows the page again. What may not be stored is shown
// in the answer to the form itself, and kept nowhere.
func (r *Request) mine(ref string, a engine.Act) error {
	done, err := r.Act(ref, a)
	if err != nil {
		return err
	}
	if !done.Sealed {
		return r.redirect(Root + "me")
	}
	return r.look(func() error {
		if err := r.prepare(); err != nil {
			return err
		}
		r.flash, r.sealed = &flash{Said: done.Said, Bad: done.Refused}, true
		return showMe(r)
	})
}

// Sealed tells that the page shows a step of something that is kept nowhere: it
// can be answered by typing, too.
func (r *Request) Sealed() bool { return r.sealed }

// PressAt is where the buttons of a flash are pressed.
func (r *Request) PressAt() string {
	if r.page.own {
		return Root + "me"
	}
	return r.To("press")
}

func (r *Request) endSession() error {
	id, err := strconv.ParseInt(r.Field("session"), 10, 64)
	if err != nil {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	return r.server.DB.Write(func(tx *store.Tx) error {
		if err := endSessionOf(tx, r.Member.ID, id, r.session.ID); err != nil || id != 0 {
			return err
		}
		return r.endRooms(tx, 0) // all others: those of the room, too
	})
}

// endRoom ends a session of the browser room.
func (r *Request) endRoom() error {
	id, err := strconv.ParseInt(r.Field("session"), 10, 64)
	if err != nil || id == 0 {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	return r.server.DB.Write(func(tx *store.Tx) error { return r.endRooms(tx, id) })
}

// endRooms ends sessions of the room with what they have opened, but for this session.
func (r *Request) endRooms(tx *store.Tx, id int64) error {
	return spared(tx, r.session, func() error { return feature[*roster.Feature](r.server).EndRooms(tx, r.Member.ID, id) })
}

// askOf is what the template "ask" shows.
type askOf struct {
	Request *Request
	Ask     asked
}

// About is for {{template "ask" ($.About .)}}.
func (r *Request) About(a asked) askOf { return askOf{r, a} }

// Did tells how the member has answered.
func (r *Request) Did(a asked) string {
	switch {
	case a.Mine == "":
		return r.T("console.member.did_not")
	case a.Feature == "quiz" && (a.Mine == "true" || a.Mine == "false"):
		return r.T("console.me.answered", "Value", r.T("quiz."+a.Mine))
	case a.Feature == "quiz":
		return r.T("console.me.answered", "Value", a.Mine)
	case a.Feature == "checkin":
		return r.T("checkin.state." + a.Mine)
	case a.Feature == "signup":
		return r.T("signup.state." + a.Mine)
	}
	return r.T("console.member.did")
}
