package signup

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
)

// A list of WeChat's own 接龙 as text: a mark, what it is about, numbered
// entries (one may go on in the next line), and what people write below.
//
//	#接龙
//	周六植树
//	例 姓名 人数
//
//	1. 张三 2人
//	2. 李四

// paper is a list that people pass on among themselves.
type paper struct {
	Head   string // what stands above the entries
	Items  []item
	Unread []string // entries whose name or number of people cannot be
	Beyond int      // entries after maxItems
}

// item is an entry of a paper.
type item struct {
	Name   string
	People int // himself and those he brings; 0: it says that he does not come
}

const (
	maxPaper  = 20_000 // bytes of a list that is looked at
	maxItems  = 300
	maxPeople = 99
)

// marks begin a list.
var marks = []string{"#接龙", "#接龍", "#Group Note"}

// isPaper tells quickly whether a text may be a list; nearly none is.
func isPaper(text string) bool {
	if len(text) > maxPaper {
		return false
	}
	text = strings.TrimLeftFunc(text, unicode.IsSpace)
	for _, m := range marks {
		if strings.HasPrefix(text, m) {
			return true
		}
	}
	return false
}

// names are the people of a roster, as lists call them: by roster.Skeleton.
type names map[string]string

// namesOf are the names of members for reading a list.
func namesOf(people []engine.Member) names {
	n := names{}
	for _, m := range people {
		n[roster.Skeleton(m.Name)] = m.Name
	}
	return n
}

// readPaper reads a list; false when the text is none.
func readPaper(text string, known names) (paper, bool) {
	if !isPaper(text) {
		return paper{}, false
	}
	text = strings.TrimLeftFunc(text, unicode.IsSpace)
	for _, m := range marks {
		text = strings.TrimPrefix(text, m)
	}
	return readRows(text, known), true
}

func readRows(text string, known names) paper {
	head, rows := parts(text)
	p := paper{Head: head}
	for _, row := range rows {
		items, ok := known.readItems(row)
		switch {
		case ok && len(p.Items)+len(items) <= maxItems:
			p.Items = append(p.Items, items...)
		case ok:
			p.Beyond += len(items)
		case strings.TrimSpace(row) != "" && len(p.Unread) < maxItems:
			p.Unread = append(p.Unread, chat.CleanName(row))
		}
	}
	return p
}

// List is what a file with a list says.
type List struct {
	Items  []item
	Unread []string
}

// fileMark begins a list in a file, where it need not be told from talk.
var fileMark = regexp.MustCompile(`^[\s\x{feff}]*(?:#|【)?(?:接龙|接龍|Group Note)(?:】)?`)

// IsList tells whether the text of a file is a list: it says so, or two entries begin with
// people of the roster.
func IsList(text string, people []engine.Member) bool {
	if len(text) > maxPaper || fileMark.MatchString(text) {
		return len(text) <= maxPaper
	}
	known, n := namesOf(people), 0
	_, rows := parts(bareNumbers(text))
	for _, row := range rows {
		if items, ok := known.readItems(row); ok && known[roster.Skeleton(items[0].Name)] != "" {
			n++
		}
	}
	return n >= 2
}

// ReadList reads the text of a file; false when it has no entries.
func ReadList(text string, people []engine.Member) (List, bool) {
	if len(text) > maxPaper {
		return List{}, false
	}
	p := readRows(bareNumbers(fileMark.ReplaceAllString(text, "")), namesOf(people))
	return List{p.Items, p.Unread}, len(p.Items) > 0
}

var bareNumber = regexp.MustCompile(`(?m)^(\s*\d{1,3})\s+(\p{Han})`)

// bareNumbers writes a full stop behind numbers that have nothing but a blank: 1 张三. In a
// chat they could be anything.
func bareNumbers(text string) string { return bareNumber.ReplaceAllString(text, "$1. $2") }

// parts cuts a list into what stands above the entries and the entries, without
// their numbers. Below a blank line after an entry only another entry goes on
// with the list.
func parts(text string) (head string, rows []string) {
	last, open := 0, false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		n, rest, numbered := cutNumber(line)
		if len(rows) == 0 && !numbered { // all of it may stand on one line
			if before, next, after, more := splitNext(line, 0); more {
				line, n, rest, numbered = before, next, after, true
				head += before + "\n"
			}
		}
		switch {
		case numbered && n >= last && n <= last+9:
			more := true
			for more {
				var row string
				row, n, rest, more = splitNext(rest, n)
				rows = append(rows, row)
			}
			last, open = n, true
		case len(rows) == 0:
			if line != "" && !strings.HasPrefix(line, "例") {
				head += line + "\n"
			}
		case line == "":
			open = false
		case open:
			rows[len(rows)-1] += " " + line
		}
	}
	return strings.TrimSpace(head), rows
}

