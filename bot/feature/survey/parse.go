package survey

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
)

// Limits of what is asked, so that a question can be read on a phone.
const (
	maxQuestions = 10
	maxOptions   = 10
	maxTitle     = 60 // runes; also of an option
	maxAsk       = 120
	maxOpen      = 30 * 24 * time.Hour
)

// Type is how a question is answered.
type Type string

const (
	Single   Type = "single"
	Multiple Type = "multiple"
	Scale    Type = "scale" // 1 to 5
	Text     Type = "text"
)

// Question is one of a survey.
type Question struct {
	Ask     string   `json:"ask"`
	Type    Type     `json:"type"`
	Options []string `json:"options,omitempty"`
	Max     int      `json:"max,omitempty"` // multiple: how many may be chosen; 0 = all
}

// list shows the options, a line each.
func (q *Question) list() string {
	var b strings.Builder
	for i, o := range q.Options {
		b.WriteString("\n" + letter(i) + ". " + o)
	}
	return b.String()
}

func letter(i int) string { return string(rune('A' + i)) }

// fault is a mistake in a line of what a secretary wrote; lines count from the
// one with the command.
func fault(t *engine.Turn, line int, key string, args ...any) error {
	return engine.Complain("survey.fault", "Line", line+1, "Fault", t.T("survey.fault."+key, args...))
}

// head is the first line: [实名|匿名] [截止 …] [可选 n] TITLE.
type head struct {
	title  string
	named  bool
	closes time.Time
	max    int
	left   string // a word of an option that still stands in the title
}

var options = []command.Option{
	{Name: "named", Words: []string{"实名", "记名", "named"}, Loose: true},
	{Name: "anonymous", Words: []string{"匿名", "不记名", "无记名", "anonymous"}, Loose: true},
	{Name: "until", Words: []string{"截止", "截止时间", "截止日期", "截止到", "截至", "投票截止", "until", "by"}, Takes: command.Time, Loose: true},
	{Name: "pick", Words: []string{"可选", "最多选", "至多选", "多选", "pick"}, Takes: command.Amount, Alone: true, Loose: true},
}

func parseHead(t *engine.Turn, text string) (h head, err error) {
	o := command.ReadOptions(text, options, true, t.Now.In(t.Unit.Zone))
	h = head{title: o.Text, named: o.Has("named"), left: o.Left, closes: t.Now.Add(usualOpen), max: 1}
	switch {
	case o.Fault == "pick" || o.N > maxOptions:
		return h, fault(t, 0, "max")
	case o.Fault != "":
		return h, fault(t, 0, "until", "Text", chat.CleanName(o.Value))
	case h.named && o.Has("anonymous"):
		return h, fault(t, 0, "both")
	case o.Has("pick") && o.N == 0:
		h.max = maxOptions
	case o.Has("pick"):
		h.max = o.N
	}
	if o.Has("until") {
		h.closes = o.Until
		switch {
		case !h.closes.After(t.Now):
			return h, fault(t, 0, "past")
		case h.closes.Sub(t.Now) > maxOpen:
			return h, fault(t, 0, "far")
		}
	}
	return h, nil
}

// parseVote reads a title and options, a line each or parted by ／ or ｜.
func parseVote(t *engine.Turn, text string) (*Survey, error) {
	lines := strings.Split(text, "\n")
	h, err := parseHead(t, lines[0])
	if err != nil {
		return nil, err
	}
	var options []string
	at := []int{}
	if parts := parted(h.title); len(parts) > 1 && len(lines) == 1 { // on one line
		h.title, parts[0] = cutTitle(parts[0])
		lines = []string{"", strings.Join(parts, "｜")}
	}
	for i, line := range lines[1:] {
		if strings.TrimSpace(line) == "" {
			continue
		}
		for _, o := range parted(line) {
			options, at = append(options, unmarked(o)), append(at, i+1)
		}
	}
	s := &Survey{Title: clean(h.title), Named: h.named, ClosesAt: h.closes, left: h.left}
	if err := checkTitle(t, s.Title); err != nil {
		return nil, err
	}
	q := Question{Ask: s.Title, Type: Single, Options: options}
	if h.max > 1 {
		q.Type, q.Max = Multiple, h.max
	}
	if err := checkOptions(t, q.Options, at, 0); err != nil {
		return nil, err
	}
	if h.max > 1 && h.max > len(options) && h.max < maxOptions {
		return nil, fault(t, 0, "max_options", "Options", len(options))
	}
	s.Questions = []Question{q}
	return s, nil
}

