package content

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"branchbot/content/charset"
	"branchbot/content/strict"
)

// The Aiken format of Moodle (question/format/aiken/format.php) is a question
// on a line, options "A) …", and "ANSWER: B". We read it as it is written in
// China, in Word files and in what is copied from web pages and PDF files: marks
// of options in all forms, on lines of their own, in columns, behind the question;
// the answer below, in brackets within the question, or in a list at the end of
// the file; labels such as 解析 and 知识点; numbers before questions; headings such
// as 一、单选题, which give the type of what follows.
//
// Where questions are numbered, what has no number is a part of a question only
// within one: titles, instructions and headers of pages are left out. Where they
// are not, a line that fits nothing begins a new question when the one before has
// its answer, or when it follows an empty line.

// textReader is the state of reading.
type textReader struct {
	lines   []textLine
	style   string // of the numbers; "" when questions have none
	keyed   bool   // the answers stand in a list at the end
	bank    *Bank
	typed   Type     // by the heading above
	section int      // how many headings
	tags    []string // of the chapter
	draft   *draft
	last    int // the number of the question before
	blank   bool
	drafts  []*draft
}

// textLine is a line, trimmed, with its number.
type textLine struct {
	text  string
	n     int
	blank bool   // an empty line or a separator stands before it
	kind  string // of its label, "" without one: see labelled
	value string // what stands behind the label
}

// draft is the question being read.
type draft struct {
	q       *Question
	number  int // 0 = none
	section int
	ask     []textLine
	options []option
	style   string         // of the marks
	lines   map[string]int // by field
	raw     []string       // as it stands in the file
	last    string         // the field that the next line may go on
	closed  bool           // its answer line was read
	looked  int            // how many lines of ask inside has looked at
	found   []string       // what it has found
	faults  []fault
}

// ParseAiken reads questions in the Aiken format. Good questions are returned
// even when others are bad; the error joins what is wrong with those.
func ParseAiken(file, text string) ([]*Question, error) {
	if err := strict.CheckText(file, []byte(strings.ReplaceAll(text, "\f", ""))); err != nil {
		return nil, err
	}
	b := readText(file, text)
	return b.Questions, b.err()
}

// readText reads a text bank.
func readText(file, text string) *Bank {
	p := &textReader{bank: newBank(file, "aiken")}
	p.lines = textLines(text)
	key := p.findKey()
	p.keyed = key >= 0
	p.style = p.numbers()
	for i := 0; i < len(p.lines); i++ {
		p.blank = p.lines[i].blank
		if i == key {
			p.finish()
			p.answers(p.lines[i:])
			break
		}
		p.line(i)
	}
	p.finish()
	for _, d := range p.drafts {
		p.take(d)
	}
	return p.bank
}

// textLines are the lines of a text without what is seen by nobody, separators and the
// headers of pages; labels within a line begin one of their own.
func textLines(text string) []textLine {
	text = strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n"), "\r", "\n")
	var lines []textLine
	blank, n := true, 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		line = plainLine(charset.Visible(line))
		if strings.HasPrefix(line, "选项") {
			line = optionWord.ReplaceAllString(line, "$1. ")
		}
		switch {
		case line == "" || isSeparator(line):
			blank = true
			continue
		case pageNumber(line) || strings.Contains(line, "分") && scoreLine.MatchString(line):
			continue
		}
		for _, part := range apart(line) {
			kind, value, _ := labelled(part)
			lines = append(lines, textLine{part, n, blank, kind, value})
			blank = false
		}
	}
	return withoutHeaders(lines)
}

// optionWord is 选项A： before an option.
var optionWord = regexp.MustCompile(`^选项[\s\p{Zs}]*([A-JＡ-Ｊ])[\s\p{Zs}]*[:：][\s\p{Zs}]*`)

func isSeparator(line string) bool {
	r, _ := utf8.DecodeRuneInString(line)
	return strings.ContainsRune("-—–=_*~·.…─━═＊＝－", r) && separatorLine.MatchString(line)
}

// plainLine takes the marks of Markdown off a line; see answerBefore.
func plainLine(line string) string {
	line = strings.TrimSpace(strings.ReplaceAll(line, "**", ""))
	r, _ := utf8.DecodeRuneInString(line)
	if r == '（' || r == '(' {
		return answerBefore(line)
	}
	if !strings.ContainsRune("-*+>•●▪○◯□☐", r) {
		return line
	}
	if at := listMark.FindStringIndex(line); at != nil {
		rest := line[at[1]:]
		_, isNumber := numbered(rest)
		_, isOption := optionMark(rest, false)
		if _, _, isLabel := labelled(rest); isNumber || isOption || isLabel {
			line = rest
		}
	}
	return line
}

