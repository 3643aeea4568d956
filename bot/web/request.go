package web

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/schedules"
	"branchbot/store"
)

// Request is one request of a member who may make it: he is on the roster, has
// the page's role in the unit, and his form is his own.
type Request struct {
	*http.Request
	Member *engine.Member
	Unit   *engine.Unit
	Role   engine.Role // in Unit
	Top    bool        // he may change what holds for all units
	Lang   string
	Now    time.Time
	Tx     *store.Tx // of a GET: all of it sees one state; nil in a POST

	server *Server
	page   Page
	// Subject is the member whom a page is about; nil on other pages.
	Subject *engine.Member

	session *session
	w       http.ResponseWriter
	audited bool
	flash   *flash // that this page shows
	sealed  bool   // it is stored nowhere
	Data    any    // of the page's template
	units   chooser
	seen    string // mark of the pulse that this page shows; "" when it is not live
}

// userError is an error that the person can mend.
type userError struct {
	status int
	key    string
	args   []any
}

func (f *userError) Error() string { return "fault: " + f.key }

// UserError makes a fault: a friendly page with a line of the catalogue.
func UserError(status int, key string, args ...any) error { return &userError{status, key, args} }

// inUnit finds out who asks and whether he may, and then shows the page or does
// what its form wants.
func (s *Server) inUnit(p Page) http.HandlerFunc {
	return func(w http.ResponseWriter, hr *http.Request) {
		r := s.stranger(w, hr)
		r.page = p
		defer func() {
			if what := recover(); what != nil {
				r.fail(fmt.Errorf("panic: %v\n%s", what, debug.Stack()))
			}
		}()
		err := s.DB.Read(func(tx *store.Tx) error {
			r.Tx, r.Now = tx, tx.Now
			defer func() { r.Tx = nil }()
			if err := r.authorise(hr.PathValue("unit")); err != nil || hr.Method == http.MethodPost {
				return err
			}
			if err := r.prepare(); err != nil {
				return err
			}
			return p.Get(r)
		})
		if err == nil && r.session != nil {
			err = s.touch(r)
		}
		if err == nil && hr.Method == http.MethodPost {
			err = r.change()
		}
		if err != nil {
			r.fail(err)
		}
	}
}

// stranger is a request of whom nothing is known yet.
func (s *Server) stranger(w http.ResponseWriter, hr *http.Request) *Request {
	return &Request{Request: hr, server: s, w: w, Lang: s.Language, Now: s.DB.Now()}
}

// errEnter leads to the entry: there is no session, or no longer.
var errEnter = errors.New("no session")

// authorise fills in who asks, in which unit ("": his own).
func (r *Request) authorise(unit string) (err error) {
	if r.session, r.Member, err = r.server.current(r.Tx, r.Request); err != nil {
		return err
	}
	d := r.server.Engine.Directory
	home, err := d.Home(r.Tx, r.Member)
	if err != nil {
		return err
	}
	r.Unit = home
	if !r.page.Own && unit != home.ID {
		r.Unit, err = d.Unit(r.Tx, unit)
		if errors.Is(err, store.ErrNoRows) {
			r.Unit = nil
			return UserError(http.StatusNotFound, "console.not_found")
		}
		if err != nil {
			return err
		}
	}
	if r.Lang = r.Member.Language; r.Lang == "" {
		r.Lang = r.Unit.Language
	}
	if r.Role, err = d.Role(r.Tx, r.Member, r.Unit.ID); err != nil {
		return err
	}
	top, err := d.Role(r.Tx, r.Member, r.server.Options.Top)
	if errors.Is(err, store.ErrNoRows) {
		top, err = engine.Anyone, nil
	}
	r.Top = top >= engine.Secretary
	if err != nil {
		return err
	}
	// Whether a unit exists is not told to those who may not see it.
	switch {
	case r.Role < engine.OnRoster && !r.page.Own, r.page.Top && !r.Top:
		r.Unit = nil
		return UserError(http.StatusNotFound, "console.not_found")
	case r.Role < r.page.Role:
		return UserError(http.StatusForbidden, "console.secretaries_only")
	}
	return nil
}

// change does what a form wants.
func (r *Request) change() error {
	limit, parse := int64(maxForm), r.ParseForm
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		limit, parse = maxFile, func() error { return r.ParseMultipartForm(maxFile) }
	}
	r.Body = http.MaxBytesReader(r.w, r.Body, limit)
	if err := parse(); err != nil {
		return UserError(http.StatusRequestEntityTooLarge, "console.too_big")
	}
	if !r.session.isForm(r.PostForm.Get("csrf")) {
		return UserError(http.StatusForbidden, "console.old_form")
	}
	if err := r.page.Post(r); err != nil {
		return err
	}
	if !r.audited {
		return r.Audit("post", "")
	}
	return nil
}

