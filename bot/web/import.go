package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/imports"
	"branchbot/bot/locale"
	"branchbot/content"
	"branchbot/content/strict"
	"branchbot/store"
)

// What is taken in, a pack as a .zip file, or one file of questions or of a lesson, is shown
// first with what it has and what it replaces. Of a file of questions the good ones are taken
// in; what is left out is listed with the reasons, to be mended. Packs are for all units, so
// they are for the top unit's secretaries.
var (
	importPage   = page{path: "content/{id}", title: "console.title.import", role: engine.Secretary, top: true, view: "import", get: showImport, post: confirmImport}
	leftPage     = page{path: "content/{id}/left", title: "console.title.import", role: engine.Secretary, top: true, get: exportLeft}
	templatePage = page{path: "content/template", title: "console.title.import", role: engine.Secretary, get: exportTemplate}
)

var (
	// ErrPackTaken tells that a pack of the configuration has the id.
	ErrPackTaken = errors.New("a pack of the configuration has this id")
	// ErrPackChanged tells that another pack stands where this one was to go.
	ErrPackChanged = errors.New("the pack that it replaces has changed")
	// ErrNoPack tells that there is no such pack.
	ErrNoPack = errors.New("there is no such pack")
)

// compared is how many lessons or questions a pack has in the place of another.
type compared struct{ New, Changed, Same, Gone int }

// Any tells whether there is anything of it.
func (c compared) Any() bool { return c != compared{} }

// imported is what the page of a pack shows that waits for its confirmation.
type imported struct {
	ID                 int64
	Pack, Old          *content.Pack
	Base               string // which pack it was compared with
	Changed            bool   // that was another one when it was confirmed
	Lessons, Questions compared
	Left               leftOut
	Bad, Skipped       int
	Pieces             []piece
	Paging             Paging
}

// leftOut is what of a file of questions is not taken in, in the words of who sent it.
type leftOut struct {
	Title string // of the pack
	Left  []imports.Left
	Notes []string
}

// upload keeps a pack for its confirmation; with a fault the page of the content
// says where it is.
func (r *Request) upload() error {
	if !r.Top {
		return complain(http.StatusForbidden, "console.not_found")
	}
	if err := r.Audit("import", ""); err != nil {
		return err
	}
	files, err := r.files("file")
	if err != nil {
		return err
	}
	if len(files) != 1 {
		return r.wrongPack(errors.New(r.T("console.import.file_how")))
	}
	zip, left, err := r.archive(files[0])
	if err != nil {
		return r.wrongPack(err)
	}
	id, err := r.keepPack(zip, left)
	if err != nil {
		return r.wrongPack(err)
	}
	return r.Back(fmt.Sprintf("content/%d", id))
}

// text is how it is kept; "" for nothing.
func (l leftOut) text() (string, error) {
	if len(l.Left)+len(l.Notes) == 0 {
		return "", nil
	}
	text, err := json.Marshal(l)
	return string(text), err
}

// archive is the .zip file of a pack that was sent, or is made of what was; its id and title
// are made of the file's name where none are given.
func (r *Request) archive(f chat.File) (zip []byte, left leftOut, err error) {
	ending := strings.ToLower(filepath.Ext(f.Name))
	if kind := content.FileKind(f.Data); kind == "zip" || kind == "text" && ending == ".zip" {
		zip, err = content.Unzip(f.Data)
		return zip, left, err
	}
	id, title := strings.ToLower(oneWord(r.Field("id"))), r.line("title")
	if id == "" {
		id = content.PackID(cmp.Or(title, f.Name))
	}
	if title == "" {
		title = content.PackTitle(f.Name)
	}
	if ending == ".yaml" || ending == ".md" && bytes.HasPrefix(bytes.TrimSpace(f.Data), []byte("---")) {
		zip, _, err = content.Wrap(id, title, f.Name, f.Data)
		return zip, left, err
	}
	b, err := content.ReadBank(f.Name, f.Data)
	if err != nil {
		return nil, left, err
	}
	left = leftOut{title, append(imports.Bad(r.Lang, b), imports.Skipped(r.Lang, b)...), imports.Notes(r.Lang, b)}
	if len(b.Questions) == 0 {
		return nil, left, &nothingGood{left}
	}
	zip, err = b.Wrapped(id, title)
	return zip, left, err
}

