package material

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
	"branchbot/bot/imports"
	"branchbot/bot/locale"
	"branchbot/bot/web"
	"branchbot/content"
	"branchbot/content/strict"
	"branchbot/store"
)

// What is taken in, a pack as a .zip file, or one file of questions or of a lesson, is shown
// first with what it has and what it replaces. Of a file of questions the good ones are taken
// in; what is left out is listed with the reasons, to be mended. Packs are for all units, so
// they are for the top unit's secretaries.

var (
	// ErrPackTaken tells that a pack of the configuration has the id.
	ErrPackTaken = errors.New("a pack of the configuration has this id")
	// ErrPackChanged tells that another pack stands where this one was to go.
	ErrPackChanged = errors.New("the pack that it replaces has changed")
	// ErrNoPack tells that there is no such pack.
	ErrNoPack = errors.New("there is no such pack")
)

// compared is how many lessons or questions a pack has in the place of another.
type compared struct {
	What                     string // key of the catalogue
	New, Changed, Same, Gone int
}

// Any tells whether there is anything of it.
func (c compared) Any() bool { return c.New+c.Changed+c.Same+c.Gone > 0 }

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
	Paging             web.Paging
}

// Compared are both, for the table.
func (d imported) Compared() []compared { return []compared{d.Lessons, d.Questions} }

// leftOut is what of a file of questions is not taken in, in the words of who sent it.
type leftOut struct {
	Title string // of the pack
	Left  []imports.Left
	Notes []string
}

