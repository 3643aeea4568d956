package material

import (
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"

	"branchbot/bot/imports"
	"branchbot/bot/web"
	"branchbot/content"
	"branchbot/store"
)

// What is written here: questions that are pasted and mended until all of them are understood,
// and lessons as the group will see them. Both become a pack, a new one or one that was taken
// in here, by the same preview and confirmation as a file.

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
	Shown                     []web.Shown
	Wrong                     []string
}

// mostShown is how many questions are shown beside the box.
const mostShown = 50

// Right tells whether an option is in the key of a question.
func (d *writing) Right(q *content.Question, option int) bool {
	return q.Type != content.Order && strings.ContainsRune(q.Answer, rune('A'+option))
}

func (f *Feature) showWrite(r *web.Request) error {
	q := r.URL.Query()
	d := writing{Lesson: q.Get("what") == "lesson"}
	if l := f.Library().Lesson(q.Get("change")); l != nil {
		d = writing{Lesson: true, Into: l.Pack, Ref: l.Ref(), Title: l.Title, Source: l.Source, Body: l.Body, Attached: l.Media}
		d.Tags = strings.Join(named(f.pack(r, l.Pack), l.Tags), "、")
		if !f.Packs.Imported(f.pack(r, l.Pack)) {
			return web.UserError(http.StatusNotFound, "console.not_found")
		}
		if _, _, err := f.writtenLesson(r, &d); err != nil {
			return err
		}
	}
	return f.showWritten(r, &d)
}

func (f *Feature) showWritten(r *web.Request, d *writing) error {
	for _, p := range f.Library().Packs() {
		if f.Packs.Imported(p) {
			d.Packs = append(d.Packs, p)
		}
	}
	return r.Show(d)
}

// pack is the one of an id; nil when there is none.
func (f *Feature) pack(r *web.Request, id string) *content.Pack {
	for _, p := range f.Library().Packs() {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// writing reads what was written.
func (f *Feature) writing(r *web.Request) writing {
	return writing{Lesson: r.Field("what") == "lesson", Into: r.Field("into"), PackTitle: r.Line("pack"), Text: r.PostForm.Get("text"),
		Title: r.Line("title"), Tags: r.Line("tags"), Source: r.Line("source"), Body: strings.ReplaceAll(r.Field("body"), "\r\n", "\n"), Ref: r.Field("ref")}
}

func (f *Feature) changeWrite(r *web.Request) error {
	d := f.writing(r)
	switch r.Field("do") {
	case "try":
		r.NothingChanged() // nothing changes
		return r.Again(func(r *web.Request) error {
			_, _, err := f.try(r, &d)
			if err != nil {
				d.Wrong = f.faults(r, err)
			}
			return f.showWritten(r, &d)
		})
	case "keep":
		return f.keepWritten(r, &d)
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}

// try reads what was written, and makes the pack of it; nil when there is nothing yet.
func (f *Feature) try(r *web.Request, d *writing) (zip []byte, id string, err error) {
	if d.Lesson {
		return f.writtenLesson(r, d)
	}
	return f.writtenQuestions(r, d)
}

// target is the pack that is written into: its file, or none for a new one.
func (f *Feature) target(r *web.Request, d *writing) (zip []byte, id, title string, err error) {
	if p := f.pack(r, d.Into); p != nil && f.Packs.Imported(p) {
		zip, err = os.ReadFile(p.From)
		if err != nil {
			return nil, "", "", fmt.Errorf("read the pack %s: %w", p.ID, err)
		}
		return zip, p.ID, p.Title, nil
	}
	title = d.PackTitle
	if title == "" {
		title = r.T("material.page.write.own", "Unit", r.Unit.Name)
	}
	id = content.PackID(title)
	if p := f.pack(r, id); p != nil && f.Packs.Imported(p) {
		zip, err = os.ReadFile(p.From)
	}
	return zip, id, title, err
}

func (f *Feature) writtenQuestions(r *web.Request, d *writing) (zip []byte, id string, err error) {
	if strings.TrimSpace(d.Text) == "" {
		return nil, "", nil
	}
	b, err := content.ReadBank("", []byte(d.Text))
	if err != nil {
		return nil, "", err
	}
	zip, id, title, err := f.target(r, d)
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

func (f *Feature) writtenLesson(r *web.Request, d *writing) (zip []byte, id string, err error) {
	if d.Title == "" && d.Body == "" {
		return nil, "", nil
	}
	l := &content.Lesson{ID: content.LessonID(d.Title, d.Body), Title: d.Title, Source: d.Source, Body: strings.TrimSpace(d.Body)}
	zip, id, title, err := f.target(r, d)
	if err != nil {
		return nil, "", err
	}
	if was := f.Library().Lesson(d.Ref); was != nil && was.Pack == id {
		l.ID, l.Questions, l.Media = was.ID, was.Questions, was.Media
	}
	l.Pack = id
	for _, name := range content.TagsOf(d.Tags) {
		l.Tags = append(l.Tags, f.tag(r, id, name))
	}
	pictures, err := f.pictures(r, d, l)
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
		if d.Shown, err = r.Previews(f.Shown(r.Turn(), l)); err != nil {
			return nil, "", err
		}
	}
	return zip, id, nil
}

// tag is the tag that people call by a name.
func (f *Feature) tag(r *web.Request, pack, name string) string {
	if p := f.pack(r, pack); p != nil {
		for tag, called := range p.TagNames {
			if called == name {
				return tag
			}
		}
	}
	return name
}

// pictures are those that were chosen, by their files in the pack.
func (f *Feature) pictures(r *web.Request, d *writing, l *content.Lesson) (map[string][]byte, error) {
	files, err := r.Files("pictures")
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
func (f *Feature) keepWritten(r *web.Request, d *writing) error {
	if err := r.Audit("import", ""); err != nil {
		return err
	}
	var zip []byte
	err := r.Read(func() (err error) {
		zip, _, err = f.try(r, d)
		return err
	})
	if err == nil && zip != nil {
		var id int64
		if id, err = f.keepPack(r, zip, d.Left); err == nil {
			return r.Back(fmt.Sprintf("content/%d", id))
		}
	}
	return r.Again(func(r *web.Request) error {
		if err != nil {
			d.Wrong = f.faults(r, err)
		} else {
			d.Wrong = []string{r.T("material.page.write.nothing")}
		}
		return f.showWritten(r, d)
	})
}

// keepPack keeps a pack, and what is left out of it, for the confirmation.
func (f *Feature) keepPack(r *web.Request, zip []byte, left leftOut) (id int64, err error) {
	pack, _, _, err := f.Packs.Try(zip)
	if err != nil {
		return 0, err
	}
	text, err := left.text()
	if err != nil {
		return 0, err
	}
	err = r.Write(func(tx *store.Tx) (err error) {
		id, err = keepImport(tx, r.Member.ID, pack.ID, zip, text)
		return err
	})
	return id, err
}