// nothingGood tells that no question of a file can be used.
type nothingGood struct{ left leftOut }

func (e *nothingGood) Error() string { return "no question can be used" }

// wrongPack shows the page of the content with what is wrong with a pack.
func (r *Request) wrongPack(err error) error {
	d := library{Faults: r.faults(err)}
	return r.Again(func(r *Request) error { return r.showLibrary(d) })
}

// mostFaults is how many faults of a pack are shown.
const mostFaults = 100

// faults are the lines that tell what is wrong with a pack.
func (r *Request) faults(err error) (lines []string) {
	var none *nothingGood
	if errors.As(err, &none) {
		lines = append(lines, r.T("console.import.no_questions"))
		for i, l := range none.left.Left {
			if i == mostFaults {
				return append(lines, r.T("console.import.more", "N", len(none.left.Left)-mostFaults))
			}
			lines = append(lines, l.Where+" "+l.Why)
		}
		return append(lines, none.left.Notes...)
	}
	if text, ok := imports.Fault(r.Lang, err); ok {
		return []string{text}
	}
	for _, e := range strict.List(err) {
		var a *content.ArchiveError
		switch {
		case len(lines) == mostFaults:
			return append(lines, r.T("console.import.more", "N", len(strict.List(err))-mostFaults))
		case errors.Is(e, ErrPackTaken):
			lines = append(lines, r.T("console.import.taken"))
		case errors.As(e, &a) && a.File != "":
			lines = append(lines, r.T("console.import."+a.Kind)+" "+a.File)
		case errors.As(e, &a):
			lines = append(lines, r.T("console.import."+a.Kind))
		default:
			lines = append(lines, chat.Clean(locale.Faults(r.Lang, e)[0]))
		}
	}
	return lines
}

// waiting is a pack of the member's that waits for its confirmation.
func (r *Request) waiting(tx *store.Tx) (id int64, zip []byte, left leftOut, err error) {
	if id, err = r.id(); err != nil {
		return 0, nil, left, err
	}
	zip, text, err := importOf(tx, r.Member.ID, id)
	if err == nil && len(zip) == 0 {
		err = complain(http.StatusNotFound, "console.import.gone")
	}
	if err == nil {
		left, err = readLeft(text)
	}
	return id, zip, left, err
}

func readLeft(text string) (left leftOut, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &left)
	}
	return left, err
}

// exportLeft is the list of what is not taken in, to be mended and sent again.
func exportLeft(r *Request) error {
	id, err := r.id()
	if err != nil {
		return err
	}
	_, text, err := importOf(r.Tx, r.Member.ID, id)
	if err != nil {
		return err
	}
	left, err := readLeft(text)
	if err != nil {
		return err
	}
	if len(left.Left) == 0 {
		return complain(http.StatusNotFound, "console.import.gone")
	}
	data, err := imports.Sheet(r.Lang, left.Left)
	if err != nil {
		return err
	}
	return r.workbook("import", fmt.Sprint(id), r.T("console.import.left_file", "Title", left.Title), data)
}

// exportTemplate is an empty table of questions with examples.
func exportTemplate(r *Request) error {
	data, err := imports.Template(r.Lang)
	if err != nil {
		return err
	}
	return r.workbook("import", "", r.T("import.template"), data)
}

func (r *Request) workbook(act, ref, name string, data []byte) error {
	w, err := r.Export(act, ref, name+".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	if err != nil {
		return err
	}
	_, _ = w.Write(data) // or the browser went away
	return nil
}

func showImport(r *Request) error { return previewPack(r, false) }