// upload keeps a pack for its confirmation; with a fault the page of the content
// says where it is.
func (f *Feature) upload(r *web.Request) error {
	if !r.Top {
		return web.UserError(http.StatusForbidden, "console.not_found")
	}
	if err := r.Audit("import", ""); err != nil {
		return err
	}
	files, err := r.Files("file")
	if err != nil {
		return err
	}
	if len(files) != 1 {
		return f.wrongPack(r, errors.New(r.T("material.page.import.file_how")))
	}
	zip, left, err := f.archive(r, files[0])
	if err != nil {
		return f.wrongPack(r, err)
	}
	id, err := f.keepPack(r, zip, left)
	if err != nil {
		return f.wrongPack(r, err)
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
func (f *Feature) archive(r *web.Request, sent chat.File) (zip []byte, left leftOut, err error) {
	ending := strings.ToLower(filepath.Ext(sent.Name))
	if kind := content.FileKind(sent.Data); kind == "zip" || kind == "text" && ending == ".zip" {
		zip, err = content.Unzip(sent.Data)
		return zip, left, err
	}
	id, title := strings.ToLower(web.OneWord(r.Field("id"))), r.Line("title")
	if id == "" {
		id = content.PackID(cmp.Or(title, sent.Name))
	}
	if title == "" {
		title = content.PackTitle(sent.Name)
	}
	if ending == ".yaml" || ending == ".md" && bytes.HasPrefix(bytes.TrimSpace(sent.Data), []byte("---")) {
		zip, _, err = content.Wrap(id, title, sent.Name, sent.Data)
		return zip, left, err
	}
	b, err := content.ReadBank(sent.Name, sent.Data)
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
func (f *Feature) wrongPack(r *web.Request, err error) error {
	d := library{Faults: f.faults(r, err)}
	return r.Again(func(r *web.Request) error { return f.showLibrary(r, d) })
}

// mostFaults is how many faults of a pack are shown.
const mostFaults = 100

// faults are the lines that tell what is wrong with a pack.
func (f *Feature) faults(r *web.Request, err error) (lines []string) {
	var none *nothingGood
	if errors.As(err, &none) {
		lines = append(lines, r.T("material.page.import.no_questions"))
		for i, l := range none.left.Left {
			if i == mostFaults {
				return append(lines, r.T("material.page.import.more", "N", len(none.left.Left)-mostFaults))
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
			return append(lines, r.T("material.page.import.more", "N", len(strict.List(err))-mostFaults))
		case errors.Is(e, ErrPackTaken):
			lines = append(lines, r.T("material.page.import.taken"))
		case errors.As(e, &a) && a.File != "":
			lines = append(lines, r.T("material.page.import."+a.Kind)+" "+a.File)
		case errors.As(e, &a):
			lines = append(lines, r.T("material.page.import."+a.Kind))
		default:
			lines = append(lines, chat.Clean(locale.Faults(r.Lang, e)[0]))
		}
	}
	return lines
}

// waiting is a pack of the member's that waits for its confirmation.
func (f *Feature) waiting(r *web.Request, tx *store.Tx) (id int64, zip []byte, left leftOut, err error) {
	if id, err = r.ID(); err != nil {
		return 0, nil, left, err
	}
	zip, text, err := importOf(tx, r.Member.ID, id)
	if err == nil && len(zip) == 0 {
		err = web.UserError(http.StatusNotFound, "material.page.import.gone")
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
func (f *Feature) exportLeft(r *web.Request) error {
	id, err := r.ID()
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
		return web.UserError(http.StatusNotFound, "material.page.import.gone")
	}
	data, err := imports.Sheet(r.Lang, left.Left)
	if err != nil {
		return err
	}
	return r.Workbook(fmt.Sprint(id), r.T("material.page.import.left_file", "Title", left.Title), data)
}

// exportTemplate is an empty table of questions with examples.
func (f *Feature) exportTemplate(r *web.Request) error {
	data, err := imports.Template(r.Lang)
	if err != nil {
		return err
	}
	return r.Workbook("", r.T("import.template"), data)
}

func (f *Feature) showImport(r *web.Request) error { return f.previewPack(r, false) }

// previewPack shows what a pack that waits has, compared with the one that it would
// replace now.
func (f *Feature) previewPack(r *web.Request, changed bool) error {
	id, zip, left, err := f.waiting(r, r.Tx)
	if err != nil {
		return err
	}
	d := imported{ID: id, Changed: changed, Left: left, Lessons: compared{What: "material.page.lessons"}, Questions: compared{What: "material.page.questions"}}
	for _, l := range left.Left {
		if l.Skipped {
			d.Skipped++
		} else {
			d.Bad++
		}
	}
	if d.Pack, d.Old, d.Base, err = f.Packs.Try(zip); err != nil {
		return web.UserError(http.StatusConflict, "material.page.import.gone") // what it replaces has changed meanwhile
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

// ShownLeft is what of a list is shown on a page, More how much is not.
func (l leftOut) ShownLeft() []imports.Left { return l.Left[:min(len(l.Left), mostFaults)] }

// More is how much of the list is not shown.
func (l leftOut) More() int { return len(l.Left) - len(l.ShownLeft()) }

// confirmImport takes the pack in, or drops it.
func (f *Feature) confirmImport(r *web.Request) error {
	var id int64
	var zip []byte
	err := r.Read(func() (err error) {
		id, zip, _, err = f.waiting(r, r.Tx)
		return err
	})
	if err != nil {
		return err
	}
	said, done := "material.page.import.dropped", dropImport
	switch r.Field("do") {
	case "take":
		pack, _, _, err := f.Packs.Try(zip)
		if err != nil {
			return f.wrongPack(r, err)
		}
		if err := r.Audit("import", pack.ID); err != nil {
			return err
		}
		err = f.Packs.Put(zip, r.Field("base"))
		if errors.Is(err, ErrPackChanged) {
			return r.Again(func(r *web.Request) error { return f.previewPack(r, true) })
		}
		if err != nil {
			return err
		}
		said, done = "material.page.import.taken_in", takenImport
	case "drop":
	default:
		return web.UserError(http.StatusBadRequest, "console.old_form")
	}
	if err := r.Write(func(tx *store.Tx) error { return done(tx, r.Member.ID, id) }); err != nil {
		return err
	}
	if err := r.Say(said); err != nil {
		return err
	}
	return r.Back("content")
}

// changePack undoes the last import of a pack, or removes one that was taken in here.
func (f *Feature) changePack(r *web.Request, act string, change func(id string) error, said string) error {
	if !r.Top {
		return web.UserError(http.StatusForbidden, "console.not_found")
	}
	id := r.Field("pack")
	if err := r.Audit(act, id); err != nil {
		return err
	}
	if err := change(id); err != nil {
		if errors.Is(err, ErrNoPack) {
			return web.UserError(http.StatusNotFound, "material.page.import.gone")
		}
		return f.wrongPack(r, err)
	}
	if err := r.Say(said); err != nil {
		return err
	}
	return r.Back("content")
}
