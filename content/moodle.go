package content

import (
	"encoding/xml"
	"errors"
	"html"
	"io"
	"regexp"
	"strconv"
	"strings"

	"branchbot/content/charset"
)

// moodleQuestion is a question of Moodle's XML format (question/format/xml).
type moodleQuestion struct {
	Type     string     `xml:"type,attr"`
	Name     moodleText `xml:"name"`
	Category moodleText `xml:"category"`
	Text     moodleText `xml:"questiontext"`
	Feedback moodleText `xml:"generalfeedback"`
	Answers  []struct {
		Fraction  string     `xml:"fraction,attr"`
		Text      string     `xml:"text"`
		Feedback  moodleText `xml:"feedback"`
		Tolerance string     `xml:"tolerance"`
	} `xml:"answer"`
	Tags []moodleText `xml:"tags>tag"`
}

type moodleText struct {
	Text string `xml:"text"`
}

// readMoodle reads a bank in Moodle's XML format: what has a counterpart here; the rest is
// named.
func readMoodle(file, text string) (*Bank, error) {
	bank := newBank(file, "moodle")
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is decoded already
	tag := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return bank, nil
		}
		if err != nil {
			if len(bank.Questions) == 0 {
				return nil, unreadable(file, "broken")
			}
			return bank, nil
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "question" {
			continue
		}
		line, _ := d.InputPos()
		var m moodleQuestion
		if err := d.DecodeElement(&m, &start); err != nil {
			return nil, unreadable(file, "broken")
		}
		if m.Type == "category" {
			tag = shortTag(m.Category.Text[strings.LastIndexByte(m.Category.Text, '/')+1:])
			continue
		}
		q := &Question{At: Position{File: file, Line: line}, Ask: plainHTML(m.Text.Text), Explain: plainHTML(m.Feedback.Text)}
		for _, t := range m.Tags {
			if t := shortTag(t.Text); t != "" {
				q.Tags = append(q.Tags, t)
			}
		}
		if tag != "" && len(q.Tags) == 0 {
			q.Tags = []string{tag}
		}
		faults := m.answers(q)
		if q.Type == essay {
			bank.skip(q, Reason{Key: "essay"}, q.Ask)
			continue
		}
		bank.add(q, faults, q.Ask, func(string) int { return line })
	}
}

// answers reads the answers of a question into q.
func (m *moodleQuestion) answers(q *Question) []fault {
	right := 0
	for _, a := range m.Answers {
		if f, err := strconv.ParseFloat(a.Fraction, 64); err == nil && f > 0 {
			right++
		}
	}
	switch m.Type {
	case "multichoice", "multichoiceset":
		q.Type = Multiple
		if right == 1 {
			q.Type = Single
		}
	case "truefalse":
		q.Type = TrueFalse
	case "shortanswer":
		q.Type = Blank
	case "numerical":
		q.Type = Number
	case "essay", "description":
		q.Type = essay
		return nil
	case "matching", "ddmatch":
		return []fault{wrong("", "matching", "matching questions are not supported", "ask with the type order or multiple instead")}
	default:
		return []fault{wrong("", "type", strconv.Quote(m.Type)+" is none", "", "Value", m.Type)}
	}
	for i, a := range m.Answers {
		f, err := strconv.ParseFloat(a.Fraction, 64)
		is := err == nil && f > 0
		text := plainHTML(a.Text)
		switch {
		case q.Type.lettered():
			q.Options = append(q.Options, text)
			if is && i < maxOptions {
				q.Answer += string(rune('A' + i))
			}
		case is && q.Type == Blank:
			q.Accept = append(q.Accept, text)
			q.Answer = q.Accept[0]
		case is && q.Type == Number:
			if q.Answer = text; a.Tolerance != "" && a.Tolerance != "0" {
				q.Answer += "±" + a.Tolerance
			}
		case is:
			q.Answer = text
		}
		if is && q.Explain == "" {
			q.Explain = plainHTML(a.Feedback.Text)
		}
	}
	if q.Answer == "" {
		return []fault{wrong("answer", "no_answer", "missing", "")}
	}
	return nil
}

var (
	htmlBreak = regexp.MustCompile(`(?i)<br\s*/?>|</p>\s*<p[^>]*>|</div>\s*<div[^>]*>|</li>`)
	blanks    = regexp.MustCompile(`[ \t\x{00a0}]+`)
)

// plainHTML is the text of a piece of HTML.
func plainHTML(s string) string {
	s = htmlBreak.ReplaceAllString(strings.ReplaceAll(s, "\n", " "), "\n")
	s = charset.Visible(html.UnescapeString(giftHTML.ReplaceAllString(s, "")))
	lines := strings.Split(blanks.ReplaceAllString(s, " "), "\n")
	out := lines[:0]
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}
