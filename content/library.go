package content

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"branchbot/content/strict"
)

// Library is all packs that are in use. It never changes, so that it can be
// read without locks; an edit makes a new one. What its methods return must
// not be changed either, apart from the slices, which the caller owns.
type Library struct {
	packs     []*Pack
	lessons   map[string]*Lesson // by full id
	questions map[string]*Question
}

// NewLibrary joins packs. Two of them with one id are an error.
func NewLibrary(packs []*Pack) (*Library, error) {
	l := &Library{packs: packs, lessons: map[string]*Lesson{}, questions: map[string]*Question{}}
	var errs []error
	for i, p := range packs {
		if slices.ContainsFunc(packs[:i], func(q *Pack) bool { return q.ID == p.ID }) {
			errs = append(errs, fmt.Errorf("content: two packs have the id %q", p.ID))
		}
		for _, lesson := range p.Lessons {
			l.lessons[lesson.Ref()] = lesson
		}
		for _, q := range p.Questions {
			l.questions[q.Ref()] = q
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return l, nil
}

// Open reads the packs of the configuration: names of shipped packs, or folders
// or .zip files relative to base. All faults of all packs are joined.
func Open(list []string, shipped fs.FS, base string) (*Library, error) {
	var packs []*Pack
	var errs []error
	for _, name := range list {
		p, err := open(name, shipped, base)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.From = name
		packs = append(packs, p)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return NewLibrary(packs)
}

// open prefers a shipped pack; "./starter" is always a folder.
func open(name string, shipped fs.FS, base string) (*Pack, error) {
	names, err := shippedNames(shipped)
	if err != nil {
		return nil, fmt.Errorf("content: list the shipped packs: %w", err)
	}
	if slices.Contains(names, name) {
		fsys, err := fs.Sub(shipped, name)
		if err != nil {
			return nil, fmt.Errorf("content: %q: %w", name, err)
		}
		return Load(fsys, name)
	}
	dir := name
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(base, dir)
	}
	if strings.HasSuffix(dir, ".zip") {
		return openZip(dir, name)
	}
	// A root keeps links in the pack from leading out of it. Load keeps
	// nothing open.
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) || name == "" {
		hint := "shipped packs: " + strings.Join(names, ", ")
		if near := strict.Nearest(name, names); near != "" {
			hint += fmt.Sprintf("; did you mean %q?", near)
		}
		return nil, fmt.Errorf("content: %q is neither a shipped pack nor a folder (%s)", name, hint)
	}
	if err != nil {
		return nil, fmt.Errorf("content: open the folder %q: %w", dir, cause(err))
	}
	defer root.Close()
	return Load(root.FS(), filepath.ToSlash(name))
}

// openZip reads a pack from a file.
func openZip(file, name string) (*Pack, error) {
	info, err := os.Stat(file)
	if err == nil && info.Size() > maxArchive {
		err = fmt.Errorf("is larger than %d MB", maxArchive>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("content: %q: %w", name, cause(err))
	}
	data, err := os.ReadFile(file)
	if err == nil {
		data, err = Unzip(data)
	}
	if err != nil {
		return nil, fmt.Errorf("content: %q: %w", name, cause(err))
	}
	return LoadZip(data, filepath.ToSlash(name))
}

func shippedNames(shipped fs.FS) ([]string, error) {
	files, err := fs.Glob(shipped, "*/pack.yaml")
	for i, f := range files {
		files[i] = path.Dir(f)
	}
	return files, err
}

// Packs are all of them.
func (l *Library) Packs() []*Pack { return slices.Clone(l.packs) }

// Lesson is the lesson of a full id, or of a bare id that only one pack has;
// nil when there is none.
func (l *Library) Lesson(ref string) *Lesson { return find(l.packs, l.lessons, ref) }

// Question is the question of a full id, or of a bare id that only one pack
// has; nil when there is none.
func (l *Library) Question(ref string) *Question { return find(l.packs, l.questions, ref) }

func find[T any](packs []*Pack, byRef map[string]*T, ref string) *T {
	if item := byRef[ref]; item != nil {
		return item
	}
	var found *T
	for _, p := range packs {
		if item := byRef[p.ID+"/"+ref]; item != nil {
			if found != nil {
				return nil
			}
			found = item
		}
	}
	return found
}

// Series are the lessons of "pack/tag", of a whole "pack", or of a "tag" in any
// pack, in the order of their files. Packs and tags may be called by their names, and what is
// neither is looked for in the titles, then in the texts. It is nil when there are none.
func (l *Library) Series(path string) []*Lesson {
	return found(l, path, func(p *Pack) []*Lesson { return p.Lessons }, func(x *Lesson) []string { return x.Tags },
		func(x *Lesson) (title, text string) { return x.Title, x.Body })
}

// Pool are the questions of a path, likewise.
func (l *Library) Pool(path string) []*Question {
	return found(l, path, func(p *Pack) []*Question { return p.Questions }, func(x *Question) []string { return x.Tags },
		func(x *Question) (title, text string) { return x.Ask, strings.Join(x.Options, " ") + " " + x.Explain })
}

// found are the lessons or questions that a path names; see Series.
func found[T any](l *Library, path string, of func(*Pack) []*T, tagsOf func(*T) []string, read func(*T) (title, text string)) (all []*T) {
	packs, tag := l.cut(path)
	for _, p := range packs {
		for _, x := range of(p) {
			if tag == "" || slices.ContainsFunc(tagsOf(x), func(t string) bool { return t == tag || p.TagNames[t] == tag }) {
				all = append(all, x)
			}
		}
	}
	words := strings.Fields(strings.ToLower(path))
	if len(all) > 0 || !searched(words) {
		return all
	}
	var written []*T
	for _, p := range l.packs {
		for _, x := range of(p) {
			switch title, text := read(x); {
			case holds(strings.ToLower(title), words):
				all = append(all, x)
			case len(all) == 0 && holds(strings.ToLower(title+" "+text), words):
				written = append(written, x)
			}
		}
	}
	if len(all) > 0 {
		return all
	}
	return written
}

// searched tells whether words are enough to look for: a letter stands nearly everywhere.
func searched(words []string) bool { return len(strings.Join(words, "")) >= len("题") }

func holds(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

// cut reads "pack/tag", "pack" or "tag"; a tag of "" stands for all. Nothing
// else finds anything: "starter/" is no way to say "starter".
func (l *Library) cut(path string) (packs []*Pack, tag string) {
	name, tag, both := strings.Cut(path, "/")
	i := slices.IndexFunc(l.packs, func(p *Pack) bool { return p.ID == name })
	if i < 0 && name != "" {
		i = slices.IndexFunc(l.packs, func(p *Pack) bool { return strings.EqualFold(p.Title, name) })
	}
	switch {
	case i >= 0 && (!both || tag != ""):
		return l.packs[i : i+1], tag
	case !both && name != "":
		return l.packs, name
	}
	return nil, ""
}

// Media is a picture by its reference, e.g. "starter/media/cpr.png", and its
// media type. The caller must not change the bytes.
func (l *Library) Media(ref string) (data []byte, mediaType string, err error) {
	pack, file, _ := strings.Cut(ref, "/")
	for _, p := range l.packs {
		if picture, ok := p.pictures[file]; ok && p.ID == pack {
			return picture.data, picture.mediaType, nil
		}
	}
	return nil, "", fmt.Errorf("content: there is no picture %q", ref)
}