// answerBefore puts an answer that stands before the number behind the question.
func answerBefore(line string) string {
	if m := answerFirst.FindStringSubmatch(line); m != nil && utf8.RuneCountInString(line[len(m[0]):]) > 5 && !startsWithDigit(line[len(m[0]):]) {
		line = m[2] + line[len(m[0]):]
		if m[1] != "" {
			line += "（" + m[1] + "）"
		}
	}
	return line
}

func startsWithDigit(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsDigit(r)
}

// withoutHeaders drops lines that come again and again and are no part of a question.
func withoutHeaders(lines []textLine) []textLine {
	times := map[string]int{}
	for _, l := range lines {
		if len(l.text) <= 150 {
			times[l.text]++
		}
	}
	return slices.DeleteFunc(lines, func(l textLine) bool {
		if times[l.text] < 3 || !hasTitleWord(l.text) || !titleLike(l.text) {
			return false
		}
		_, isNumber := numbered(l.text)
		_, isOption := optionMark(l.text, true)
		isLabel := l.kind != ""
		_, _, isHeading := heading(l.text)
		return !isNumber && !isOption && !isLabel && !isHeading
	})
}

// numbers is the style of the numbers before the questions; "" when they have none.
func (p *textReader) numbers() string {
	type count struct{ follow, questions, all, last int }
	styles := map[string]*count{}
	for i, l := range p.lines {
		m, ok := numbered(stripMark(l.text))
		if !ok {
			continue
		}
		if _, _, isHeading := heading(l.text); isHeading {
			continue
		}
		c := styles[m.style]
		if c == nil {
			c = &count{}
			styles[m.style] = c
		}
		if m.n == 1 || m.n == c.last+1 || c.all == 0 {
			c.follow++
		}
		c.all++
		c.last = m.n
		if p.asks(i, m.style) {
			c.questions++
		}
	}
	best, most := "", 0
	for style, c := range styles {
		if c.follow*2 < c.all || c.questions*2 < c.all && !(p.keyed && c.all > 1) && c.follow < 5 {
			continue
		}
		if score := c.follow + 2*c.questions; score > most || score == most && style < best {
			best, most = style, score
		}
	}
	return best
}

// stripMark drops the type before a number: "[单选] 1.".
func stripMark(line string) string {
	if r, _ := utf8.DecodeRuneInString(line); !strings.ContainsRune("【[（(「", r) {
		return line
	}
	if at := markBefore.FindStringIndex(line); at != nil {
		return line[at[1]:]
	}
	return line
}

// lookAhead is how many lines below are looked at to see whether a line asks something.
const lookAhead = 12

// asks tells whether a line looks like the beginning of a question: options, an answer or a
// gap follow before the next number.
func (p *textReader) asks(i int, style string) bool {
	if text := p.lines[i].text; answerBracket.MatchString(text) || gap.MatchString(text) {
		return true
	}
	if at, _ := stemOptions(p.lines[i].text); at >= 0 {
		return true
	}
	for j := i + 1; j < len(p.lines) && j <= i+lookAhead; j++ {
		text := p.lines[j].text
		if p.lines[j].kind == "answer" {
			return true
		}
		if m, ok := optionMark(text, true); ok && m.letter == 'A' {
			return true
		}
		if m, ok := numbered(stripMark(text)); ok && (style == "" || m.style == style) {
			return false
		}
		if answerBracket.MatchString(text) || optionsLabel.MatchString(text) {
			return true
		}
	}
	return false
}

// line reads one.
func (p *textReader) line(i int) {
	l := p.lines[i]
	if p.heading(i) || p.begins(i) {
		return
	}
	d := p.draft
	isLabel := l.kind != ""
	if d == nil {
		switch {
		case isLabel:
		case p.aside(i):
			p.bank.aside(Position{File: p.bank.file, Line: l.n}, l.text)
		default:
			p.begin(i, 0, l.text)
		}
		return
	}
	d.raw = append(d.raw, l.text)
	if isLabel && p.typed != essay {
		d.field(l.kind, l.value, l.n)
		return
	}
	if p.typed == essay {
		return
	}
	if at := optionsLabel.FindStringIndex(l.text); at != nil && !d.closed {
		if l.text = l.text[at[1]:]; l.text == "" {
			return
		}
	}
	if p.options(i, l) || d.answerAlone(l) {
		return
	}
	if digitsLine.MatchString(l.text) && d.last != "answer" {
		return // the number of a page
	}
	if p.goesOn(i) {
		d.goOn(l)
		return
	}
	d.raw = d.raw[:len(d.raw)-1]
	if p.finish(); p.aside(i) {
		p.bank.aside(Position{File: p.bank.file, Line: l.n}, l.text)
	} else {
		p.begin(i, 0, l.text)
	}
}

