package content

import (
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Answers in a list at the end of a text: 参考答案：1-5 ABCDA; 1.A 2.B; by sections.

var (
	keyHead  = regexp.MustCompile(`^(?:#{1,6}\s*|\*\*\s*)?(?:[一二三四五六七八九十]{1,3}[、.．]\s*)?(?:附[:：]?\s*)?[【\[]?(?:参考|标准|试题|正确|题库)?答案(?:与解析|及解析|和解析|部分|汇总|一览)?[】\]]?[\s\p{Zs}]*[:：]?[\s\p{Zs}]*(?:\*\*)?(.*)$`)
	keyRange = regexp.MustCompile(`(\d{1,4})\s*[-~—–～至到]+\s*(\d{1,4})\s*(?:题)?\s*[:：、.．)）]?\s*((?:[A-Ja-j√×✓✗对错TFtf]+[\s、,，;；|/]*)+)`)
	keyOne   = regexp.MustCompile(`(\d{1,4})\s*[.、．:：)）\s]\s*[（(]?\s*([A-Ja-j]+(?:[、,，][A-Ja-j]+)*|√|×|✓|✗|✔|✘|对|错|正确|错误|T|F)\s*[)）]?(?:[\s、,，;；。.|/]|$)`)
)

// findKey is the line where the list of answers begins; -1 when there is none. Before it, most
// questions lack their answers.
func (p *textReader) findKey() int {
	answers := 0
	for _, l := range p.lines {
		if l.kind == "answer" {
			answers++
		}
	}
	for i, l := range p.lines {
		if !strings.Contains(l.text, "答案") {
			continue
		}
		m := keyHead.FindStringSubmatch(l.text)
		if m == nil {
			continue
		}
		rest := norm.NFKC.String(m[1])
		listed := len(keyOne.FindAllString(rest, -1)) > 0 || keyRange.MatchString(rest)
		if rest == "" && answers <= 1 && i+1 < len(p.lines) {
			for _, next := range p.lines[i+1 : min(len(p.lines), i+4)] {
				text := norm.NFKC.String(next.text)
				if _, _, ok := heading(next.text); ok {
					continue
				}
				listed = listed || keyRange.MatchString(text) || len(keyOne.FindAllString(text, -1)) > 0 && !strongOption.MatchString(next.text)
			}
		}
		if listed && i > 0 {
			return i
		}
	}
	return -1
}

// answers gives the questions the answers of the list. Where numbers begin anew in each
// section, headings within the list tell which section is meant, or else their order.
func (p *textReader) answers(lines []textLine) {
	sections := map[int]bool{}
	var order []int
	for _, d := range p.drafts {
		if !sections[d.section] && d.number > 0 {
			sections[d.section] = true
			order = append(order, d.section)
		}
	}
	at, last := 0, 0
	give := func(n int, answer string) {
		if n <= last && n == 1 && last > 0 && at+1 < len(order) { // numbers begin anew
			at++
		}
		last = n
		for _, d := range p.drafts {
			if d.number == n && d.q.Answer == "" && !d.closed && (len(order) < 2 || p.unique(n) || d.section == order[min(at, len(order)-1)]) {
				d.q.Answer, d.closed = answer, true
				return
			}
		}
	}
	for _, l := range lines {
		text := norm.NFKC.String(l.text)
		if m := keyHead.FindStringSubmatch(text); m != nil {
			text = m[1]
		}
		if typed, _, ok := heading(strings.TrimSpace(leadingHeading.FindString(text))); ok && last > 0 {
			for i, s := range order {
				if i > at && p.typeOf(s) == typed {
					at, last = i, 0
					break
				}
			}
		}
		readKey(text, give)
	}
}

// leadingHeading is the heading before the answers of a section, on their line.
var leadingHeading = regexp.MustCompile(`^[^\d]*`)

// unique tells whether only one question has a number.
func (p *textReader) unique(n int) bool {
	count := 0
	for _, d := range p.drafts {
		if d.number == n {
			count++
		}
	}
	return count == 1
}

func (p *textReader) typeOf(section int) Type {
	for _, d := range p.drafts {
		if d.section == section {
			return d.q.Type
		}
	}
	return ""
}

// readKey reads the answers of a line.
func readKey(text string, give func(n int, answer string)) {
	for text != "" {
		r, one := keyRange.FindStringSubmatchIndex(text), keyOne.FindStringSubmatchIndex(text)
		switch {
		case r != nil && (one == nil || r[0] <= one[0]):
			from, _ := strconv.Atoi(text[r[2]:r[3]])
			to, _ := strconv.Atoi(text[r[4]:r[5]])
			for i, a := range keyGroups(text[r[6]:r[7]], to-from+1) {
				give(from+i, a)
			}
			text = text[r[1]:]
		case one != nil:
			n, _ := strconv.Atoi(text[one[2]:one[3]])
			give(n, text[one[4]:one[5]])
			text = text[max(one[5], one[1]-1):]
		default:
			return
		}
	}
}

// keyGroups parts ABCDA, AB ACD B, √×√ into n answers; nil when they are not n.
func keyGroups(text string, n int) []string {
	groups := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\u3000、,，;；|/", r) })
	if len(groups) == n {
		return groups
	}
	var each []string
	for _, r := range strings.Join(groups, "") {
		each = append(each, string(r))
	}
	if len(each) == n {
		return each
	}
	return nil
}
