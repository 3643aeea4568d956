package content

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // pictures in packs
	_ "image/jpeg" //
	_ "image/png"  //
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"branchbot/content/strict"
)

const (
	maxBody    = 3500     // runes of a lesson: one message on every platform that we know, with its heading
	maxPicture = 5 << 20  // bytes
	maxPixels  = 25 << 20 // decoded, a picture takes four bytes each
)

// loader collects the faults of one pack.
type loader struct {
	fsys fs.FS
	name string // in front of the file names in errors
	pack *Pack
	errs []error
	seen map[string]Position // ids of lessons and questions
}

// Load reads the pack in a folder. name is how errors call the folder. The
// error joins all faults; each is a *strict.Error.
func Load(fsys fs.FS, name string) (*Pack, error) {
	l := &loader{fsys: fsys, name: name, seen: map[string]Position{}, pack: &Pack{media: map[string][]byte{}}}
	l.header()
	for _, file := range l.list("lessons", ".md") {
		l.lesson(file)
	}
	for _, file := range l.list("questions", "") {
		l.questions(file)
	}
	l.references()
	return l.pack, errors.Join(l.errs...)
}

func (l *loader) file(file string) string { return path.Join(l.name, file) }

func (l *loader) fail(at Position, format string, args ...any) {
	l.errs = append(l.errs, &strict.Error{File: at.File, Line: at.Line, Problem: fmt.Sprintf(format, args...)})
}

func (l *loader) read(file string) ([]byte, bool) {
	data, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		l.fail(Position{File: l.file(file)}, "cannot be read: %v", errors.Unwrap(err))
		return nil, false
	}
	return data, true
}

func (l *loader) list(dir, ending string) []string {
	entries, err := fs.ReadDir(l.fsys, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.fail(Position{File: l.file(dir)}, "cannot be read: %v", err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ending) && !strings.HasPrefix(e.Name(), ".") {
			files = append(files, path.Join(dir, e.Name()))
		}
	}
	return files
}

// header reads pack.yaml.
func (l *loader) header() {
	var h struct {
		ID       string `yaml:"id"`
		Title    string `yaml:"title"`
		Version  string `yaml:"version"`
		Language string `yaml:"language"`
		Licence  string `yaml:"licence"`
		Source   string `yaml:"source"`
	}
	data, ok := l.read("pack.yaml")
	if !ok {
		return
	}
	file := l.file("pack.yaml")
	node, err := strict.Parse(file, data)
	if err == nil {
		err = strict.Decode(file, node, "", &h)
	}
	if err != nil {
		l.errs = append(l.errs, err)
		return
	}
	p := l.pack
	p.ID, p.Title, p.Version, p.Language, p.Licence, p.Source = h.ID, h.Title, h.Version, h.Language, h.Licence, h.Source
	at := Position{File: file, Line: 1}
	l.needs(at, "pack", [][2]string{{"id", p.ID}, {"title", p.Title}, {"language", p.Language}, {"licence", p.Licence}, {"source", p.Source}})
	if p.ID != "" && !validID(p.ID) {
		l.fail(at, "id: %q: use lower-case letters, digits and - only", p.ID)
	}
}

func (l *loader) needs(at Position, what string, fields [][2]string) {
	for _, f := range fields {
		if strings.TrimSpace(f[1]) == "" {
			l.fail(at, "%s: %s is missing", what, f[0])
			continue
		}
		if bad := firstHidden(f[1]); bad != 0 {
			l.fail(at, "%s: %s: holds the invisible character %U; remove it", what, f[0], bad)
		}
	}
}

func validID(id string) bool {
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return id != "" && len(id) <= 64
}

// firstHidden finds characters that would show as something else than they
// are: controls, zero-width ones, turns of the writing direction.
func firstHidden(s string) rune {
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' || unicode.Is(unicode.Bidi_Control, r) ||
			r >= 0x200b && r <= 0x200d || r == 0xfeff || r == 0x2060 {
			return r
		}
	}
	return 0
}

