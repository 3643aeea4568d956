package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/rehearse"
	"branchbot/store"
)

// What pages with forms share.

// feature is the bot's feature of a type, for what it offers to pages.
func feature[F engine.Feature](s *Server) F {
	for _, f := range s.Engine.Features {
		if found, ok := f.(F); ok {
			return found
		}
	}
	panic(fmt.Sprintf("there is no feature %T", *new(F))) // a mistake of the program
}

// id is the number in the address of the page.
func (r *Request) id() (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, complain(http.StatusNotFound, "console.not_found")
	}
	return id, nil
}

// look reads in a POST, in which Tx is nil.
func (r *Request) look(read func() error) error {
	return r.server.DB.Read(func(tx *store.Tx) error {
		r.Tx = tx
		defer func() { r.Tx = nil }()
		return read()
	})
}

// again shows the page in answer to a form that changes nothing: a preview.
func (r *Request) again(show func() error) error {
	if err := r.Audit("preview", ""); err != nil {
		return err
	}
	return r.look(func() error {
		if err := r.prepare(); err != nil {
			return err
		}
		return show()
	})
}

// do runs what a feature does for a page where a chat has no command for it,
// and goes back to a page of the unit. ref goes into the audit.
func (r *Request) do(ref, back string, do func(*engine.Turn) error) error {
	if _, err := r.Act(ref, engine.Act{Do: do}); err != nil {
		return err
	}
	return r.Back(back)
}

// complaint is the line of an error that the person can mend.
func (r *Request) complaint(err error) (string, bool) {
	var c *engine.Complaint
	if !errors.As(err, &c) {
		return "", false
	}
	return r.T(c.Key, c.Args...), true
}

// line is a field as one line: a command's arguments must not become several.
func (r *Request) line(name string) string { return strings.Join(strings.Fields(r.Field(name)), " ") }

// ticked are the ids of the boxes of a name that were ticked.
func (r *Request) ticked(name string) (ids []int64, err error) {
	for _, text := range r.PostForm[name] {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, complain(http.StatusBadRequest, "console.old_form")
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// day is a field that is a day, 2006-01-02; "" when it is none.
func (r *Request) day(name string) string {
	if _, err := time.Parse(time.DateOnly, r.Field(name)); err != nil {
		return ""
	}
	return r.Field(name)
}

// instant is a field of the type datetime-local, in the unit's zone; zero when
// it is empty.
func (r *Request) instant(name string) (time.Time, error) {
	text := r.Field(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", text, r.Unit.Zone)
	if err != nil {
		return time.Time{}, complain(http.StatusBadRequest, "console.no_time")
	}
	return at, nil
}

// files are those of a field, in the order in which they were chosen.
func (r *Request) files(name string) ([]chat.File, error) {
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

// days are the days of a list, both with it: a year back, unless the address
// has others.
func (r *Request) days() (from, to string) {
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

// shown is a message as a platform shows it.
type shown struct {
	Platform string
	Here     bool // the unit has a group there
	Parts    []string
	Buttons  []string
	Problem  string // why it cannot be shown there
}

// previews shows a message as the groups of the unit will see it, and as the
// platforms would that Branchbot knows.
func (r *Request) previews(m chat.Message) ([]shown, error) {
	groups, err := r.server.Engine.Directory.Groups(r.Tx, r.Unit.ID)
	if err != nil {
		return nil, err
	}
	var all []shown
	seen := map[chat.AccountID]bool{}
	for _, g := range groups {
		if !seen[g.Account] {
			seen[g.Account] = true
			s := r.shownOn(m, r.server.Engine.Caps(g.Account, g.Chat))
			s.Platform, s.Here = r.T("console.preview.account", "Account", g.Account), true
			all = append(all, s)
		}
	}
	for _, p := range []string{"wechat", "telegram", "web", "sms"} {
		s := r.shownOn(m, rehearse.Platforms[p])
		s.Platform = r.T("console.platform." + p)
		all = append(all, s)
	}
	return all, nil
}

func (r *Request) shownOn(m chat.Message, caps chat.Caps) (s shown) {
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
