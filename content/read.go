package content

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"branchbot/content/charset"
	"branchbot/content/sheet"
	"branchbot/content/strict"
)

// maxLine bounds a line of a text, in bytes: a question has some thousand.
const maxLine = 64 << 10

// FileError tells why a file of questions cannot be read at all, and the way out.
type FileError struct {
	File   string
	Reason Reason // a message under import.file
}

func (e *FileError) Error() string { return e.File + ": " + fileProblems[e.Reason.Key] }

var fileProblems = map[string]string{
	"doc":     "it is in the old format of Word (save it as .docx)",
	"wps":     "it is in the format of WPS (save it as .docx or .xlsx)",
	"pdf":     "it is a PDF (copy its text into a .txt or .docx file)",
	"picture": "it is a picture (type the text, or let WPS or WeChat recognise it)",
	"zip":     "it is an archive without a pack (unpack it and send the files in it)",
	"locked":  "it is protected by a password (save it without)",
	"coding":  "its characters cannot be read (save it as UTF-8 or .docx)",
	"big":     "it is larger than 10 MB (split it)",
	"line":    "it has a line without end (it is no text file)",
	"table":   "it is a table without questions",
	"empty":   "there is nothing in it",
	"broken":  "it is broken (open it, save it anew, send that)",
}

func unreadable(file, key string, args ...any) error {
	return &FileError{file, Reason{key, args}}
}

// ReadBank reads a file of questions; what is inside decides how, not its name. Its Bank may
// hold no question. Faults of the file as a whole are of type *FileError.
func ReadBank(file string, data []byte) (*Bank, error) {
	if len(data) > maxText {
		return nil, unreadable(file, "big")
	}
	kind := FileKind(data)
	switch kind {
	case "doc", "wps", "pdf", "picture", "zip", "locked", "broken":
		return nil, unreadable(file, kind)
	case "docx":
		return readWord(file, data)
	case "xlsx", "xls":
		book, err := sheet.ReadBook(file, data)
		if err != nil {
			return nil, err
		}
		return readTables(file, kind, book.Sheets), nil
	}
	text, err := charset.Decode(data)
	if err != nil {
		return nil, unreadable(file, "coding")
	}
	text = strings.TrimPrefix(text, "\ufeff")
	for line := range strings.Lines(text) {
		if len(line) > maxLine {
			return nil, unreadable(file, "line")
		}
	}
	switch head := strings.TrimSpace(text[:min(len(text), 4096)]); {
	case head == "":
		return nil, unreadable(file, "empty")
	case moodleHead.MatchString(head):
		return readMoodle(file, text)
	case strings.HasPrefix(head, "<") && htmlTable.MatchString(text) || IsTable(file, text):
		book, err := sheet.ReadBook(file, data)
		if err != nil {
			return nil, err
		}
		if bank := readTables(file, "csv", book.Sheets); len(bank.Questions)+len(bank.Bad) > 0 || !strings.HasSuffix(strings.ToLower(file), ".txt") {
			return bank, nil
		}
	case isGIFT(file, text):
		return readGIFT(file, text), nil
	}
	return readText(file, text), nil
}

var (
	moodleHead = regexp.MustCompile(`(?s)^(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<quiz\b`)
	htmlTable  = regexp.MustCompile(`(?i)<table\b|<worksheet\b|<ss:worksheet\b`)
	giftAnswer = regexp.MustCompile(`(?s)\{[^{}]*(?:[=~＝～]|(?i:\bT\b|\bTRUE\b|\bF\b|\bFALSE\b|对|错)|#)[^{}]*\}`)
)

// isGIFT tells whether a text is in the GIFT format: by its name, or by answers in braces.
func isGIFT(file, text string) bool {
	if strings.HasSuffix(strings.ToLower(file), ".gift") || strings.Contains(text, "$CATEGORY:") {
		return true
	}
	if !strings.ContainsAny(text, "{｛") {
		return false
	}
	braces := len(giftAnswer.FindAllStringIndex(text, 20))
	answers := 0
	for line := range strings.Lines(text) {
		if kind, _, ok := labelled(strings.TrimSpace(line)); ok && kind == "answer" {
			if answers++; answers > braces {
				return false
			}
		}
	}
	return braces > 0
}