// heading reads a heading, a chapter, a title between questions.
func (p *textReader) heading(i int) bool {
	l := p.lines[i]
	if utf8.RuneCountInString(l.text) > 80 {
		return false
	}
	between := p.draft == nil || p.draft.complete()
	if typed, sure, ok := heading(l.text); ok && (between || l.blank || sure) && !p.optionFollows(i) {
		if !between && !sure && !l.blank {
			return false
		}
		p.finish()
		p.typed, p.last = typed, 0
		p.section++
		return true
	}
	if strings.ContainsAny(l.text, "第附") && chapterLine.MatchString(l.text) && (between || l.blank || p.style != "") && !p.optionFollows(i) {
		if m, ok := numbered(l.text); ok && m.style == p.style {
			return false
		}
		p.finish()
		p.tags = chapterTag(l.text)
		p.last = 0
		return true
	}
	if m := markdown(l.text); between && m != nil {
		if _, ok := numbered(m[1]); !ok {
			p.finish()
			return true
		}
	}
	return false
}

// optionFollows tells whether the next line is an option that is not the first: so this one
// stands in the middle of a question.
func (p *textReader) optionFollows(i int) bool {
	if i+1 >= len(p.lines) || p.draft == nil || p.draft.closed || len(p.draft.options) == 0 {
		return false
	}
	m, ok := optionMark(p.lines[i+1].text, false)
	return ok && m.letter == p.draft.options[len(p.draft.options)-1].letter+1
}

// chapterTag makes the tag of a chapter: 第二章 现场 is 现场.
func chapterTag(line string) []string {
	line = strings.Trim(line, "#* ")
	if i := strings.IndexFunc(line, unicode.IsSpace); i >= 0 {
		line = strings.TrimSpace(line[i:])
	}
	return tagList(line)
}

// tagList are the tags of a text; what is none is left out.
func tagList(text string) (tags []string) {
	for _, part := range splitList(strings.NewReplacer(",", ";", "，", ";", "、", ";").Replace(text)) {
		if t := shortTag(part); t != "" && !slices.Contains(tags, t) {
			tags = append(tags, t)
		}
	}
	return tags
}

// shortTag is tagged, cut to what a tag may have.
func shortTag(s string) string {
	t := []rune(tagged(s))
	t = t[:min(len(t), 40)]
	if s = strings.TrimRight(string(t), "-._"); tagPattern.MatchString(s) {
		return s
	}
	return ""
}

// askAt is where a label such as 题目： stands; nil when the line has none.
func askAt(line string) []int {
	if r, _ := utf8.DecodeRuneInString(line); !strings.ContainsRune("【[题试问Qq", r) {
		return nil
	}
	return askMark.FindStringIndex(line)
}

// markdown is a heading of Markdown.
func markdown(line string) []string {
	if !strings.HasPrefix(line, "#") {
		return nil
	}
	return markdownLine.FindStringSubmatch(line)
}

// begins begins a question that has a number, or a label 题目.
func (p *textReader) begins(i int) bool {
	l := p.lines[i]
	if at := askAt(l.text); at != nil && (p.draft == nil || p.draft.complete() || l.blank || len(p.draft.options) > 0) {
		p.finish()
		text := l.text[at[1]:]
		if m, ok := numbered(text); ok {
			text = m.rest
		}
		p.begin(i, 0, text)
		return true
	}
	m, ok := numberOf(stripMark(l.text))
	other := p.style != "" && m.style != p.style // a slip of who wrote it, if it is the next number
	if !ok || (other || m.doubt) && (p.style == "" || m.n != p.last+1 || m.style == "()" || !p.asks(i, p.style)) {
		return false
	}
	text := m.rest
	if at := markBefore.FindStringIndex(l.text); at != nil {
		text = l.text[:at[1]] + m.rest
	}
	d := p.draft
	next := m.n == p.last+1
	switch {
	case d == nil:
	case p.style == "" && d.last == "explain":
		return false
	case d.last == "explain" || d.last == "answer" && p.typed != TrueFalse && p.typed != essay && d.q.Answer == "":
		if (!next && m.n != 1 || d.number == 0) && p.last != 0 || !p.asks(i, p.style) && !p.keyed {
			return false
		}
	case p.typed == essay:
		if !next && p.last != 0 {
			return false
		}
	case d.complete():
	case len(d.options) > 0:
		if !next && m.n != 1 && !l.blank && !p.asks(i, p.style) {
			return false
		}
	case !next && !p.asks(i, p.style):
		return false
	}
	p.finish()
	p.begin(i, m.n, text)
	p.last = m.n
	return true
}

