package content

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Library is all packs that are in use. It never changes, so that it can be
// read without locks; an edit makes a new one.
type Library struct {
	packs     []*Pack
	lessons   map[string]*Lesson // by full id
	questions map[string]*Question
}

// NewLibrary joins packs.
func NewLibrary(packs []*Pack) (*Library, error) {
	l := &Library{packs: packs, lessons: map[string]*Lesson{}, questions: map[string]*Question{}}
	for i, p := range packs {
		if slices.ContainsFunc(packs[:i], func(q *Pack) bool { return q.ID == p.ID }) {
			return nil, fmt.Errorf("content: two packs have the id %q", p.ID)
		}
		for _, lesson := range p.Lessons {
			l.lessons[lesson.Ref()] = lesson
		}
		for _, q := range p.Questions {
			l.questions[q.Ref()] = q
		}
	}
	return l, nil
}

// Open reads the packs of the configuration: names of shipped packs, or
// folders relative to base. All faults of all packs are joined.
func Open(list []string, shipped fs.FS, base string) (*Library, error) {
	var packs []*Pack
	var errs []error
	for _, name := range list {
		fsys, err := find(name, shipped, base)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p, err := Load(fsys, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		packs = append(packs, p)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return NewLibrary(packs)
}

func find(name string, shipped fs.FS, base string) (fs.FS, error) {
	if fs.ValidPath(name) && !strings.Contains(name, "/") {
		if info, err := fs.Stat(shipped, name); err == nil && info.IsDir() {
			return fs.Sub(shipped, name)
		}
	}
	dir := name
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(base, dir)
	}
	// A root keeps links in the pack from leading out of it.
	root, err := os.OpenRoot(dir)
	if err != nil {
		entries, _ := fs.ReadDir(shipped, ".")
		var names []string
		for _, e := range entries {
			if e.IsDir() {
				names = append(names, e.Name())
			}
		}
		return nil, fmt.Errorf("content: %q is neither a shipped pack (%s) nor a folder", name, strings.Join(names, ", "))
	}
	return root.FS(), nil
}

// Packs are all of them.
func (l *Library) Packs() []*Pack { return l.packs }

// Lesson is the lesson of a full id; nil when there is none.
func (l *Library) Lesson(ref string) *Lesson { return l.lessons[ref] }

// Question is the question of a full id, or of a bare id that only one pack
// has; nil when there is none.
func (l *Library) Question(ref string) *Question {
	if q := l.questions[ref]; q != nil {
		return q
	}
	var found *Question
	for _, p := range l.packs {
		if q := l.questions[p.ID+"/"+ref]; q != nil {
			if found != nil {
				return nil
			}
			found = q
		}
	}
	return found
}

// cut reads "pack/tag", "pack" or "tag".
func (l *Library) cut(path string) (pack, tag string) {
	pack, tag, ok := strings.Cut(path, "/")
	if !ok && !slices.ContainsFunc(l.packs, func(p *Pack) bool { return p.ID == pack }) {
		return "", pack
	}
	return pack, tag
}

// Series are the lessons of "pack/tag" (or of a whole pack, or of a tag in any
// pack) in the order of their files.
func (l *Library) Series(path string) []*Lesson {
	pack, tag := l.cut(path)
	var series []*Lesson
	for _, p := range l.packs {
		for _, lesson := range p.Lessons {
			if (pack == "" || p.ID == pack) && (tag == "" || slices.Contains(lesson.Tags, tag)) {
				series = append(series, lesson)
			}
		}
	}
	return series
}

// Pool are the questions of "pack/tag", likewise.
func (l *Library) Pool(path string) []*Question {
	pack, tag := l.cut(path)
	var pool []*Question
	for _, p := range l.packs {
		for _, q := range p.Questions {
			if (pack == "" || p.ID == pack) && (tag == "" || slices.Contains(q.Tags, tag)) {
				pool = append(pool, q)
			}
		}
	}
	return pool
}

// Media is a picture by its reference, e.g. "starter/media/cpr.png".
func (l *Library) Media(ref string) (data []byte, mediaType string, err error) {
	pack, file, _ := strings.Cut(ref, "/")
	for _, p := range l.packs {
		if data, ok := p.media[file]; ok && p.ID == pack {
			return data, http.DetectContentType(data), nil
		}
	}
	return nil, "", fmt.Errorf("there is no picture %q in the packs", ref)
}
