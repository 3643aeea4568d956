package web

import (
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"

	"branchbot/bot/engine"
	"branchbot/bot/feature/lesson"
	"branchbot/bot/imports"
	"branchbot/content"
	"branchbot/store"
)

// What is written here: questions that are pasted and mended until all of them are understood,
// and lessons as the group will see them. Both become a pack, a new one or one that was taken
// in here, by the same preview and confirmation as a file.
var writePage = page{path: "content/write", title: "console.title.write", role: engine.Secretary, top: true, view: "write", get: showWrite, post: changeWrite}

// writing is what stands in the two forms, and what became of it.
type writing struct {
	Lesson    bool // which of the forms
	Into      string
	PackTitle string // of a new pack
	Packs     []*content.Pack

	Text string // questions
	Good []*content.Question
	More int // that are not shown
	Left leftOut
	Bad  int

	Title, Tags, Source, Body string // a lesson
	Ref                       string // of the one that is changed
	Attached                  []content.Media
	Shown                     []shown
	Wrong                     []string
}

// mostShown is how many questions are shown beside the box.
const mostShown = 50

// Right tells whether an option is in the key of a question.
func (r *Request) Right(q *content.Question, option int) bool {
	return q.Type != content.Order && strings.ContainsRune(q.Answer, rune('A'+option))
}

func showWrite(r *Request) error {
	q := r.URL.Query()
	d := writing{Lesson: q.Get("what") == "lesson"}
	if l := r.packs().Lesson(q.Get("change")); l != nil {
		d = writing{Lesson: true, Into: l.Pack, Ref: l.Ref(), Title: l.Title, Source: l.Source, Body: l.Body, Attached: l.Media}
		d.Tags = strings.Join(named(r.pack(l.Pack), l.Tags), "、")
		if !r.server.ImportedPack(r.pack(l.Pack)) {
			return complain(http.StatusNotFound, "console.not_found")
		}
		if _, _, err := d.lesson(r); err != nil {
			return err
		}
	}
	return r.showWritten(&d)
}

func (r *Request) showWritten(d *writing) error {
	for _, p := range r.packs().Packs() {
		if r.server.ImportedPack(p) {
			d.Packs = append(d.Packs, p)
		}
	}
	return r.Show(d)
}