func (p *textReader) begin(i, n int, text string) {
	l := p.lines[i]
	q := &Question{Type: p.typed, At: Position{File: p.bank.file, Line: l.n}, Tags: slices.Clone(p.tags)}
	p.draft = &draft{q: q, number: n, section: p.section, lines: map[string]int{"": l.n}, raw: []string{l.text}, last: "ask"}
	d := p.draft
	for range 2 { // a type and a score may stand before the question, in any order
		if r, _ := utf8.DecodeRuneInString(text); !strings.ContainsRune("【[（(「", r) && !strings.Contains(text, "题") {
			break
		}
		if m := markBefore.FindStringSubmatch(text); m != nil {
			if t := typeWord(m[1]); t != "" {
				q.Type = t
			}
			text = strings.TrimSpace(text[len(m[0]):])
		}
		if m := bareType.FindStringSubmatch(text); m != nil {
			q.Type = typeWord(m[1])
			text = strings.TrimSpace(text[len(m[0]):])
		}
		if at := scoreMark.FindStringIndex(text); strings.Contains(text, "分") && at != nil && at[0] == 0 {
			text = strings.TrimSpace(text[at[1]:])
		}
	}
	if at := askAt(text); at != nil {
		text = text[at[1]:]
	}
	if at, first := stemOptions(text); at >= 0 {
		d.options, d.style = options(text[at:], l.n, first), first.style
		text, d.last = strings.TrimSpace(text[:at]), "options"
	}
	d.ask = []textLine{{text: text, n: l.n}}
}

// aside tells of a line between questions that belongs to none: a title, an instruction, the
// number of a page; and, where questions are numbered, all that asks nothing.
func (p *textReader) aside(i int) bool {
	text := p.lines[i].text
	if digitsLine.MatchString(text) || instructionLine.MatchString(text) && (p.style != "" || !p.asks(i, "")) {
		return true
	}
	if p.style != "" {
		return !p.asksBeforeNumber(i)
	}
	return i == 0 && titleLike(text) && hasTitleWord(text) && !p.optionNext(i)
}

// asksBeforeNumber tells whether options or an answer come before the next number.
func (p *textReader) asksBeforeNumber(i int) bool {
	if answerBracket.MatchString(p.lines[i].text) {
		return true
	}
	for j := i + 1; j < len(p.lines) && j <= i+lookAhead; j++ {
		text := p.lines[j].text
		if m, ok := numbered(stripMark(text)); ok && m.style == p.style {
			return false
		}
		if _, _, ok := heading(text); ok {
			return false
		}
		if p.lines[j].kind == "answer" {
			return true
		}
		if m, ok := optionMark(text, false); ok && m.letter == 'A' {
			return true
		}
	}
	return false
}

func (p *textReader) optionNext(i int) bool {
	if i+1 >= len(p.lines) {
		return false
	}
	m, ok := optionMark(p.lines[i+1].text, true)
	return ok && m.letter == 'A'
}

// options reads the options of a line.
func (p *textReader) options(i int, l textLine) bool {
	d := p.draft
	if d.closed || d.last == "explain" || d.q.Type == TrueFalse && d.complete() {
		return false
	}
	m, ok := optionMark(l.text, true)
	if !ok {
		return false
	}
	expected := 'A' + rune(len(d.options))
	weak := m.style == "weak"
	switch {
	case len(d.options) == 0 && m.letter != 'A':
		return false
	case weak && len(d.options) > 0 && (m.letter != expected || d.style != "weak" && !weakBlank(l.text)):
		return false
	case (weak || strings.HasPrefix(m.style, "a")) && len(d.options) == 0 && !p.letterFollows(i, m):
		return false
	}
	if len(d.options) == 0 {
		d.style = m.style
	}
	d.options = append(d.options, options(l.text, l.n, m)...)
	d.last = "options"
	return true
}

// weakBlank tells of "C 浇水" among options with other marks.
func weakBlank(text string) bool {
	_, size := utf8.DecodeRuneInString(text)
	r, _ := utf8.DecodeRuneInString(text[size:])
	return unicode.IsSpace(r)
}

// letterFollows tells whether the option B comes next, on the line or one of those below.
func (p *textReader) letterFollows(i int, first mark) bool {
	if all := options(p.lines[i].text, 0, first); len(all) > 1 && all[1].letter == 'B' {
		return true
	}
	for j := i + 1; j < len(p.lines) && j <= i+3; j++ {
		if m, ok := optionMark(p.lines[j].text, true); ok {
			return m.letter == 'B'
		}
	}
	return false
}