// unique notes an id and complains of a second one.
func (l *loader) unique(id string, at Position) {
	if first, ok := l.seen[id]; ok {
		l.fail(at, "id %q is taken already, at %s", id, first)
		return
	}
	l.seen[id] = at
}

// lesson reads a Markdown file with front matter.
func (l *loader) lesson(file string) {
	data, ok := l.read(file)
	if !ok {
		return
	}
	name := l.file(file)
	front, body, line, err := frontMatter(name, data)
	if err != nil {
		l.errs = append(l.errs, err)
		return
	}
	var h struct {
		ID        string   `yaml:"id"`
		Title     string   `yaml:"title"`
		Tags      []string `yaml:"tags"`
		Media     []Media  `yaml:"media"`
		Questions []string `yaml:"questions"`
		Source    string   `yaml:"source"`
	}
	node, err := strict.Parse(name, front)
	if err == nil {
		err = strict.Decode(name, node, "", &h)
	}
	if err != nil {
		l.errs = append(l.errs, err)
		return
	}
	at := Position{File: name, Line: 2}
	lesson := &Lesson{Pack: l.pack.ID, ID: h.ID, Title: h.Title, Tags: h.Tags, Media: h.Media,
		Questions: h.Questions, Source: h.Source, Body: body, At: at}
	what := fmt.Sprintf("lesson %q", h.ID)
	l.needs(at, what, [][2]string{{"id", h.ID}, {"title", h.Title}, {"source", h.Source}})
	l.needs(Position{File: name, Line: line}, what, [][2]string{{"body", body}})
	if n := utf8.RuneCountInString(body); n > maxBody {
		l.fail(Position{File: name, Line: line}, "%s: body has %d characters, at most %d fit into a message; cut it in two lessons", what, n, maxBody)
	}
	l.unique(h.ID, at)
	for _, m := range h.Media {
		l.picture(m, at)
	}
	l.pack.Lessons = append(l.pack.Lessons, lesson)
}

// frontMatter parts a lesson into its YAML head, blank-padded so that line
// numbers stay true, and its body with the line where that begins.
func frontMatter(name string, data []byte) (front []byte, body string, line int, err error) {
	if !utf8.Valid(data) {
		return nil, "", 0, &strict.Error{File: name, Problem: "not UTF-8 text; save it as UTF-8"}
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return nil, "", 0, &strict.Error{File: name, Line: 1, Problem: "the first line must be ---, then id, title, tags, source, then --- again"}
	}
	head, body, ok := strings.Cut(rest, "\n---\n")
	if !ok {
		return nil, "", 0, &strict.Error{File: name, Line: 1, Problem: "the line --- that ends the head is missing"}
	}
	line = strings.Count(head, "\n") + 4
	return []byte("\n" + head), strings.TrimSpace(body), line, nil
}

// picture checks and keeps a picture of the pack.
func (l *loader) picture(m Media, at Position) {
	if _, ok := l.pack.media[m.File]; ok {
		return
	}
	if m.Alt == "" {
		l.fail(at, "media %q: alt is missing: say what the picture shows", m.File)
	}
	if !fs.ValidPath(m.File) {
		l.fail(at, "media %q: must be a path inside the pack", m.File)
		return
	}
	if !slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif"}, strings.ToLower(path.Ext(m.File))) {
		l.fail(at, "media %q: must be a .png, .jpg or .gif", m.File)
		return
	}
	info, err := fs.Stat(l.fsys, m.File)
	if err != nil || !info.Mode().IsRegular() {
		l.fail(at, "media %q: there is no such file in the pack", m.File)
		return
	}
	if info.Size() > maxPicture {
		l.fail(at, "media %q: is larger than 5 MB", m.File)
		return
	}
	data, ok := l.read(m.File)
	if !ok {
		return
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil:
		l.fail(at, "media %q: is no picture that can be read: %v", m.File, err)
	case c.Width*c.Height > maxPixels:
		l.fail(at, "media %q: %d × %d pixels are too many, at most 25 million", m.File, c.Width, c.Height)
	default:
		l.pack.media[m.File] = data
	}
}

