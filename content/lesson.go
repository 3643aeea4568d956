package content

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"branchbot/content/strict"
)

// lesson reads one file of the folder lessons.
func (l *loader) lesson(file string) {
	if !strings.HasSuffix(file, ".md") {
		l.fail(file, 0, "", "lessons are read from .md files only", "")
		return
	}
	data, ok := l.read(file)
	if !ok {
		return
	}
	lesson, s, err := parseLesson(l.file(file), data)
	if s == nil {
		l.errs = append(l.errs, err)
		return
	}
	for i, m := range lesson.Media {
		s.add(below(fmt.Sprintf("media[%d]", i), l.picture(m)))
	}
	for i, id := range lesson.Questions {
		path := fmt.Sprintf("questions[%d]", i)
		l.links = append(l.links, link{Position{File: lesson.At.File, Line: s.line(path)}, path, id})
	}
	l.errs = append(l.errs, s.errs...)
	lesson.Pack = l.pack.ID
	l.unique(l.lessons, "id", lesson.ID, Position{File: lesson.At.File, Line: s.line("id")})
	l.pack.Lessons = append(l.pack.Lessons, lesson)
}

// below puts faults of the fields of a medium under its path.
func below(path string, faults []fault) []fault {
	for i := range faults {
		faults[i].field = path + "." + faults[i].field
	}
	return faults
}

// parseLesson reads Markdown with a head of YAML. Without a section, the file
// could not be read at all; else the section holds the faults found.
func parseLesson(file string, data []byte) (*Lesson, *section, error) {
	head, body, line, err := cutHead(file, data)
	if err != nil {
		return nil, nil, err
	}
	node, err := strict.Parse(file, head)
	if err != nil {
		return nil, nil, err
	}
	var h struct {
		ID        string   `yaml:"id"`
		Title     string   `yaml:"title"`
		Tags      []string `yaml:"tags"`
		Media     []Media  `yaml:"media"`
		Questions []string `yaml:"questions"`
		Source    string   `yaml:"source"`
		Checked   Checked  `yaml:"checked"`
	}
	s := readSection(file, node, "", &h)
	lesson := &Lesson{ID: h.ID, Title: h.Title, Tags: h.Tags, Media: h.Media, Questions: h.Questions,
		Source: h.Source, Checked: h.Checked, Body: body, At: Position{File: file, Line: 1}}
	s.need("id", h.ID, "title", h.Title)
	if h.ID != "" && !idPattern.MatchString(h.ID) {
		s.fail("id", idHint, "%q is no id", h.ID)
	}
	s.add(checkText("title", h.Title, maxTitle, false))
	s.add(checkText("source", h.Source, maxAsk, false))
	s.add(checkTags(h.Tags))
	s.add(checkChecked(h.Checked))
	s.errs = append(s.errs, checkBody(file, body, line)...)
	s.errs = append(s.errs, checkLinks(file, body, line)...)
	return lesson, s, errors.Join(s.errs...)
}

func checkBody(file, body string, line int) []error {
	var errs []error
	fail := func(line int, f fault) {
		errs = append(errs, &strict.Error{File: file, Line: line, Path: "body", Problem: f.problem, Hint: f.hint})
	}
	if body == "" {
		fail(line, fault{problem: "missing", hint: `write the text below the second line "---"`})
	}
	for _, f := range checkText("body", body, maxBody, true) {
		switch i := hidden(body, true); {
		case strings.HasPrefix(f.problem, "holds"):
			fail(line+strings.Count(body[:i], "\n"), f)
		default:
			f.hint = "part it into two lessons"
			fail(line, f)
		}
	}
	return errs
}

// checkLinks finds the links that lead anywhere but to a page, an address or a number:
// the places that show them would run the script in one, or show nothing.
func checkLinks(file, body string, line int) []error {
	source := []byte(body)
	var errs []error
	at := line
	_ = ast.Walk(goldmark.DefaultParser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		if n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
			at = line + bytes.Count(source[:n.Lines().At(0).Start], []byte("\n"))
		}
		to := ""
		switch n := n.(type) {
		case *ast.Link:
			to = string(n.Destination)
		case *ast.AutoLink:
			to = string(n.URL(source))
		default:
			return ast.WalkContinue, nil
		}
		if !LinkAllowed(to) {
			errs = append(errs, &strict.Error{File: file, Line: at, Path: "body", Problem: fmt.Sprintf("the link %q leads to no page", to),
				Hint: "write the whole address, e.g. https://example.org/page"})
		}
		return ast.WalkContinue, nil
	})
	return errs
}

// LinkAllowed tells whether a link is one of the kinds that lessons may hold: web pages,
// mail addresses and telephone numbers.
func LinkAllowed(to string) bool {
	u, err := url.Parse(to)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "http", "https":
		return u.Host != ""
	case "mailto", "tel":
		return true
	}
	return false
}

// cutHead parts a lesson into its head, with the first line kept so that line
// numbers stay true, and its body with the line on which that begins.
func cutHead(file string, data []byte) (head []byte, body string, line int, err error) {
	text := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
	if err := strict.CheckText(file, []byte(text)); err != nil {
		return nil, "", 0, err
	}
	lines := strings.Split(text, "\n")
	if strings.TrimRight(lines[0], " \t") != "---" {
		return nil, "", 0, &strict.Error{File: file, Line: 1, Problem: "a lesson begins with a head",
			Hint: `write the lines "---", "id: …", "title: …", "---" and then the text`}
	}
	end := 1
	for end < len(lines) && strings.TrimRight(lines[end], " \t") != "---" {
		end++
	}
	if end == len(lines) {
		return nil, "", 0, &strict.Error{File: file, Line: 1, Problem: "the head does not end", Hint: `write "---" on a line of its own below it`}
	}
	body = strings.Join(lines[end+1:], "\n")
	start := len(body) - len(strings.TrimLeft(body, " \t\n"))
	line = end + 2 + strings.Count(body[:start], "\n")
	return []byte("\n" + strings.Join(lines[1:end], "\n")), strings.TrimSpace(body), min(line, len(lines)), nil
}