// answerAlone reads a line that is only the answer.
func (d *draft) answerAlone(l textLine) bool {
	if d.closed || d.q.Answer != "" {
		return false
	}
	if m := lettersLine.FindStringSubmatch(l.text); m != nil && len(d.options) >= 2 {
		d.field("answer", m[1], l.n)
		return true
	}
	if _, ok := truthOf(strings.Trim(l.text, "()（）")); ok && len(d.options) == 0 && (d.q.Type == TrueFalse || d.q.Type == "") && d.last == "ask" {
		d.field("answer", strings.Trim(l.text, "()（）"), l.n)
		return true
	}
	return false
}

// complete tells whether the question has its answer.
func (d *draft) complete() bool {
	if d.closed {
		return true
	}
	inside := d.inside()
	if len(inside) == 0 {
		return false
	}
	_, truth := truthOf(inside[0])
	return truth && len(d.options) == 0 || !truth && len(d.options) >= 2
}

// inside are the answers that stand in brackets within the question.
func (d *draft) inside() (found []string) {
	if d.q.Type != "" && d.q.Type != TrueFalse && !d.q.Type.lettered() {
		return nil
	}
	if d.looked == len(d.ask) {
		return d.found
	}
	for _, l := range d.ask {
		if !strings.ContainsAny(l.text, "（([【_") {
			continue
		}
		for _, m := range answerBracket.FindAllStringSubmatch(l.text, -1) {
			found = append(found, m[1]+m[2])
		}
	}
	d.looked, d.found = len(d.ask), found
	return found
}

// goesOn tells whether a line without a mark belongs to the question before.
func (p *textReader) goesOn(i int) bool {
	d, l := p.draft, p.lines[i]
	switch d.last {
	case "":
		return false
	case "answer", "explain", "source", "tags":
		if l.blank && d.last != "answer" {
			return false
		}
		return p.style != "" || !p.asks(i, "") || !p.optionNext(i)
	case "options":
		return !d.complete() && (!l.blank || p.style != "" && !p.asksBeforeNumber(i))
	}
	if l.blank && p.style == "" {
		return p.optionNext(i) && !titleLike(d.ask[0].text)
	}
	_, truth := truthOf(strings.Join(d.inside(), ""))
	return !truth // else it is complete: there is nothing more to come
}

// goOn adds a line to what it goes on.
func (d *draft) goOn(l textLine) {
	switch d.last {
	case "ask":
		d.ask = append(d.ask, l)
	case "options":
		o := &d.options[len(d.options)-1]
		o.text = join(o.text, l.text, " ")
	case "answer":
		if d.q.Answer == "" {
			d.q.Answer = l.text
		} else {
			d.q.Answer += "\n" + l.text
		}
	case "explain":
		d.q.Explain = join(d.q.Explain, l.text, "\n")
	case "source":
		d.q.Source = join(d.q.Source, l.text, " ")
	}
}

// join puts together what was parted at the end of a line: nothing stands between Chinese
// characters, a blank between words; behind the end of a sentence, and before the next item of
// a list, part stands.
func join(a, b, part string) string {
	last, _ := utf8.DecodeLastRuneInString(a)
	first, _ := utf8.DecodeRuneInString(b)
	switch {
	case a == "":
		return b
	case strings.ContainsRune("。！？!?；;：:", last) || listItem.MatchString(b):
		return a + part + b
	case wide(last) || wide(first):
		return a + b
	}
	return a + " " + b
}

var listItem = regexp.MustCompile(`^(?:[①-⑳]|[（(]\d{1,2}[)）]|\d{1,2}[.、)）]|[-—•●▪])`)

func wide(r rune) bool {
	return unicode.Is(unicode.Han, r) || r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef || strings.ContainsRune("“”‘’—…（）", r)
}

// field takes 答案：, 解析：, 出处：, 知识点：.
func (d *draft) field(kind, value string, n int) {
	first, twice := d.lines[kind]
	switch kind {
	case "ignored":
		d.last = ""
		return
	case "tags":
		d.q.Tags = append(d.q.Tags, slices.DeleteFunc(tagList(value), func(t string) bool { return slices.Contains(d.q.Tags, t) })...)
		d.last = "tags"
		return
	case "answer":
		if twice && d.q.Answer != "" && value != "" && value != d.q.Answer {
			d.faults = append(d.faults, wrong("answer", "answer_twice", fmt.Sprintf("given twice, first at line %d", first), "a question may be missing between them", "Line", first))
			d.lines[kind] = n
		} else if value != "" {
			d.q.Answer = value
		}
		d.closed, d.last = true, "answer"
		if d.q.Answer != "" {
			d.last = ""
		}
	case "explain":
		d.q.Explain, d.last = join(d.q.Explain, value, "\n"), kind
	case "source":
		d.q.Source, d.last = join(d.q.Source, value, " "), kind
	}
	if !twice {
		d.lines[kind] = n
	}
}