var numberMark = regexp.MustCompile(`^[（(]?([0-9０-９]{1,3})[.．、)）]\s*`)

// circled are ① to ⑳.
const circled = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"

// cutNumber cuts "12. " off the front of a line.
func cutNumber(line string) (n int, rest string, ok bool) {
	if r, size := utf8.DecodeRuneInString(line); strings.ContainsRune(circled, r) {
		return int(r-'①') + 1, strings.TrimLeft(line[size:], " .．、"), true
	}
	m := numberMark.FindStringSubmatch(line)
	if m == nil {
		return 0, line, false
	}
	n, err := strconv.Atoi(command.Fold(m[1]))
	return n, line[len(m[0]):], err == nil
}

// splitNext finds the entry after number n where all stand on one line.
func splitNext(line string, n int) (before string, next int, after string, more bool) {
	mark := strconv.Itoa(n + 1)
	for i := 0; i+len(mark) < len(line); i++ {
		if i > 0 && line[i-1] != ' ' || !strings.HasPrefix(line[i:], mark) {
			continue
		}
		if number, rest, ok := cutNumber(line[i:]); ok && number == n+1 {
			return strings.TrimSpace(line[:i]), number, rest, true
		}
	}
	return strings.TrimSpace(line), n, "", false
}

const digits = `(\d{1,3}|[一二两三四五六七八九十])`

var (
	counted = regexp.MustCompile(digits + `\s*(?:人|位|份|个|名|箱|桶|袋|盒|件|套|张|本|瓶|斤|只|条|双|口)`)
	plus    = regexp.MustCompile(`\+\s*(\d{1,3})`)
	crossed = regexp.MustCompile(`×\s*\d`) // ×2 counts
	times   = regexp.MustCompile(`(?:^|\s)[x×*]\s*(\d{1,3})(?:\s|$)`)
	brings  = regexp.MustCompile(`带\s*(?:家属|家人|孩子|小孩|老婆|老公|爱人|朋友|同事)?\s*` + digits + `\s*(?:人|位|个|名)?`)
	sizes   = regexp.MustCompile(digits + `\s*大\s*` + digits + `\s*小`)
	family  = regexp.MustCompile(`(?:一家|全家)\s*` + digits + `\s*口`)
	couple  = regexp.MustCompile(`夫妻(?:俩|二人|两人)?|两口子|俩口子|两口`)
	unsure  = regexp.MustCompile(`待定|不确定|未定|不一定|看情况|再说|maybe|not sure`)
	no      = regexp.MustCompile(`[❌✗✘×✕🙅]`)
	refused = regexp.MustCompile(`不参加|不参与|不报名|不去|不来|来不了|去不了|参加不了|(?:不能|无法|没法)(?:参加|前往|到场|来|去)|请假|缺席|弃权|放弃|取消|退出|not coming|can'?t|cannot|won'?t`)
)

