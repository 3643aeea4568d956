package content

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"branchbot/content/strict"
)

// The Aiken format of Moodle (question/format/aiken/format.php), widened by
// how it is written in China: options A) A. A、 A． A： （A）, several on a line;
// 答案：AC; 解析：…; 【判断】 with 对 or 错; a number before the question; the
// answer in brackets within the question.
var (
	aikenOption  = regexp.MustCompile(`^\s*[（(]?([A-Za-zＡ-Ｚ])[)）.．、:：]\s*(.*)$`)
	aikenInline  = regexp.MustCompile(`\s+[（(]?([B-ZＢ-Ｚ])[)）.．、:：]\s*`)
	aikenAnswer  = regexp.MustCompile(`(?i)^\s*(?:ANSWER|(?:正确|参考)?答案)\s*[:：]\s*(.*)$`)
	aikenExplain = regexp.MustCompile(`^\s*(?:答案)?(?:解析|说明)\s*[:：]\s*(.*)$`)
	aikenSource  = regexp.MustCompile(`^\s*(?:出处|来源|依据)\s*[:：]\s*(.*)$`)
	aikenNumber  = regexp.MustCompile(`^\s*\d{1,4}\s*[.．、)）]\s*`)
	aikenType    = regexp.MustCompile(`[【\[（(](判断|单选|多选|填空|排序)题?[】\])）]`)
	aikenHeader  = regexp.MustCompile(`^\s*[一二三四五六七八九十]+、\s*(判断|单选|多选|填空|排序)题?`)
	aikenInStem  = regexp.MustCompile(`[（(]\s*([A-Za-z]{1,10}|对|错|√|×)\s*[)）]`)
)

var chineseTypes = map[string]Type{"判断": TrueFalse, "单选": Single, "多选": Multiple, "填空": Blank, "排序": Order}

// aiken is the question being read.
type aiken struct {
	file    string
	errs    []error
	out     []*Question
	q       *Question
	typed   Type // by a header that holds for all that follows
	raw     string
	hasMore bool // an answer was read: explanation and source may follow
}

// ParseAiken reads questions in the Aiken format. Good questions are returned
// even when others are bad; the error joins what is wrong with those.
func ParseAiken(file, text string) ([]*Question, error) {
	p := &aiken{file: file}
	for i, line := range strings.Split(strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n"), "\n") {
		if strings.TrimSpace(line) != "" {
			p.line(line, i+1)
		}
	}
	p.finish()
	return p.out, errors.Join(p.errs...)
}

func (p *aiken) line(line string, n int) {
	if m := aikenHeader.FindStringSubmatch(line); m != nil {
		p.finish()
		p.typed = chineseTypes[m[1]]
		return
	}
	if p.q != nil {
		if m := aikenAnswer.FindStringSubmatch(line); m != nil {
			p.raw, p.hasMore = strings.TrimSpace(m[1]), true
			return
		}
		if m := aikenExplain.FindStringSubmatch(line); m != nil {
			p.q.Explain = strings.TrimSpace(m[1])
			return
		}
		if m := aikenSource.FindStringSubmatch(line); m != nil {
			p.q.Source = strings.TrimSpace(m[1])
			return
		}
		if m := aikenOption.FindStringSubmatch(line); m != nil && !p.hasMore {
			p.options(line)
			return
		}
		if !p.hasMore && len(p.q.Options) == 0 {
			p.q.Ask += "\n" + strings.TrimSpace(line)
			return
		}
	}
	p.finish()
	p.q = &Question{Ask: strings.TrimSpace(aikenNumber.ReplaceAllString(line, "")), Type: p.typed, At: Position{p.file, n}}
}

// options reads one or several options of a line.
func (p *aiken) options(line string) {
	for _, o := range strings.Split(aikenInline.ReplaceAllString(line, "\n$1."), "\n") {
		if m := aikenOption.FindStringSubmatch(o); m != nil {
			p.q.Options = append(p.q.Options, strings.TrimSpace(m[2]))
		}
	}
}

func (p *aiken) finish() {
	q := p.q
	if q == nil {
		return
	}
	if m := aikenType.FindStringSubmatch(q.Ask); m != nil {
		q.Type = chineseTypes[m[1]]
		q.Ask = strings.TrimSpace(strings.Replace(q.Ask, m[0], "", 1))
	}
	if m := aikenInStem.FindStringSubmatch(q.Ask); m != nil && p.raw == "" {
		p.raw = m[1]
		q.Ask = strings.Replace(q.Ask, m[0], "（　）", 1)
	}
	q.Answer = p.raw
	if q.Type == "" {
		q.Type = guess(q)
	}
	if q.Type == Blank {
		q.Accept = strings.FieldsFunc(q.Answer, func(r rune) bool { return strings.ContainsRune("|｜/；;", r) })
	}
	p.q, p.raw, p.hasMore = nil, "", false
	if err := Check(q); err != nil {
		p.errs = append(p.errs, &strict.Error{File: p.file, Line: q.At.Line, Problem: fmt.Sprintf("question %q: %v", brief(q.Ask), err)})
		return
	}
	q.ID = "q-" + q.Hash()[:10]
	p.out = append(p.out, q)
}

// guess finds the type from what is there.
func guess(q *Question) Type {
	letters := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, q.Answer)
	switch {
	case len(q.Options) > 0 && len(letters) > 1:
		return Multiple
	case len(q.Options) > 0:
		return Single
	case strings.Contains("对 错 √ × 正确 错误 T F true false 是 否", q.Answer) && q.Answer != "":
		return TrueFalse
	}
	return Blank
}

// brief is the beginning of a text, to recognise it by.
func brief(s string) string {
	if r := []rune(s); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return s
}