// finish ends the question being read.
func (p *textReader) finish() {
	if d := p.draft; d != nil {
		p.draft = nil
		p.drafts = append(p.drafts, d)
	}
}

// take makes a question of a draft, or notes why not.
func (p *textReader) take(d *draft) {
	q := d.q
	for i, l := range d.ask {
		if i == 0 {
			q.Ask = l.text
		} else {
			q.Ask = join(q.Ask, l.text, "\n")
		}
	}
	for range 2 {
		if r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(q.Ask, "。.")); !strings.ContainsRune("】])）」", r) && !strings.Contains(q.Ask, "分") {
			break
		}
		if m := markAfter.FindStringSubmatch(q.Ask); m != nil && m[0] != q.Ask {
			if t := typeWord(m[1]); t != "" {
				q.Type = t
			}
			q.Ask = strings.TrimSpace(q.Ask[:len(q.Ask)-len(m[0])])
		}
		if at := scoreMark.FindStringIndex(q.Ask); at != nil && (at[1] == len(q.Ask) || at[0] == 0) {
			q.Ask = strings.TrimSpace(q.Ask[:at[0]] + q.Ask[at[1]:])
		}
	}
	if q.Type == essay && len(d.options) >= 2 {
		q.Type = ""
	}
	if noExplanation[q.Explain] {
		q.Explain = ""
	}
	d.bareOptions()
	d.sign()
	d.filledGaps()
	if d.number == 0 && !d.closed && len(d.options) == 0 && len(d.inside()) == 0 && (p.style != "" || titleLike(q.Ask) && len(p.drafts) > 1) {
		p.bank.aside(Position{File: p.bank.file, Line: d.lines[""]}, q.Ask)
		return
	}
	d.order()
	d.takeBrackets()
	d.readAnswer()
	q.hideAnswer()
	text := strings.Join(d.raw, "\n")
	switch {
	case q.Type == essay, d.isEssay():
		p.bank.skip(q, Reason{Key: "essay"}, text)
		return
	case q.Answer == "":
		d.faults = append(d.faults, wrong("", "no_answer", "there is no answer", `write a line such as "答案：B" below it`))
	case len(q.Options) == 0 && q.Type != Blank && q.Type != TrueFalse && onlyLetters.MatchString(bareAnswer(q.Answer)):
		d.faults = append(d.faults, wrong("options", "letter_without_options", fmt.Sprintf("the answer is %s, but there are no options", q.Answer), "write the options below the question", "Value", q.Answer))
	}
	p.bank.add(q, d.faults, text, d.line)
}

// isEssay tells of a question without a type that wants to be explained, not answered.
func (d *draft) isEssay() bool {
	q := d.q
	if q.Type != "" || len(q.Options) > 0 || gap.MatchString(q.Ask) || len(d.faults) > 0 {
		return false
	}
	_, truth := truthOf(q.Answer)
	return !truth && (essayVerbs.MatchString(q.Ask) || utf8.RuneCountInString(q.Answer) > 40)
}

var essayVerbs = regexp.MustCompile(`^(?:请)?(?:简述|简答|论述|试述|试论|谈谈|阐述|概述|说明|分析|列举|结合.{0,20}(?:谈|论述|分析))`)

// bareAnswer is an answer without brackets and the sign behind it.
func bareAnswer(s string) string { return strings.Trim(norm.NFKC.String(s), "()[]【】。. ") }

// noExplanation are words that say that there is no explanation.
var noExplanation = map[string]bool{"无": true, "无。": true, "暂无": true, "略": true, "略。": true, "-": true}

// bareOptions makes options of the lines below a question whose type stands behind it, as
// 问卷星 writes them: without letters.
func (d *draft) bareOptions() {
	q := d.q
	if len(d.options) > 0 || len(d.ask) < 3 {
		return
	}
	m := markAfter.FindStringSubmatch(d.ask[0].text)
	if m == nil {
		return
	}
	if t := typeWord(m[1]); t != "" {
		q.Type = t
	}
	q.Ask = strings.TrimSpace(strings.TrimSuffix(d.ask[0].text, m[0]))
	if q.Type == TrueFalse {
		return
	}
	for i, l := range d.ask[1:] {
		text := strings.TrimSpace(listMark.ReplaceAllString(l.text, ""))
		d.options = append(d.options, option{'A' + rune(i), text, l.n})
	}
	d.ask = d.ask[:1]
	d.ask[0].text, d.looked = q.Ask, 0
}

