package content

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"branchbot/content/strict"
)

// The Aiken format of Moodle (question/format/aiken/format.php) is a question
// on a line, options "A) …", and "ANSWER: B". We read it as it is written in
// China: options A) A. A、 A．A： （A）, several on a line; 答案：AC; 解析：… and
// 出处：… after it; 【判断】 with 对 or 错; a number before the question; the answer
// in brackets within the question; headings such as 一、单选题, which give the
// type of what follows.
//
// A line that fits nothing belongs to what stands before it. It begins a new
// question when the one before has its answer, or when it follows an empty
// line: then the error tells of the one that lacks its answer.
const aikenTypes = `单选|单项|单项选择|多选|多项|多项选择|不定项选择|判断|是非|填空|数字|数值|排序|简答|论述|问答|名词解释`

var (
	aikenHeading = regexp.MustCompile(`^(?:[一二三四五六七八九十]{1,3}\s*[、.．])?\s*[【\[]?(` + aikenTypes + `)题?[】\]]?\s*(?:[（(][^（）()]*[)）])?\s*[:：]?$`)
	aikenMark    = regexp.MustCompile(`^[【\[（(]((?:` + aikenTypes + `)题?)[】\])）]\s*|\s*[【\[（(]((?:` + aikenTypes + `)题?)[】\])）]$`)
	aikenField   = regexp.MustCompile(`(?i)^[【\[]?(ANSWER|(?:正确|参考|标准)?答案|(?:答案|试题)?解析|说明|EXPLAIN|出处|来源|依据|SOURCE)(?:\s*[:：]|[】\]]\s*[:：]?)\s*(.*)$`)
	aikenOption  = regexp.MustCompile(`^[（(]?([A-ZＡ-Ｚ])[)）.．、:：]\s*(.*)$`)
	aikenNumber  = regexp.MustCompile(`^(?:\d{1,3}\s*[、)）．]|[（(]\d{1,3}[)）]|\d{1,3}\s*\.(\D|$))`)
	aikenBracket = regexp.MustCompile(`[（(]\s*([A-JＡ-Ｊ](?:\s*[、,，]?\s*[A-JＡ-Ｊ])*|对|错|正确|错误|√|×|✓|✗)\s*[)）]`)
)

// aiken is the state of reading.
type aiken struct {
	file  string
	out   []*Question
	errs  []error
	typed Type // by the heading above
	draft *aikenDraft
	blank bool // the line before was empty
}

// aikenDraft is the question being read.
type aikenDraft struct {
	q      *Question
	lines  map[string]int // by field
	last   *string        // the text that the next line may go on
	closed bool           // its answer line was read
	faults []fault
}

// ParseAiken reads questions in the Aiken format. Good questions are returned
// even when others are bad; the error joins what is wrong with those.
func ParseAiken(file, text string) ([]*Question, error) {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	if err := strict.CheckText(file, []byte(text)); err != nil {
		return nil, err
	}
	p := &aiken{file: file}
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			p.line(line, i+1)
		}
		p.blank = line == ""
	}
	p.finish()
	if len(p.out) == 0 && len(p.errs) == 0 {
		p.errs = append(p.errs, &strict.Error{File: file, Problem: "there is no question"})
	}
	return p.out, errors.Join(p.errs...)
}

func (p *aiken) line(line string, n int) {
	if m := aikenHeading.FindStringSubmatch(line); m != nil {
		p.finish()
		p.typed = typeOf(m[1])
		return
	}
	if p.draft == nil {
		p.begin(line, n)
		return
	}
	if m := aikenField.FindStringSubmatch(line); m != nil {
		p.draft.field(strings.ToUpper(m[1]), strings.TrimSpace(m[2]), n)
		return
	}
	if m := aikenOption.FindStringSubmatch(line); m != nil && !p.draft.closed && p.draft.options(line, n) {
		return
	}
	if p.goesOn(line) {
		sep := "\n"
		if !p.draft.closed && len(p.draft.q.Options) > 0 { // options stay on one line
			sep = " "
		}
		*p.draft.last += sep + line
		return
	}
	p.begin(line, n)
}

// goesOn tells whether a line without a mark belongs to the question before.
func (p *aiken) goesOn(line string) bool {
	d := p.draft
	numbered := aikenNumber.MatchString(line)
	switch {
	case p.blank || d.last == nil:
		return false
	case d.closed || len(d.q.Options) > 0:
		return !numbered && (d.closed || d.bracket() == "")
	}
	_, truth := truthOf(d.bracket()) // complete: there is nothing more to come
	return !truth
}

func (p *aiken) begin(line string, n int) {
	p.finish()
	if m := aikenNumber.FindStringSubmatchIndex(line); m != nil {
		end := m[1]
		if m[2] >= 0 { // 12. and a letter, which stays
			end = m[2]
		}
		line = strings.TrimSpace(line[end:])
	}
	q := &Question{Ask: line, Type: p.typed, At: Position{p.file, n}}
	p.draft = &aikenDraft{q: q, lines: map[string]int{"": n}, last: &q.Ask}
}