// pack is the one of an id; nil when there is none.
func (r *Request) pack(id string) *content.Pack {
	for _, p := range r.packs().Packs() {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// writing reads what was written.
func (r *Request) writing() writing {
	return writing{Lesson: r.Field("what") == "lesson", Into: r.Field("into"), PackTitle: r.line("pack"), Text: r.PostForm.Get("text"),
		Title: r.line("title"), Tags: r.line("tags"), Source: r.line("source"), Body: strings.ReplaceAll(r.Field("body"), "\r\n", "\n"), Ref: r.Field("ref")}
}

func changeWrite(r *Request) error {
	d := r.writing()
	switch r.Field("do") {
	case "try":
		r.audited = true // nothing changes
		return r.Again(func(r *Request) error {
			_, _, err := d.try(r)
			if err != nil {
				d.Wrong = r.faults(err)
			}
			return r.showWritten(&d)
		})
	case "keep":
		return r.keepWritten(&d)
	}
	return complain(http.StatusBadRequest, "console.old_form")
}

// try reads what was written, and makes the pack of it; nil when there is nothing yet.
func (d *writing) try(r *Request) (zip []byte, id string, err error) {
	if d.Lesson {
		return d.lesson(r)
	}
	return d.questions(r)
}

// target is the pack that is written into: its file, or none for a new one.
func (d *writing) target(r *Request) (zip []byte, id, title string, err error) {
	if p := r.pack(d.Into); p != nil && r.server.ImportedPack(p) {
		zip, err = os.ReadFile(p.From)
		if err != nil {
			return nil, "", "", fmt.Errorf("read the pack %s: %w", p.ID, err)
		}
		return zip, p.ID, p.Title, nil
	}
	title = d.PackTitle
	if title == "" {
		title = r.T("console.write.own", "Unit", r.Unit.Name)
	}
	id = content.PackID(title)
	if p := r.pack(id); p != nil && r.server.ImportedPack(p) {
		zip, err = os.ReadFile(p.From)
	}
	return zip, id, title, err
}

func (d *writing) questions(r *Request) (zip []byte, id string, err error) {
	if strings.TrimSpace(d.Text) == "" {
		return nil, "", nil
	}
	b, err := content.ReadBank("", []byte(d.Text))
	if err != nil {
		return nil, "", err
	}
	zip, id, title, err := d.target(r)
	if err != nil {
		return nil, "", err
	}
	if len(b.Questions) > 0 {
		if zip, err = content.PutQuestions(zip, id, title, b); err != nil {
			return nil, "", err
		}
	}
	d.Good = b.Questions[:min(len(b.Questions), mostShown)]
	d.More = len(b.Questions) - len(d.Good)
	d.Left = leftOut{title, append(imports.Bad(r.Lang, b), imports.Skipped(r.Lang, b)...), imports.Notes(r.Lang, b)}
	d.Bad = len(b.Bad)
	if len(b.Questions) == 0 {
		return nil, "", nil
	}
	return zip, id, nil
}

func (d *writing) lesson(r *Request) (zip []byte, id string, err error) {
	if d.Title == "" && d.Body == "" {
		return nil, "", nil
	}
	l := &content.Lesson{ID: content.LessonID(d.Title, d.Body), Title: d.Title, Source: d.Source, Body: strings.TrimSpace(d.Body)}
	zip, id, title, err := d.target(r)
	if err != nil {
		return nil, "", err
	}
	if was := r.packs().Lesson(d.Ref); was != nil && was.Pack == id {
		l.ID, l.Questions, l.Media = was.ID, was.Questions, was.Media
	}
	l.Pack = id
	for _, name := range content.TagsOf(d.Tags) {
		l.Tags = append(l.Tags, r.tag(id, name))
	}
	pictures, err := d.pictures(r, l)
	if err != nil {
		return nil, "", err
	}
	d.Attached = l.Media
	if zip, err = content.PutLesson(zip, id, title, l, pictures); err != nil {
		return nil, "", err
	}
	if _, err := content.LoadZip(zip, ""); err != nil { // which names all faults
		return nil, "", err
	}
	if r.Tx != nil {
		if d.Shown, err = r.previews(feature[*lesson.Feature](r.server).Shown(r.Turn(), l)); err != nil {
			return nil, "", err
		}
	}
	return zip, id, nil
}

// tag is the tag that people call by a name.
func (r *Request) tag(pack, name string) string {
	if p := r.pack(pack); p != nil {
		for tag, called := range p.TagNames {
			if called == name {
				return tag
			}
		}
	}
	return name
}

// pictures are those that were chosen, by their files in the pack.
func (d *writing) pictures(r *Request, l *content.Lesson) (map[string][]byte, error) {
	files, err := r.files("pictures")
	if err != nil {
		return nil, err
	}
	pictures := map[string][]byte{}
	for _, f := range files {
		if len(f.Data) == 0 {
			continue
		}
		name := fmt.Sprintf("media/%s-%d%s", l.ID, len(l.Media)+1, strings.ToLower(path.Ext(f.Name)))
		pictures[name] = f.Data
		l.Media = append(l.Media, content.Media{File: name, Alt: l.Title})
	}
	return pictures, nil
}

// keepWritten keeps the pack for its confirmation.
func (r *Request) keepWritten(d *writing) error {
	if err := r.Audit("import", ""); err != nil {
		return err
	}
	var zip []byte
	err := r.look(func() (err error) {
		zip, _, err = d.try(r)
		return err
	})
	if err == nil && zip != nil {
		var id int64
		if id, err = r.keepPack(zip, d.Left); err == nil {
			return r.Back(fmt.Sprintf("content/%d", id))
		}
	}
	return r.Again(func(r *Request) error {
		if err != nil {
			d.Wrong = r.faults(err)
		} else {
			d.Wrong = []string{r.T("console.write.nothing")}
		}
		return r.showWritten(d)
	})
}

// keepPack keeps a pack, and what is left out of it, for the confirmation.
func (r *Request) keepPack(zip []byte, left leftOut) (id int64, err error) {
	pack, _, _, err := r.server.TryPack(zip)
	if err != nil {
		return 0, err
	}
	text, err := left.text()
	if err != nil {
		return 0, err
	}
	err = r.server.DB.Write(func(tx *store.Tx) (err error) {
		id, err = keepImport(tx, r.Member.ID, pack.ID, zip, text)
		return err
	})
	return id, err
}