// filledGaps takes the answers out of the gaps of a question in which they stand: 成立于（1921）年.
func (d *draft) filledGaps() {
	q := d.q
	if len(d.options) > 0 || q.Type != Blank && q.Type != "" {
		return
	}
	if m := answerBehind.FindStringSubmatch(q.Ask); m != nil && q.Answer == "" && gap.MatchString(strings.TrimSuffix(q.Ask, m[0])) && !onlyLetters.MatchString(m[1]) {
		if _, truth := truthOf(m[1]); !truth {
			q.Type, q.Answer, q.Ask = Blank, strings.TrimSpace(m[1]), strings.TrimSpace(strings.TrimSuffix(q.Ask, m[0]))
			return
		}
	}
	if q.Type != Blank {
		return
	}
	given := splitList(strings.NewReplacer("、", ";", ",", ";", "，", ";").Replace(q.Answer))
	var inside []string
	ask := filledGap.ReplaceAllStringFunc(q.Ask, func(s string) string {
		text := strings.Trim(s, "（）()_ \t\u3000\u00a0")
		if text == "" || strings.HasPrefix(s, "_") && !filledLine(s) || q.Answer != "" && !slices.Contains(given, text) {
			return s
		}
		inside = append(inside, text)
		return "____"
	})
	if len(inside) == 0 {
		return
	}
	q.Ask = ask
	if q.Answer == "" {
		q.Answer = strings.Join(inside, "；")
	}
}

// hideAnswer makes a gap of the answer where it stands in the question, which has none: it was
// underlined, and the line did not come along.
func (q *Question) hideAnswer() {
	if q.Type != Blank || gap.MatchString(q.Ask) || strings.HasSuffix(norm.NFKC.String(q.Ask), "?") ||
		utf8.RuneCountInString(q.Answer) < 2 || strings.Count(q.Ask, q.Answer) != 1 {
		return
	}
	before, after, _ := strings.Cut(q.Ask, q.Answer)
	q.Ask = strings.TrimSpace(before) + "____" + strings.TrimSpace(after)
}

// filledLine tells of a text on a line of its own, __预防为主__, from what stands between two
// gaps: ____，急救拨打____.
func filledLine(s string) bool {
	inner := strings.Trim(s, "_")
	first, _ := utf8.DecodeRuneInString(inner)
	last, _ := utf8.DecodeLastRuneInString(inner)
	at := strings.Index(s, inner)
	return at <= 3 && len(s)-at-len(inner) <= 3 && !unicode.IsPunct(first) && !unicode.IsPunct(last)
}

// answerBehind is the answer in brackets behind a question with gaps.
var answerBehind = regexp.MustCompile(`[\s\p{Zs}]*[（(【\[]([^（）()【】\[\]]{1,80})[)）】\]][。.]?$`)

var filledGap = regexp.MustCompile(`[（(][^（）()]{1,30}[)）]|_{2,}[^_]{1,30}_{2,}`)

// sign finds the sign of a true/false question that stands before or behind its text without
// brackets.
func (d *draft) sign() {
	q := d.q
	if q.Type != TrueFalse && (q.Type != "" || len(d.options) > 0 || gap.MatchString(q.Ask)) || q.Answer != "" || len(d.inside()) > 0 {
		return
	}
	for _, e := range []*regexp.Regexp{signBefore, signBehind, wordBehind} {
		if m := e.FindStringSubmatch(q.Ask); m != nil {
			q.Ask, q.Answer = strings.TrimSpace(strings.Replace(q.Ask, m[0], "", 1)), m[len(m)-1]
			if len(m) > 2 {
				q.Ask += m[1]
			}
			return
		}
	}
}

var (
	signBefore = regexp.MustCompile(`^([√×✓✗✔✘])[\s\p{Zs}]*`)
	signBehind = regexp.MustCompile(`[\s\p{Zs}]*([√×✓✗✔✘])$`)
	wordBehind = regexp.MustCompile(`([。！!？?])[\s\p{Zs}]*(T|F|对|错|正确|错误)$`)
)

var onlyLetters = regexp.MustCompile(`^[A-Ja-j](?:[\s、,;/|.和]*[A-Ja-j])*$`)

// order puts the options in the order of their letters; each must stand there once.
func (d *draft) order() {
	slices.SortStableFunc(d.options, func(a, b option) int { return int(a.letter - b.letter) })
	for i, o := range d.options {
		d.lines[fmt.Sprintf("options[%d]", i)] = o.line
		if want := 'A' + rune(i); o.letter != want && len(d.faults) == 0 {
			d.faults = append(d.faults, wrong(fmt.Sprintf("options[%d]", i), "option_slip", fmt.Sprintf("expected option %c, found %q", want, string(o.letter)+" "+o.text),
				"give the letters in order, each once", "Letter", string(want), "Other", string(o.letter)))
		}
		d.q.Options = append(d.q.Options, o.text)
	}
}

