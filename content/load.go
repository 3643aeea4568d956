package content

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"branchbot/content/strict"
)

// maxText bounds the files of a pack that are text; tables have limits of
// their own.
const maxText = 10 << 20

// loader collects the faults of one pack.
type loader struct {
	fsys         fs.FS
	name         string // in front of the file names in errors
	pack         *Pack
	errs         []error
	lessons      map[string]Position // by id
	questions    map[string]Position
	links        []link
	pictureBytes int
}

// link is a lesson's mention of a question, which may be read later.
type link struct {
	at   Position
	path string // e.g. questions[1]
	id   string
}

// Load reads the pack in the folder fsys; name is how errors call that folder.
// The error joins all faults, each a *strict.Error; no pack is returned then.
func Load(fsys fs.FS, name string) (*Pack, error) {
	l := &loader{fsys: fsys, name: name, lessons: map[string]Position{}, questions: map[string]Position{},
		pack: &Pack{pictures: map[string]picture{}}}
	l.header()
	l.editions()
	l.folders()
	for _, file := range l.list("lessons") {
		l.lesson(file)
	}
	for _, file := range l.list("questions") {
		l.bank(file)
	}
	l.follow()
	if len(l.errs) > 0 {
		return nil, errors.Join(l.errs...)
	}
	return l.pack, nil
}

// file is how errors call a file of the pack.
func (l *loader) file(file string) string { return path.Join(l.name, file) }

func (l *loader) fail(file string, line int, path, problem, hint string) {
	l.errs = append(l.errs, &strict.Error{File: l.file(file), Line: line, Path: path, Problem: problem, Hint: hint})
}

func (l *loader) read(file string) ([]byte, bool) {
	data, err := readRegular(l.fsys, file, maxText)
	if err != nil {
		l.fail(file, 0, "", "the file "+err.Error(), "")
	}
	return data, err == nil
}

// ignored are the traces that editors and systems leave behind.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$") || name == "Thumbs.db" || name == "desktop.ini"
}

// folders looks for folders that nobody would read, such as "lesson".
func (l *loader) folders() {
	entries, err := fs.ReadDir(l.fsys, ".")
	if err != nil {
		l.fail("", 0, "", "the folder cannot be read: "+cause(err).Error(), "")
	}
	known := []string{"lessons", "questions", "media"}
	for _, e := range entries {
		if !e.IsDir() || ignored(e.Name()) || slices.Contains(known, e.Name()) {
			continue
		}
		hint := "a pack has the folders lessons, questions and media"
		if near := strict.Nearest(e.Name(), known); near != "" {
			hint = "rename it to " + near
		}
		l.fail(e.Name(), 0, "", "a pack has no such folder", hint)
	}
}

// list returns the files of a folder in the order of their names.
func (l *loader) list(dir string) []string {
	info, err := fs.Lstat(l.fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !info.IsDir() {
		l.fail(dir, 0, "", "must be a folder", "")
		return nil
	}
	entries, err := fs.ReadDir(l.fsys, dir)
	if err != nil {
		l.fail(dir, 0, "", "the folder cannot be read: "+cause(err).Error(), "")
	}
	var files []string
	for _, e := range entries {
		switch file := path.Join(dir, e.Name()); {
		case ignored(e.Name()):
		case e.IsDir():
			l.fail(file, 0, "", "folders within "+dir+" are not read", "move its files up")
		default:
			files = append(files, file)
		}
	}
	return files
}

// header reads pack.yaml.
func (l *loader) header() {
	data, ok := l.read("pack.yaml")
	if !ok {
		return
	}
	var h struct {
		ID       string `yaml:"id"`
		Title    string `yaml:"title"`
		Version  string `yaml:"version"`
		Language string `yaml:"language"`
		Licence  string `yaml:"licence"`
		Source   string `yaml:"source"`

		Tags map[string]string `yaml:"tags"`
	}
	file := l.file("pack.yaml")
	node, err := strict.Parse(file, data)
	if err != nil {
		l.errs = append(l.errs, err)
		return
	}
	s := readSection(file, node, "", &h)
	s.need("id", h.ID, "title", h.Title)
	if h.ID != "" && !idPattern.MatchString(h.ID) {
		s.fail("id", idHint, "%q is no id", h.ID)
	}
	for _, f := range [][2]string{{"title", h.Title}, {"version", h.Version}, {"language", h.Language}, {"licence", h.Licence}, {"source", h.Source}} {
		s.add(checkText(f[0], f[1], maxAsk, false))
	}
	for tag, name := range h.Tags {
		s.add(checkText("tags."+tag, name, maxOption, false))
	}
	l.errs = append(l.errs, s.errs...)
	p := l.pack
	p.TagNames = h.Tags
	p.ID, p.Title, p.Version, p.Language, p.Licence, p.Source = h.ID, h.Title, h.Version, h.Language, h.Licence, h.Source
}

// bank reads a file of questions by its ending.
func (l *loader) bank(file string) {
	data, ok := l.read(file)
	if !ok {
		return
	}
	name := l.file(file)
	var questions []*Question
	var err error
	switch lower := strings.ToLower(file); {
	case strings.HasSuffix(lower, ".yaml"):
		questions, err = l.yaml(name, data)
	case strings.HasSuffix(lower, ".aiken.txt"):
		questions, err = ParseAiken(name, string(data))
	case strings.HasSuffix(lower, ".gift"):
		questions, err = ParseGIFT(name, string(data))
	case strings.HasSuffix(lower, ".json"):
		questions, err = l.json(name, data)
	case strings.HasSuffix(lower, ".csv"):
		questions, err = ParseCSV(name, data)
	case strings.HasSuffix(lower, ".xlsx"):
		questions, err = ParseXLSX(name, data)
	default:
		l.fail(file, 0, "", "questions cannot be read from such a file", "known endings: .yaml, .gift, .aiken.txt, .csv, .xlsx")
	}
	if err != nil {
		l.errs = append(l.errs, err)
	}
	for _, q := range questions {
		q.Pack = l.pack.ID
		l.unique(l.questions, label(q), q.ID, q.At)
		l.pack.Questions = append(l.pack.Questions, q)
	}
}

// unique notes an id and complains of a second one.
func (l *loader) unique(seen map[string]Position, path, id string, at Position) {
	if id == "" {
		return
	}
	if first, ok := seen[id]; ok {
		l.errs = append(l.errs, &strict.Error{File: at.File, Line: at.Line, Path: path,
			Problem: "the id is taken already, at " + first.String(), Hint: "give each its own"})
		return
	}
	seen[id] = at
}

// follow checks that lessons mention questions that exist.
func (l *loader) follow() {
	known := make([]string, 0, len(l.pack.Questions))
	for _, q := range l.pack.Questions {
		known = append(known, q.ID)
	}
	for _, link := range l.links {
		if slices.Contains(known, link.id) {
			continue
		}
		e := &strict.Error{File: link.at.File, Line: link.at.Line, Path: link.path, Problem: "there is no question \"" + link.id + "\" in the pack"}
		if near := strict.Nearest(link.id, known); near != "" {
			e.Hint = "did you mean \"" + near + "\"?"
		}
		l.errs = append(l.errs, e)
	}
}