// bracket is the answer within the question; "" if there is none.
func (d *aikenDraft) bracket() string {
	all := aikenBracket.FindAllStringSubmatch(d.q.Ask, -1)
	if len(all) == 0 || d.q.Type != "" && d.q.Type != TrueFalse && !d.q.Type.lettered() {
		return ""
	}
	return all[len(all)-1][1]
}

// field takes 答案：, 解析：, 出处：.
func (d *aikenDraft) field(name, value string, n int) {
	key, into := "answer", &d.q.Answer
	switch name {
	case "解析", "答案解析", "试题解析", "说明", "EXPLAIN":
		key, into = "explain", &d.q.Explain
	case "出处", "来源", "依据", "SOURCE":
		key, into = "source", &d.q.Source
	}
	if first, ok := d.lines[key]; ok {
		d.faults = append(d.faults, fault{key, fmt.Sprintf("given twice, first at line %d", first), "a question may be missing between them"})
	} else {
		*into = value
	}
	d.lines[key], d.last = n, nil
	switch key {
	case "explain":
		d.last = into
	case "answer":
		d.closed = true
	}
}

// options reads the options of a line. false: it has none that follow on those
// before, and is a text that begins with a letter.
func (d *aikenDraft) options(line string, n int) bool {
	found := 0
	for {
		m := aikenOption.FindStringSubmatch(line)
		next := 'A' + rune(len(d.q.Options))
		if m == nil || norm.NFKC.String(m[1]) != string(next) {
			break
		}
		text, rest := m[2], ""
		if i := nextOption(text, next+1); i >= 0 {
			text, rest = text[:i], strings.TrimSpace(text[i:])
		}
		d.lines[fmt.Sprintf("options[%d]", len(d.q.Options))] = n
		d.q.Options = append(d.q.Options, strings.TrimSpace(text))
		line = rest
		found++
	}
	if found == 0 && len(d.q.Options) > 0 {
		d.faults = append(d.faults, fault{fmt.Sprintf("options[%d]", len(d.q.Options)),
			fmt.Sprintf("expected option %c, found %q", 'A'+len(d.q.Options), line), "give the letters in order, each once"})
		d.lines[fmt.Sprintf("options[%d]", len(d.q.Options))] = n
		return true
	}
	if found > 0 {
		d.last = &d.q.Options[len(d.q.Options)-1]
	}
	return found > 0
}

// nextOption is where the option of a letter begins within a line; -1 if it
// does not. A blank must stand before it: "维生素A、B" is one text.
func nextOption(text string, letter rune) int {
	for i, r := range text {
		if i == 0 || r != ' ' && r != '\t' && r != '\u3000' {
			continue
		}
		m := aikenOption.FindStringSubmatch(strings.TrimSpace(text[i:]))
		if m != nil && norm.NFKC.String(m[1]) == string(letter) {
			return i
		}
	}
	return -1
}

// finish checks the question read and notes it as good or bad.
func (p *aiken) finish() {
	d := p.draft
	if p.draft = nil; d == nil {
		return
	}
	q := d.q
	if m := aikenMark.FindStringSubmatch(q.Ask); m != nil {
		q.Type = typeOf(m[1] + m[2])
		q.Ask = strings.TrimSpace(strings.Replace(q.Ask, m[0], "", 1))
	}
	d.takeBracket()
	complete(q)
	faults := d.faults
	if q.Answer == "" {
		faults = append(faults, fault{"", "there is no answer", `write a line such as "答案：B" below it`})
	} else {
		faults = append(faults, check(q)...)
	}
	if len(faults) > 0 {
		p.errs = append(p.errs, bankErrors(p.file, q, faults, d.line)...)
		return
	}
	q.nameAfterContent("aiken")
	p.out = append(p.out, q)
}

func (d *aikenDraft) line(field string) int {
	if n, ok := d.lines[field]; ok {
		return n
	}
	return d.lines[""]
}

// takeBracket empties the brackets that hold the answer, so that the question
// does not give it away.
func (d *aikenDraft) takeBracket() {
	inside := d.bracket()
	if inside == "" {
		return
	}
	_, truth := truthOf(inside)
	if truth == (len(d.q.Options) > 0) { // letters need options, 对 and 错 none
		return
	}
	if d.q.Answer != "" && lettersOf(d.q.Answer) != lettersOf(inside) {
		return
	}
	if d.q.Answer == "" {
		d.q.Answer = inside
	}
	all := aikenBracket.FindAllStringIndex(d.q.Ask, -1)
	at := all[len(all)-1]
	d.q.Ask = d.q.Ask[:at[0]] + "（　）" + d.q.Ask[at[1]:]
}