func (d *draft) line(field string) int {
	if n, ok := d.lines[field]; ok {
		return n
	}
	return d.lines[""]
}

// takeBrackets empties the brackets that hold the answer, so that the question
// does not give it away.
func (d *draft) takeBrackets() {
	inside := d.inside()
	if len(inside) == 0 {
		return
	}
	letters, truth := "", false
	for _, in := range inside {
		_, is := truthOf(in)
		truth = truth || is
		letters += lettersOf(in)
	}
	if truth && len(inside) > 1 { // the last one is the answer, the others are text
		inside = inside[len(inside)-1:]
		letters = lettersOf(inside[0])
		_, truth = truthOf(inside[0])
	}
	if truth == (len(d.options) > 0) { // letters need options, 对 and 错 none
		return
	}
	if truth && d.q.Answer == "" {
		d.q.Answer = inside[0]
	} else if truth {
		a, _ := truthOf(d.q.Answer)
		if b, _ := truthOf(inside[0]); a != b {
			return
		}
	} else if d.q.Answer == "" {
		d.q.Answer = letters
	} else if lettersOf(d.q.Answer) != letters {
		return
	}
	all := answerBracket.FindAllStringIndex(d.q.Ask, -1)
	if truth {
		all = all[len(all)-1:]
	}
	for _, at := range slices.Backward(all) {
		d.q.Ask = d.q.Ask[:at[0]] + "（　）" + d.q.Ask[at[1]:]
	}
	if truth {
		d.q.Ask = strings.TrimSpace(emptyEnd.ReplaceAllString(d.q.Ask, ""))
	}
}

// emptyEnd is the bracket for the sign of a true/false question, behind its text.
var emptyEnd = regexp.MustCompile(`[\s\p{Zs}]*（　）[。.]?$`)

// readAnswer makes the canonical answer of what stands behind 答案：.
func (d *draft) readAnswer() {
	q := d.q
	q.Answer = strings.TrimSpace(q.Answer)
	if q.Type == Blank && len(q.Options) > 0 && len(q.Options) >= 2 {
		q.Type = ""
	}
	if letters, why, ok := answerLetters(q.Answer, q.Options); ok && len(q.Options) > 0 {
		if q.Answer = letters; q.Explain == "" {
			q.Explain = why
		}
		return
	}
	if q.Type == Blank {
		q.gaps()
	}
	if len(q.Options) == 0 && q.Type == TrueFalse {
		switch lettersOf(strings.Trim(q.Answer, "。.（）() ")) {
		case "A":
			q.Answer = "true"
		case "B":
			q.Answer = "false"
		}
	}
	if len(q.Options) == 0 {
		if truth, ok := truthOf(strings.Trim(q.Answer, "（）()【】[] ")); ok && q.Type != Blank {
			q.Answer = truth
		}
	}
}

var leadingLetters = regexp.MustCompile(`^(?:选项|选|应选|为|是)?[\s:：]*[（(【\[]?\s*([A-Ja-j](?:[\s、,;/|.和与&+]*[A-Ja-j])*)\s*[)）】\]]?(?:[\s]*[.、:：,;。)）]?\s*(.*))?$`)

// answerLetters reads B, A、C, 选B, (C), C.盖上纸板, an option's text, and B。因为…, whose
// reason is why.
func answerLetters(answer string, options []string) (letters, why string, ok bool) {
	answer = strings.TrimSpace(strings.TrimRight(norm.NFKC.String(answer), "。.;；"))
	for i, o := range options {
		if o != "" && fold(o) == fold(answer) {
			return string(rune('A' + i)), "", true
		}
	}
	m := leadingLetters.FindStringSubmatch(answer)
	if m == nil {
		return "", "", false
	}
	letters, rest := lettersOf(strings.ReplaceAll(m[1], "|", "")), strings.TrimSpace(m[2])
	letters = strings.ReplaceAll(strings.ReplaceAll(letters, ".", ""), "&", "")
	letters = strings.ReplaceAll(letters, "与", "")
	if rest == "" {
		return letters, "", true
	}
	if sign := strings.TrimSpace(strings.TrimSuffix(answer, m[2])); strings.HasSuffix(sign, "。") || strings.HasSuffix(sign, ";") || strings.HasSuffix(sign, ",") {
		return letters, rest, true
	}
	first := []rune(letters)[0]
	if i := int(first - 'A'); len([]rune(letters)) == 1 && i < len(options) && (fold(options[i]) == fold(rest) || strings.HasPrefix(fold(options[i]), fold(rest)) || strings.HasPrefix(fold(rest), fold(options[i]))) {
		return letters, "", true
	}
	return "", "", false
}
