package signup

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/command"
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

// readPaper reads a list; false when the text is none.
func readPaper(text string) (paper, bool) {
	if !isPaper(text) {
		return paper{}, false
	}
	text = strings.TrimLeftFunc(text, unicode.IsSpace)
	for _, m := range marks {
		text = strings.TrimPrefix(text, m)
	}
	head, rows := parts(text)
	p := paper{Head: head}
	for _, row := range rows {
		it, ok := readItem(row)
		switch {
		case ok && len(p.Items) < maxItems:
			p.Items = append(p.Items, it)
		case ok:
			p.Beyond++
		case strings.TrimSpace(row) != "" && len(p.Unread) < maxItems:
			p.Unread = append(p.Unread, chat.CleanName(row))
		}
	}
	return p, true
}

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

var numberMark = regexp.MustCompile(`^([0-9０-９]{1,3})[.．、]\s*`)

// cutNumber cuts "12. " off the front of a line.
func cutNumber(line string) (n int, rest string, ok bool) {
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

var (
	counted = regexp.MustCompile(`(\d{1,3}|[一二两三四五六七八九十])\s*(?:人|位|份|个|名)`)
	plus    = regexp.MustCompile(`\+\s*(\d{1,3})`)
	refused = regexp.MustCompile(`不参加|不参与|不报名|不去|不来|来不了|去不了|参加不了|(?:不能|无法|没法)(?:参加|前往|到场|来|去)|请假|缺席|弃权|放弃|取消|退出|not coming|can'?t|cannot|won'?t`)
)

// chinese are the numbers that people write so.
var chinese = map[string]int{"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}

// readItem reads "张三 2人", "张三+1", "张三"; false for an empty entry. The one
// who adds somebody by +1 comes himself too, and who writes 请假 does not come.
func readItem(row string) (item, bool) {
	row = strings.Join(strings.Fields(command.Fold(chat.Clean(row))), " ")
	end := strings.IndexFunc(row, func(r rune) bool { return strings.ContainsRune(" ,，:：+(（、;；", r) })
	if end < 0 {
		end = len(row)
	}
	name, rest := row[:end], row[end:]
	it := item{People: 1}
	if at := counted.FindStringSubmatchIndex(name); at != nil && at[0] > 0 && at[1] == len(name) { // 张三2人
		name, rest = name[:at[0]], name[at[0]:]+rest
	}
	if m := counted.FindStringSubmatch(rest); m != nil {
		it.People = number(m[1])
	} else if m := plus.FindStringSubmatch(rest); m != nil {
		it.People = 1 + number(m[1])
	}
	if at := refused.FindStringIndex(name); at != nil && at[0] > 0 { // 张三请假
		name, rest = name[:at[0]], name[at[0]:]+rest
	}
	it.Name = chat.CleanName(name)
	if refused.MatchString(rest) {
		it.People = 0
		return it, it.Name != "" && utf8.ValidString(it.Name)
	}
	return it, it.Name != "" && utf8.ValidString(it.Name) && it.People >= 1 && it.People <= maxPeople
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