// chinese are the numbers that people write so.
var chinese = map[string]int{"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}

// readItems reads an entry: of one, or of several people whom we know, 张三、李四.
func (known names) readItems(row string) ([]item, bool) {
	var several []item
	for part := range strings.FieldsFuncSeq(norm.NFKC.String(row), func(r rune) bool { return strings.ContainsRune("、,，和与及&", r) }) {
		full, ok := known[roster.Skeleton(part)]
		if !ok {
			several = nil
			break
		}
		several = append(several, item{Name: full, People: 1})
	}
	if len(several) > 1 {
		return several, true
	}
	it, ok := known.readItem(row)
	return []item{it}, ok
}

// spaced puts a blank before the signs that people set behind a name: 张三✅.
func (known names) spaced(row string) string {
	for i, r := range row {
		if i > 0 && (unicode.Is(unicode.So, r) || strings.ContainsRune("✓✔×√", r)) {
			return row[:i] + " " + row[i:]
		}
	}
	return row
}

// readItem reads "张三 2人", "张三+1", "李 明 一大一小", "信息部 张三"; false for an empty
// entry. The one who adds somebody by +1 comes himself too, and who writes 请假 does not come.
func (known names) readItem(row string) (item, bool) {
	row = strings.Join(strings.Fields(norm.NFKC.String(chat.Clean(known.spaced(row)))), " ")
	name, rest := known.cut(row)
	rest = strings.ToLower(rest)
	it := item{Name: chat.CleanName(name), People: people(rest)}
	switch {
	case unsure.MatchString(rest):
		return it, false
	case refused.MatchString(rest), no.MatchString(rest) && !crossed.MatchString(rest):
		it.People = 0
		return it, it.Name != "" && utf8.ValidString(it.Name)
	}
	return it, it.Name != "" && utf8.ValidString(it.Name) && it.People >= 1 && it.People <= maxPeople
}

// people is how many an entry says come.
func people(rest string) int {
	if m := sizes.FindStringSubmatch(rest); m != nil {
		return number(m[1]) + number(m[2])
	}
	if m := family.FindStringSubmatch(rest); m != nil {
		return number(m[1])
	}
	if couple.MatchString(rest) {
		return 2
	}
	if m := brings.FindStringSubmatch(rest); m != nil {
		return 1 + number(m[1])
	}
	if m := counted.FindStringSubmatch(rest); m != nil {
		return number(m[1])
	}
	if m := plus.FindStringSubmatch(rest); m != nil {
		return 1 + number(m[1])
	}
	if m := times.FindStringSubmatch(rest); m != nil {
		return number(m[1])
	}
	return 1
}

// cut parts the name from what is said behind it. Words that are somebody's name together are
// one, whatever unit stands before them; a name nobody has ends where a sign or a count does.
func (known names) cut(row string) (name, rest string) {
	end := strings.IndexFunc(row, func(r rune) bool { return strings.ContainsRune(",，:：+(（、;；", r) })
	if end < 0 {
		end = len(row)
	}
	words := strings.Fields(row[:end])
	after := row[end:]
	for from := 0; from < len(words) && from < 3; from++ {
		for to := min(len(words), from+4); to > from; to-- {
			if full, ok := known[roster.Skeleton(strings.Join(words[from:to], " "))]; ok {
				return full, strings.Join(words[to:], " ") + after
			}
		}
	}
	if len(words) == 0 {
		return "", after
	}
	for len(words) > 1 && unitName.MatchString(words[0]) && !aside(words[1]) { // 机务段 赵云
		words = words[1:]
	}
	n := 1
	for n < len(words) && partOfName(words[n-1], words[n]) {
		n++
	}
	name, rest = strings.Join(words[:n], " "), strings.Join(words[n:], " ")+after
	if n > 1 && strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		name = strings.ReplaceAll(name, " ", "")
	}
	for _, e := range []*regexp.Regexp{family, sizes, counted, couple, refused} { // 张三2人, 张三请假
		if at := e.FindStringIndex(name); at != nil && at[0] > 0 && (at[1] == len(name) || e == refused || e == couple) {
			name, rest = name[:at[0]], name[at[0]:]+" "+rest
		}
	}
	if full, ok := known[roster.Skeleton(name)]; ok {
		name = full
	}
	return strings.TrimSpace(name), rest
}

// unitName is what people write before their name.
var unitName = regexp.MustCompile(`^\p{Han}{1,12}(?:段|站|组|班|队|部|科|处|室|车间|支部|中心|所|厂|公司|库|线|分局|小组)$`)

// aside tells of a word that is no name: 2人, +1, 请假.
func aside(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return !unicode.IsLetter(r) || counted.MatchString(word) || refused.MatchString(word) || unsure.MatchString(word) || brings.MatchString(word) || family.MatchString(word) || sizes.MatchString(word)
}

// partOfName tells whether a word goes on with the name before it: 李 明, Li Lei.
func partOfName(before, word string) bool {
	han := func(s string) bool {
		return utf8.RuneCountInString(s) == 1 && unicode.Is(unicode.Han, []rune(s)[0]) && chinese[s] == 0
	}
	latin := func(s string) bool {
		r, _ := utf8.DecodeRuneInString(s)
		return unicode.IsUpper(r) && !unicode.Is(unicode.Han, r)
	}
	return han(before) && han(word) || latin(before) && latin(word)
}

func number(s string) int {
	if n, ok := chinese[s]; ok {
		return n
	}
	n, _ := strconv.Atoi(s) // at most three digits
	return n
}

// names tells whether a list is about something with this title. Blanks and
// punctuation make no difference.
func (p *paper) names(title string) bool {
	head, title := bare(p.Head), bare(title)
	return title != "" && head != "" && (strings.Contains(head, title) || utf8.RuneCountInString(head) >= 2 && strings.Contains(title, head))
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, command.Fold(s))
}
