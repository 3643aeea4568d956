package web

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"branchbot/bot/engine"
	"branchbot/store"
)

// The page me is the member's own: what is open for them, to be answered here; what
// features have of them, as parts; where they are logged in, and their password. Nothing
// in its address says whose it is: it is always that of who asks.

// me is what the page shows.
type me struct {
	Open     []openForMe
	Sessions []session
	Rooms    []Room // where the browser room is open
	Current  int64
	Password bool // they have one
}

// openForMe is an open item with the form that answers it.
type openForMe struct {
	engine.OpenItem
	Unit string // the name of another unit than their own
	Did  string // how they have answered; "": not yet
	Form template.HTML
}

func showMe(r *Request) (err error) {
	d := me{Current: r.session.ID}
	if d.Open, err = r.openForMe(); err != nil {
		return err
	}
	if d.Sessions, err = sessionsOf(r.Tx, r.Member.ID); err != nil {
		return err
	}
	if d.Rooms, err = r.server.Roster.Rooms(r.Tx, r.Member.ID); err != nil {
		return err
	}
	stored, err := passwordOf(r.Tx, r.Member.ID)
	if err != nil {
		return err
	}
	d.Password = stored != ""
	return r.Show(d)
}

// openForMe is what is open in the member's unit and in those above it, what they
// have not answered first.
func (r *Request) openForMe() ([]openForMe, error) {
	line, err := r.Directory().Line(r.Tx, r.Member.Unit)
	if err != nil {
		return nil, err
	}
	var all []openForMe
	for _, u := range line {
		open, err := r.server.Engine.ItemsFor(r.Tx, u.ID, r.Member.ID)
		if err != nil {
			return nil, err
		}
		for _, it := range open {
			answered, ok := r.server.Engine.Feature(it.Feature).(Answered)
			if !ok {
				continue
			}
			one := openForMe{OpenItem: it}
			if u.ID != r.Unit.ID {
				one.Unit = u.Name
			}
			if one.Did, one.Form, err = answered.AnswerForm(r, it); err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	slices.SortStableFunc(all, func(a, b openForMe) int {
		return cmp.Or(cmp.Compare(min(len(a.Mine), 1), min(len(b.Mine), 1)), cmp.Compare(b.Prompt, a.Prompt))
	})
	return all, nil
}

// changeMe does what the member would do in private; ends sessions; sets the
// password or takes it away.
func changeMe(r *Request) (err error) {
	if did, err := r.PostPart("me"); did || err != nil {
		return err
	}
	said := ""
	switch r.Field("do") {
	case "answer":
		return r.answer()
	case "press":
		return r.pressed(r.Field("data"))
	case "type":
		return r.Mine("", engine.Act{Line: strings.TrimLeft(r.Line("text"), "/／")}) // no command: the audit would name it
	case "language":
		return r.Mine("", engine.Act{Line: "/语言 " + OneWord(r.Field("language"))})
	case "end":
		said, err = "console.sessions_ended", r.endSession()
	case "end_room":
		said, err = "console.rooms_ended", r.endRoom()
	case "password":
		said, err = "console.me.password_set", r.setPassword()
	case "no_password":
		said, err = "console.me.password_gone", r.Write(func(tx *store.Tx) error { return dropPassword(tx, r.Member.ID) })
	default:
		err = UserError(http.StatusBadRequest, "console.old_form")
	}
	if err != nil {
		return err
	}
	return r.Changed(said)
}

// Changed notes for the audit what a form of the member's own page did, says so and shows
// the page again.
func (r *Request) Changed(said string) error {
	if err := r.Audit(r.Field("do"), ""); err != nil {
		return err
	}
	if err := r.Say(said); err != nil {
		return err
	}
	return r.Redirect(Root + "me")
}

// longestAnswer bounds what can be typed, in letters.
const longestAnswer = 200

// answer answers a prompt, as the press of its button would.
func (r *Request) answer() error {
	prompt, err := strconv.ParseInt(r.Field("prompt"), 10, 64)
	value := strings.Join(strings.Fields(strings.Join(r.PostForm["value"], "")), " ")
	if err != nil || len([]rune(value)) > longestAnswer {
		return UserError(http.StatusBadRequest, "console.old_form")
	}
	if value == "" {
		return UserError(http.StatusBadRequest, "console.me.nothing_chosen")
	}
	return r.Mine(r.Field("prompt"), engine.Act{Press: fmt.Sprintf("p:%d:%s", prompt, value)})
}

// pressed presses a button of what was said, or of a part of the page.
func (r *Request) pressed(data string) error {
	if data == "" || len(data) > 64 {
		return UserError(http.StatusBadRequest, "console.old_form")
	}
	return r.Mine("", engine.Act{Press: data})
}

// Mine does something and shows the member's own page again. What may not be stored is
// shown in the answer to the form itself, and kept nowhere.
func (r *Request) Mine(ref string, a engine.Act) error {
	done, err := r.Act(ref, a)
	if err != nil {
		return err
	}
	if !done.Sealed {
		return r.Redirect(Root + "me")
	}
	return r.Read(func() error {
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
	if r.page.Own {
		return Root + "me"
	}
	return r.To("press")
}

func (r *Request) endSession() error {
	id, err := strconv.ParseInt(r.Field("session"), 10, 64)
	if err != nil {
		return UserError(http.StatusBadRequest, "console.old_form")
	}
	return r.Write(func(tx *store.Tx) error {
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
		return UserError(http.StatusBadRequest, "console.old_form")
	}
	return r.Write(func(tx *store.Tx) error { return r.endRooms(tx, id) })
}

// endRooms ends sessions of the room, all for 0, with what they have opened, but for this
// session.
func (r *Request) endRooms(tx *store.Tx, id int64) error {
	return spared(tx, r.session, func() error { return r.server.Roster.EndRooms(tx, r.Member.ID, id) })
}