// references checks that lessons name questions that exist.
func (l *loader) references() {
	for _, lesson := range l.pack.Lessons {
		for _, id := range lesson.Questions {
			if !slices.ContainsFunc(l.pack.Questions, func(q *Question) bool { return q.ID == id }) {
				l.fail(lesson.At, "lesson %q: there is no question %q", lesson.ID, id)
			}
		}
	}
}

// questions reads a file of questions by its ending.
func (l *loader) questions(file string) {
	data, ok := l.read(file)
	if !ok {
		return
	}
	name := l.file(file)
	var qs []*Question
	var err error
	switch {
	case strings.HasSuffix(file, ".yaml") || strings.HasSuffix(file, ".yml"):
		l.yamlQuestions(name, data)
		return
	case strings.HasSuffix(file, ".aiken.txt"):
		qs, err = ParseAiken(name, string(data))
	case strings.HasSuffix(file, ".gift"):
		qs, err = ParseGIFT(name, string(data))
	case strings.HasSuffix(file, ".csv"):
		qs, err = ParseCSV(name, data)
	case strings.HasSuffix(file, ".xlsx"):
		qs, err = ParseXLSX(name, data)
	default:
		l.fail(Position{File: name}, "not a format of questions; known: .yaml, .gift, .aiken.txt, .csv, .xlsx")
	}
	if err != nil {
		l.errs = append(l.errs, err)
	}
	for _, q := range qs {
		l.add(q)
	}
}

func (l *loader) add(q *Question) {
	q.Pack = l.pack.ID
	l.unique(q.ID, q.At)
	l.pack.Questions = append(l.pack.Questions, q)
}

// yamlQuestions reads the pack's own format, in which explanation and source
// are duties.
func (l *loader) yamlQuestions(name string, data []byte) {
	node, err := strict.Parse(name, data)
	if err != nil {
		l.errs = append(l.errs, err)
		return
	}
	if node.Kind != yaml.SequenceNode {
		l.fail(Position{File: name, Line: node.Line}, "expected a list of questions, each beginning with \"- id:\"")
		return
	}
	for i, n := range node.Content {
		var raw struct {
			ID      string    `yaml:"id"`
			Type    Type      `yaml:"type"`
			Ask     string    `yaml:"ask"`
			Options []string  `yaml:"options"`
			Answer  yaml.Node `yaml:"answer"`
			Explain string    `yaml:"explain"`
			Source  string    `yaml:"source"`
			Tags    []string  `yaml:"tags"`
		}
		at := Position{File: name, Line: n.Line}
		if err := strict.Decode(name, n, fmt.Sprintf("[%d]", i), &raw); err != nil {
			l.errs = append(l.errs, err)
			continue
		}
		q := &Question{ID: raw.ID, Type: raw.Type, Ask: raw.Ask, Options: raw.Options, Explain: raw.Explain,
			Source: raw.Source, Tags: raw.Tags, At: at}
		l.needs(at, fmt.Sprintf("question %q", q.ID), [][2]string{{"id", q.ID}, {"ask", q.Ask}, {"explain", q.Explain}, {"source", q.Source}})
		if err := answerNode(q, &raw.Answer); err != nil {
			l.fail(at, "question %q: %v", q.ID, err)
			continue
		}
		if err := Check(q); err != nil {
			l.fail(at, "question %q: %v", q.ID, err)
			continue
		}
		l.add(q)
	}
}

// answerNode reads the answer, which may be a text, a number, a truth value or
// a list.
func answerNode(q *Question, n *yaml.Node) error {
	switch {
	case n.Kind == 0:
		return errors.New("answer is missing")
	case q.Type == Blank && n.Kind == yaml.SequenceNode:
		for _, c := range n.Content {
			q.Accept = append(q.Accept, c.Value)
		}
	case n.Kind != yaml.ScalarNode:
		return errors.New("answer: expected a single value")
	case q.Type == Blank:
		q.Accept = []string{n.Value}
	default:
		q.Answer = n.Value
	}
	return nil
}