// IsTable tells whether a text is a CSV: by its name, or since its first lines have the same
// separators.
func IsTable(file, text string) bool {
	switch path.Ext(strings.ToLower(file)) {
	case ".csv", ".tsv", ".xls", ".xlsx":
		return true
	}
	var counts []int
	for line := range strings.Lines(text[:min(len(text), 20_000)]) {
		if strings.TrimSpace(line) != "" {
			counts = append(counts, strings.Count(line, "\t"))
		}
		if len(counts) == 5 {
			break
		}
	}
	return len(counts) > 1 && counts[0] >= 3 && slices.Min(counts) >= 2
}

// IsTableFile tells whether a file is a table, or was meant as one.
func IsTableFile(file string, data []byte) bool {
	switch FileKind(data) {
	case "xlsx", "xls", "locked", "broken":
		return true
	case "text":
		text, err := charset.Decode(data)
		return err == nil && IsTable(file, text)
	}
	return false
}

// FileKind is what the first bytes of a file tell: docx, xlsx, xls, doc, wps, pdf, picture,
// zip, locked, broken; text when they tell nothing.
func FileKind(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return zipKind(data)
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return sheet.CompoundKind(data)
	case bytes.HasPrefix(data, []byte("%PDF")):
		return "pdf"
	case bytes.HasPrefix(data, []byte("\x89PNG")), bytes.HasPrefix(data, []byte("\xff\xd8\xff")), bytes.HasPrefix(data, []byte("GIF8")):
		return "picture"
	}
	return "text"
}

func zipKind(data []byte) string {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if z == nil || err != nil && len(z.File) == 0 {
		return "broken"
	}
	for _, f := range z.File {
		switch {
		case f.Name == "word/document.xml":
			return "docx"
		case f.Name == "xl/workbook.xml":
			return "xlsx"
		}
	}
	return "zip"
}

// Wrapped is the .zip file of a pack that has a bank's questions, written down as they were
// understood: in it nothing is wrong.
func (b *Bank) Wrapped(id, title string) ([]byte, error) {
	files := map[string][]byte{"pack.yaml": packHead(id, title)}
	if err := b.write(files, "questions/imported.json"); err != nil {
		return nil, err
	}
	return zipped(files, "")
}

func packHead(id, title string) []byte {
	return fmt.Appendf(nil, "id: %q\ntitle: %q\n", id, title)
}

// write adds the questions as a file, with their pictures.
func (b *Bank) write(files map[string][]byte, name string) error {
	text, err := json.MarshalIndent(b.Questions, "", " ")
	if err != nil {
		return err
	}
	files[name] = text
	for name, picture := range b.Pictures {
		files[name] = picture
	}
	return nil
}

// json reads what Wrapped has written.
func (l *loader) json(file string, data []byte) ([]*Question, error) {
	var questions []*Question
	if err := json.Unmarshal(data, &questions); err != nil {
		return nil, &strict.Error{File: file, Problem: "the file is not as the import writes it: " + err.Error(), Hint: "import the questions anew"}
	}
	bank := newBank(file, "imported")
	for i, q := range questions {
		if q == nil {
			return nil, &strict.Error{File: file, Problem: "the file is not as the import writes it", Hint: "import the questions anew"}
		}
		q.At = Position{File: file, Line: i + 1}
		if q.Type == Blank && len(q.Accept) == 0 {
			q.Accept = []string{q.Answer}
		}
		var faults []fault
		for _, m := range q.Media {
			faults = append(faults, l.picture(m)...)
		}
		bank.add(q, faults, q.Ask, func(string) int { return q.At.Line })
	}
	return bank.Questions, bank.err()
}