// dates are written with the sign that parts options.
var dates = regexp.MustCompile(`(?:\d{4}[/／])?\d{1,2}[/／]\d{1,2}`)

// parted cuts a line at ／ ｜ and their half-width forms, but not within a date; 8:00／9:00
// is none.
func parted(s string) []string {
	var out []string
	keep := dates.FindAllStringIndex(s, -1)
	start := 0
	for i, r := range s {
		if !strings.ContainsRune("／｜|/", r) || slices.ContainsFunc(keep, func(d []int) bool { return i > d[0] && i < d[1] && isDate(s, d) }) {
			continue
		}
		if i > start {
			out = append(out, s[start:i])
		}
		start = i + utf8.RuneLen(r)
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// isDate tells whether digits around a slash are a date, and no ends of two times.
func isDate(s string, at []int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:at[0]])
	after, _ := utf8.DecodeRuneInString(s[at[1]:])
	return !strings.ContainsRune(":：.", before) && !strings.ContainsRune(":：点时", after) && !unicode.IsDigit(before) && !unicode.IsDigit(after)
}

// cutTitle parts the title from the first option on the same line: after a
// question mark or colon, else after the last space. The colon of a time parts nothing.
func cutTitle(s string) (title, option string) {
	runes := []rune(strings.TrimSpace(s))
	for i := len(runes) - 1; i > 0; i-- {
		inTime := i+1 < len(runes) && unicode.IsDigit(runes[i-1]) && unicode.IsDigit(runes[i+1])
		if strings.ContainsRune("？?", runes[i]) || strings.ContainsRune("：:", runes[i]) && !inTime {
			if option = strings.TrimSpace(string(runes[i+1:])); option != "" {
				return strings.TrimRight(string(runes[:i+1]), " :："), option
			}
		}
	}
	for i := len(runes) - 1; i > 0; i-- {
		if unicode.IsSpace(runes[i]) {
			return strings.TrimSpace(string(runes[:i])), string(runes[i+1:])
		}
	}
	return s, ""
}

var mark = regexp.MustCompile(`^\s*(?:[-·•]|[（(]?[A-Za-zＡ-Ｚａ-ｚ][)）.．、:：]|[A-Z]\s)\s*`)

// unmarked drops the letter or bullet before an option.
func unmarked(s string) string { return clean(mark.ReplaceAllString(s, "")) }

func clean(s string) string { return strings.Join(strings.Fields(chat.Clean(s)), " ") }

func checkTitle(t *engine.Turn, title string) error {
	switch n := utf8.RuneCountInString(title); {
	case n == 0:
		return fault(t, 0, "no_title")
	case n > maxTitle:
		return fault(t, 0, "long", "Most", maxTitle)
	}
	return nil
}

// checkOptions checks the options of a question that begins at a line; at are
// their own lines.
func checkOptions(t *engine.Turn, options []string, at []int, begins int) error {
	if len(options) < 2 {
		return fault(t, begins, "options_few", "Have", len(options))
	}
	if len(options) > maxOptions {
		return fault(t, begins, "options_many", "Most", maxOptions, "Have", len(options))
	}
	seen := map[string]bool{}
	for i, o := range options {
		switch {
		case o == "":
			return fault(t, at[i], "option_empty")
		case utf8.RuneCountInString(o) > maxTitle:
			return fault(t, at[i], "long", "Most", maxTitle)
		case seen[command.Fold(o)]:
			return fault(t, at[i], "option_twice", "Text", o)
		}
		seen[command.Fold(o)] = true
	}
	return nil
}