// T is a text of the catalogue; args are name, value …
func (r *Request) T(key string, args ...any) string { return locale.Text(r.Lang, key, args...) }

// Turn is for asking features what they would tell the member here, in a GET.
func (r *Request) Turn() *engine.Turn {
	return r.server.Engine.Look(r.Tx, r.Member, r.Unit, r.Role, r.Lang)
}

// Deadline tells the end of something in words, in the unit's zone.
func (r *Request) Deadline(at time.Time) string {
	return schedules.Deadline(at, r.Now, r.Unit.Zone, r.Lang)
}

// At tells an instant in words, in the unit's zone.
func (r *Request) At(at time.Time) string { return schedules.Instant(at, r.Now, r.Unit.Zone, r.Lang) }

// Ms is At for a time as the database has it.
func (r *Request) Ms(ms int64) string { return r.At(time.UnixMilli(ms)) }

// Day is the day key of now in the unit's zone.
func (r *Request) Day() string { return r.Now.In(r.Unit.Zone).Format(time.DateOnly) }

// To is the address of a page in this unit, with values of its query: name,
// value, name, value …
func (r *Request) To(path string, query ...any) string {
	at := Root + "u/" + url.PathEscape(r.Unit.ID) + "/" + path
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if v := fmt.Sprint(query[i+1]); v != "" {
			q.Set(fmt.Sprint(query[i]), v)
		}
	}
	if len(q) > 0 {
		at += "?" + q.Encode()
	}
	return at
}

// Hidden are the fields that every form must have: that it is the member's own,
// and a key that makes it count once.
func (r *Request) Hidden() template.HTML {
	return template.HTML(`<input type="hidden" name="csrf" value="` + r.session.form() + `"><input type="hidden" name="key" value="` + rand.Text() + `">`)
}

// Field is a value of the form, without spaces around it.
func (r *Request) Field(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }

// Act does what a form wants as an act of the engine (see engine.Act); Member,
// Unit and Key are filled in. It notes the act for the audit, ref being the
// number or id of what it is about, and keeps what was said for the next page.
func (r *Request) Act(ref string, a engine.Act) (engine.Acted, error) {
	a.Member, a.Unit, a.Key, a.OpenedBy = r.Member.ID, r.Unit.ID, r.Field("key"), r.session.openedBy
	if len(a.Key) < 8 || len(a.Key) > 64 {
		return engine.Acted{}, UserError(http.StatusForbidden, "console.old_form")
	}
	name := "press"
	if strings.HasPrefix(a.Line, "/") {
		name, _, _ = strings.Cut(a.Line, " ")
	} else if a.Line != "" { // whose words are nobody's business
		name = "type"
	} else if a.Do != nil {
		name = "post"
	}
	if err := r.Audit(name, ref); err != nil {
		return engine.Acted{}, err
	}
	done, err := r.server.Act(r.Context(), a)
	if err != nil || done.Again || done.Sealed { // a flash is stored as it is
		return done, err
	}
	return done, r.keep(&flash{Said: done.Said, Bad: done.Refused})
}

// Command runs a command of the chat, given as its name and arguments, and goes
// back to a page of the unit. An argument is one word or the rest of the line.
func (r *Request) Command(ref, back string, words ...string) error {
	line := strings.Join(words, " ")
	if _, is := command.Parse(line); !is {
		return fmt.Errorf("act on page %s: %q is no command", r.page.Path, words[0])
	}
	if _, err := r.Act(ref, engine.Act{Line: line}); err != nil {
		return err
	}
	return r.Back(back)
}

// Say keeps a line for the next page.
func (r *Request) Say(key string, args ...any) error {
	return r.keep(&flash{Said: []chat.Message{chat.Text(r.T(key, args...))}})
}

// Back leads to a page of the unit after a form.
func (r *Request) Back(path string) error { return r.Redirect(r.To(path)) }

func (r *Request) Redirect(to string) error {
	http.Redirect(r.w, r.Request, to, http.StatusSeeOther)
	return nil
}