// previewPack shows what a pack that waits has, compared with the one that it would
// replace now.
func previewPack(r *Request, changed bool) error {
	id, zip, left, err := r.waiting(r.Tx)
	if err != nil {
		return err
	}
	d := imported{ID: id, Changed: changed, Left: left}
	for _, l := range left.Left {
		if l.Skipped {
			d.Skipped++
		} else {
			d.Bad++
		}
	}
	if d.Pack, d.Old, d.Base, err = r.server.TryPack(zip); err != nil {
		return complain(http.StatusConflict, "console.import.gone") // what it replaces has changed meanwhile
	}
	old := d.Old
	if old == nil {
		old = &content.Pack{}
	}
	find := pieces{library: &library{}, tags: map[string]bool{}}
	was := map[string]string{}
	for _, l := range old.Lessons {
		was[l.ID] = lessonText(l)
	}
	for _, l := range d.Pack.Lessons {
		d.Lessons.add(was, l.ID, lessonText(l))
		find.add(piece{l.Ref(), l.Title, "lesson", named(d.Pack, l.Tags), 0, r.Now, "", "", content.Review{}}, d.Pack.ID)
	}
	d.Lessons.Gone = len(was)
	clear(was)
	for _, q := range old.Questions {
		was[q.ID] = q.Hash()
	}
	for _, q := range d.Pack.Questions {
		d.Questions.add(was, q.ID, q.Hash())
		find.add(piece{q.Ref(), q.Ask, string(q.Type), named(d.Pack, q.Tags), 0, r.Now, "", q.Key(), content.Review{}}, d.Pack.ID)
	}
	d.Questions.Gone = len(was)
	d.Paging = r.Paging(len(find.Pieces))
	d.Pieces = find.Pieces[d.Paging.Offset():min(len(find.Pieces), d.Paging.Offset()+d.Paging.Size)]
	return r.Show(d)
}

// lessonText changes when anything in a lesson changes but its id and place.
func lessonText(l *content.Lesson) string {
	return fmt.Sprintf("%q", []any{l.Title, l.Body, l.Tags, l.Media, l.Questions, l.Source})
}

// add counts one that is now; was loses those that are still there.
func (c *compared) add(was map[string]string, id, now string) {
	before, there := was[id]
	delete(was, id)
	switch {
	case !there:
		c.New++
	case before == now:
		c.Same++
	default:
		c.Changed++
	}
}

// leftOf is what the template "left" shows.
type leftOf struct {
	Request *Request
	Left    []imports.Left
	More    int // that are not shown
}

// LeftOf is for {{template "left" ($.LeftOf .Left)}}.
func (r *Request) LeftOf(left []imports.Left) leftOf {
	shown := min(len(left), mostFaults)
	return leftOf{r, left[:shown], len(left) - shown}
}

// comparedOf is what the template "compared" shows.
type comparedOf struct {
	Request  *Request
	Compared compared
}

// Compared is for {{template "compared" ($.Compared .Lessons)}}.
func (r *Request) Compared(c compared) comparedOf { return comparedOf{r, c} }

// confirmImport takes the pack in, or drops it.
func confirmImport(r *Request) error {
	var id int64
	var zip []byte
	err := r.look(func() (err error) {
		id, zip, _, err = r.waiting(r.Tx)
		return err
	})
	if err != nil {
		return err
	}
	said, done := "console.import.dropped", dropImport
	switch r.Field("do") {
	case "take":
		pack, _, _, err := r.server.TryPack(zip)
		if err != nil {
			return r.wrongPack(err)
		}
		if err := r.Audit("import", pack.ID); err != nil {
			return err
		}
		err = r.server.PutPack(zip, r.Field("base"))
		if errors.Is(err, ErrPackChanged) {
			return r.Again(func(r *Request) error { return previewPack(r, true) })
		}
		if err != nil {
			return err
		}
		said, done = "console.import.taken_in", takenImport
	case "drop":
	default:
		return complain(http.StatusBadRequest, "console.old_form")
	}
	if err := r.server.DB.Write(func(tx *store.Tx) error { return done(tx, r.Member.ID, id) }); err != nil {
		return err
	}
	if err := r.Say(said); err != nil {
		return err
	}
	return r.Back("content")
}

// changePack undoes the last import of a pack, or removes one that was taken in here.
func (r *Request) changePack(act string, change func(id string) error, said string) error {
	if !r.Top {
		return complain(http.StatusForbidden, "console.not_found")
	}
	id := r.Field("pack")
	if err := r.Audit(act, id); err != nil {
		return err
	}
	if err := change(id); err != nil {
		if errors.Is(err, ErrNoPack) {
			return complain(http.StatusNotFound, "console.import.gone")
		}
		return r.wrongPack(err)
	}
	if err := r.Say(said); err != nil {
		return err
	}
	return r.Back("content")
}