var (
	numbered = regexp.MustCompile(`^\s*(?:第\s*[0-9０-９一二三四五六七八九十]+\s*题|[0-9０-９]{1,2}\s*[.．、)）:：])\s*`)
	typed    = regexp.MustCompile(`[（(【\[]\s*(单选|多选|评分|打分|1\s*[-–~～到]\s*5|文字|问答|填空|single|multiple|scale|text)题?\s*[）)】\]]`)
	types    = map[string]Type{"单选": Single, "single": Single, "多选": Multiple, "multiple": Multiple, "文字": Text, "问答": Text,
		"填空": Text, "text": Text}
)

// numberOf is the number before a question; 8:00 is none.
func numberOf(line string) string {
	n := numbered.FindString(line)
	if next, _ := utf8.DecodeRuneInString(line[len(n):]); unicode.IsDigit(next) && (strings.HasSuffix(n, ":") || strings.HasSuffix(n, "：")) {
		return ""
	}
	return n
}

// parseSurvey reads numbered questions, each with its options on the lines
// below: "1. 几点开会合适？（单选）", then a line an option. Without a type, a
// question with options is single, one without is text.
func parseSurvey(t *engine.Turn, text string) (*Survey, error) {
	lines := strings.Split(text, "\n")
	h, err := parseHead(t, lines[0])
	if err != nil {
		return nil, err
	}
	s := &Survey{Title: clean(h.title), Named: h.named, ClosesAt: h.closes, left: h.left}
	if err := checkTitle(t, s.Title); err != nil {
		return nil, err
	}
	var begins []int
	var at [][]int
	for i, line := range lines[1:] {
		if strings.TrimFunc(line, unicode.IsSpace) == "" {
			continue
		}
		last := len(s.Questions) - 1
		if n := numberOf(line); n != "" || typed.MatchString(line) {
			s.Questions = append(s.Questions, question(line[len(n):]))
			begins, at = append(begins, i+1), append(at, nil)
			continue
		}
		if last < 0 {
			return nil, fault(t, i+1, "no_number")
		}
		for _, o := range parted(line) {
			s.Questions[last].Options = append(s.Questions[last].Options, unmarked(o))
			at[last] = append(at[last], i+1)
		}
	}
	switch n := len(s.Questions); {
	case n == 0:
		return nil, fault(t, 0, "no_questions")
	case n > maxQuestions:
		return nil, fault(t, begins[maxQuestions], "questions_many", "Most", maxQuestions)
	}
	for i := range s.Questions {
		if err := s.Questions[i].finish(t, begins[i], at[i]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// question reads a question's own line.
func question(line string) Question {
	var q Question
	if m := typed.FindStringSubmatch(line); m != nil {
		if q.Type = types[m[1]]; q.Type == "" {
			q.Type = Scale
		}
		line = strings.Replace(line, m[0], "", 1)
	}
	q.Ask = clean(line)
	return q
}

// finish settles the type and checks the question.
func (q *Question) finish(t *engine.Turn, begins int, at []int) error {
	switch n := utf8.RuneCountInString(q.Ask); {
	case n == 0:
		return fault(t, begins, "no_ask")
	case n > maxAsk:
		return fault(t, begins, "long", "Most", maxAsk)
	}
	if q.Type == "" {
		q.Type = Text
		if len(q.Options) > 0 {
			q.Type = Single
		}
	}
	if q.Type == Single || q.Type == Multiple {
		return checkOptions(t, q.Options, at, begins)
	}
	if len(q.Options) > 0 {
		return fault(t, at[0], "options_needless")
	}
	return nil
}