// press presses a button of a flash.
func press(r *Request) error {
	data := r.Field("data")
	if data == "" || len(data) > 64 {
		return UserError(http.StatusBadRequest, "console.old_form")
	}
	done, err := r.Act("", engine.Act{Press: data})
	if err == nil && done.Sealed {
		err = r.Say("console.sealed")
	}
	if err != nil {
		return err
	}
	back := r.Field("back")
	if !strings.HasPrefix(back, r.To("")) || strings.ContainsAny(back, "\\\r\n") || strings.Contains(back, "..") { // never to somewhere else
		back = r.To("today")
	}
	return r.Redirect(back)
}

// flash is what one page tells once.
type flash struct {
	Said []chat.Message `json:"said"`
	Bad  bool           `json:"bad,omitempty"`
}

// Lines are the texts of what is told.
func (f *flash) Lines() []string {
	var lines []string
	for _, m := range f.Said {
		lines = append(lines, chat.Part{Spans: m.Spans}.Plain())
	}
	return lines
}

// Buttons are what can be pressed.
func (f *flash) Buttons() []chat.Button {
	var all []chat.Button
	for _, m := range f.Said {
		for _, row := range m.Buttons {
			all = append(all, row...)
		}
	}
	return all
}

// keep keeps a flash for the next page of the session; nil: there is none.
func (r *Request) keep(f *flash) error {
	if f == nil {
		return r.server.DB.Write(func(tx *store.Tx) error { return setFlash(tx, r.session.ID, "") })
	}
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return r.server.DB.Write(func(tx *store.Tx) error { return setFlash(tx, r.session.ID, string(text)) })
}

// Again shows a page in answer to a form, for what has to be mended in it.
func (r *Request) Again(show func(*Request) error) error {
	return r.server.DB.Read(func(tx *store.Tx) error {
		r.Tx = tx
		defer func() { r.Tx = nil }()
		if err := r.prepare(); err != nil {
			return err
		}
		return show(r)
	})
}

// Show renders the page's template with data and sends it.
func (r *Request) Show(data any) error {
	r.Data = data
	var out bytes.Buffer
	if err := r.page.View.tmpl.Execute(&out, r); err != nil {
		return fmt.Errorf("page %s: %w", r.page.Path, err)
	}
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := r.w.Write(out.Bytes())
	if err != nil {
		return nil // the browser went away
	}
	return nil
}

// fail shows what went wrong, without what is inside.
func (r *Request) fail(err error) {
	if errors.Is(err, errEnter) {
		http.Redirect(r.w, r.Request, Root+"enter", http.StatusSeeOther)
		return
	}
	status, line := http.StatusInternalServerError, r.T("console.failed")
	var f *userError
	if errors.As(err, &f) {
		status, line = f.status, r.T(f.key, f.args...)
	} else if !errors.Is(err, r.Context().Err()) || r.Context().Err() == nil {
		r.server.Log.Error("console", "page", r.page.Path, "error", err)
	}
	var out bytes.Buffer
	r.page = Page{Path: "error", Title: "console.title.error"}
	r.Data = line
	if err := views.Of("error").tmpl.Execute(&out, r); err != nil {
		r.server.Log.Error("console", "page", "error", "error", err)
	}
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.w.WriteHeader(status)
	_, _ = r.w.Write(out.Bytes())
}

func (s *Server) notFound(w http.ResponseWriter, hr *http.Request) {
	s.stranger(w, hr).fail(UserError(http.StatusNotFound, "console.not_found"))
}

// Export gives out a file for saving, after noting who takes it. ref is the number or id
// of what it is about.
func (r *Request) Export(ref, name, mediaType string, data []byte) error {
	if err := r.Audit("export", ref); err != nil {
		return err
	}
	r.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": chat.CleanName(name)}))
	return r.Send(mediaType, data)
}

// Send answers with something else than a page.
func (r *Request) Send(mediaType string, data []byte) error {
	r.w.Header().Set("Content-Type", mediaType)
	_, _ = r.w.Write(data) // or the browser went away
	return nil
}

// Directory knows units and members.
func (r *Request) Directory() engine.Directory { return r.server.Engine.Directory }

// Write changes the database in a POST.
func (r *Request) Write(change func(*store.Tx) error) error { return r.server.DB.Write(change) }

// NothingChanged tells that a POST needs no row for the audit.
func (r *Request) NothingChanged() { r.audited = true }

// DropFlash leaves out of the page what it tells once, because it shows it by itself.
func (r *Request) DropFlash() { r.flash = nil }

// ForgetSaid drops what an act has said: the page of this answer shows it, and not the next.
func (r *Request) ForgetSaid() error { return r.keep(nil) }

// Lines are the texts of what was said.
func Lines(said []chat.Message) []string { return (&flash{Said: said}).Lines() }
