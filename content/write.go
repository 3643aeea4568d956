package content

import (
	"archive/zip"
	"bytes"
	"io"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Packs that are written piece by piece: a bank or a lesson is put into the .zip file of a
// pack, whose other files stay as they are.

// PutQuestions puts a bank's questions into a pack, of which data is the .zip file; nil begins
// one. Questions that stand there already are left out of the bank and skipped.
func PutQuestions(data []byte, id, title string, b *Bank) ([]byte, error) {
	files, pack, err := filesOf(data, id, title)
	if err != nil {
		return nil, err
	}
	b.Questions = slices.DeleteFunc(b.Questions, func(q *Question) bool {
		there := slices.ContainsFunc(pack.Questions, func(old *Question) bool { return old.ID == q.ID })
		if there {
			b.skip(q, Reason{Key: "in_pack"}, q.Ask)
		}
		return there
	})
	if len(b.Questions) > 0 {
		if err := b.write(files, "questions/"+hash(b.Questions)[:12]+".json"); err != nil {
			return nil, err
		}
	}
	return zipped(files, "")
}

// PutLesson puts a lesson into a pack, likewise, in the place of one with its id; pictures are
// those of its Media by their file. It stands behind the others.
func PutLesson(data []byte, id, title string, l *Lesson, pictures map[string][]byte) ([]byte, error) {
	files, pack, err := filesOf(data, id, title)
	if err != nil {
		return nil, err
	}
	name, last := "", ""
	for _, old := range pack.Lessons {
		file := strings.TrimPrefix(old.At.File, pack.ID+"/")
		if last = max(last, path.Base(file)); old.ID == l.ID {
			name = file
		}
	}
	if name == "" {
		name = "lessons/" + behind(last) + "-" + l.ID + ".md"
	}
	if files[name], err = l.markdown(); err != nil {
		return nil, err
	}
	for name, picture := range pictures {
		files[name] = picture
	}
	return zipped(files, "")
}

// behind begins a name that sorts behind another.
func behind(last string) string {
	digits, _, _ := strings.Cut(last, "-")
	n := []byte(digits)
	if len(n) != 6 || strings.Trim(digits, "0123456789") != "" {
		return "500000"
	}
	for i := len(n) - 1; i >= 0; i-- {
		if n[i]++; n[i] <= '9' {
			return string(n)
		}
		n[i] = '0'
	}
	return "999999"
}

// markdown is the file of a lesson.
func (l *Lesson) markdown() ([]byte, error) {
	head := struct {
		ID        string   `yaml:"id"`
		Title     string   `yaml:"title"`
		Tags      []string `yaml:"tags,omitempty,flow"`
		Media     []Media  `yaml:"media,omitempty"`
		Questions []string `yaml:"questions,omitempty,flow"`
		Source    string   `yaml:"source,omitempty"`
	}{l.ID, l.Title, l.Tags, l.Media, l.Questions, l.Source}
	text, err := yaml.Marshal(head)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte("---\n"), text, []byte("---\n"), []byte(l.Body), []byte("\n")), nil
}

// filesOf are the files of a pack, and what they hold.
func filesOf(data []byte, id, title string) (map[string][]byte, *Pack, error) {
	files := map[string][]byte{"pack.yaml": packHead(id, title)}
	if data == nil {
		return files, &Pack{ID: id}, nil
	}
	pack, err := LoadZip(data, id)
	if err != nil {
		return nil, nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, &ArchiveError{Kind: "broken"}
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, nil, &ArchiveError{Kind: "broken"}
		}
		body, err := io.ReadAll(io.LimitReader(r, maxUnpacked))
		if err != nil {
			return nil, nil, &ArchiveError{Kind: "broken"}
		}
		files[f.Name] = body
	}
	return files, pack, nil
}

// LessonID makes the id of a lesson that is written anew.
func LessonID(title, body string) string { return "lesson-" + hash(title, body)[:10] }

// TagsOf reads tags as people write them, parted by commas or blanks: 安全、消防.
func TagsOf(text string) []string { return tagList(strings.Join(strings.Fields(text), "、")) }
