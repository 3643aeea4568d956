package survey

import (
	"regexp"
	"strconv"
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
}

func parseHead(t *engine.Turn, text string) (h head, err error) {
	h.closes, h.max = t.Now.Add(usualOpen), 1
	fields := strings.Fields(text)
	for len(fields) > 0 {
		word := strings.TrimRight(command.Fold(fields[0]), ":")
		used := 1
		switch {
		case word == "实名" || word == "记名" || word == "named":
			h.named = true
		case word == "匿名" || word == "不记名" || word == "无记名" || word == "anonymous":
			h.named = false
		case strings.HasPrefix(word, "截止") || word == "until":
			if h.closes, used, err = parseUntil(t, fields); err != nil {
				return h, err
			}
		case strings.HasPrefix(word, "可选") || word == "pick" || word == "多选":
			if h.max, used, err = parseMax(t, fields); err != nil {
				return h, err
			}
		default:
			h.title = strings.Join(fields, " ")
			return h, nil
		}
		fields = fields[used:]
	}
	return h, nil
}

// parseUntil reads 截止 18:00, 截止18:00, 截止 明天 18:00, 截止 12月5日, 截止 2小时;
// used is how many fields that were.
func parseUntil(t *engine.Turn, fields []string) (at time.Time, used int, err error) {
	rest := fields[0]
	for _, word := range []string{"截止", "until"} {
		rest = strings.TrimPrefix(rest, word)
	}
	used = 1
	if rest = strings.TrimLeft(rest, ":：到"); rest == "" && len(fields) > 1 {
		rest, used = fields[1], 2
	}
	if used < len(fields) {
		if at, ok := when(t, rest+fields[used]); ok {
			return check(t, at, used+1)
		}
	}
	if at, ok := when(t, rest); ok {
		return check(t, at, used)
	}
	return at, 0, fault(t, 0, "until", "Text", chat.CleanName(rest))
}

func check(t *engine.Turn, at time.Time, used int) (time.Time, int, error) {
	switch {
	case !at.After(t.Now):
		return at, 0, fault(t, 0, "past")
	case at.Sub(t.Now) > maxOpen:
		return at, 0, fault(t, 0, "far")
	}
	return at, used, nil
}

// when reads a duration, a time of today, a day (its end), or a day and a time
// written together.
func when(t *engine.Turn, text string) (time.Time, bool) {
	now := t.Now.In(t.Unit.Zone)
	if d, ok := command.Duration(text); ok {
		return t.Now.Add(d), true
	}
	if at, ok := command.Clock(text, now); ok {
		return at, true
	}
	if day, ok := command.Day(text, now); ok {
		return day.AddDate(0, 0, 1), true
	}
	for i := range text {
		if day, ok := command.Day(text[:i], now); ok {
			if at, ok := command.Clock(text[i:], day); ok {
				return at, true
			}
		}
	}
	return time.Time{}, false
}

var number = regexp.MustCompile(`\d+`)

// parseMax reads 可选 2, 可选2项, 多选.
func parseMax(t *engine.Turn, fields []string) (n, used int, err error) {
	if found := number.FindString(command.Fold(fields[0])); found != "" {
		n, _ = strconv.Atoi(found)
		used = 1
	} else if len(fields) > 1 {
		n, _ = strconv.Atoi(strings.TrimRight(command.Fold(fields[1]), "项个"))
		used = 2
	}
	if n == 0 && strings.HasPrefix(fields[0], "多选") {
		return maxOptions, 1, nil
	}
	if n < 1 || n > maxOptions {
		return 0, 0, fault(t, 0, "max")
	}
	return n, used, nil
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
	if parts := parted(h.title); len(parts) > 1 && len(lines) == 1 {
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
	s := &Survey{Title: clean(h.title), Named: h.named, ClosesAt: h.closes}
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

// parted cuts a line at ／ ｜ and their half-width forms.
func parted(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("／｜|/", r) })
}

// cutTitle parts the title from the first option on the same line: after a
// question mark or colon, else after the last space.
func cutTitle(s string) (title, option string) {
	for _, marks := range []string{"？?：:", " 　"} {
		if i := strings.LastIndexAny(strings.TrimSpace(s), marks); i > 0 {
			_, size := utf8.DecodeRuneInString(s[i:])
			return strings.TrimRight(s[:i+size], " :："), s[i+size:]
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

// parseSurvey reads numbered questions, each with its options on the lines
// below: "1. 几点开会合适？（单选）", then a line an option. Without a type, a
// question with options is single, one without is text.
func parseSurvey(t *engine.Turn, text string) (*Survey, error) {
	lines := strings.Split(text, "\n")
	h, err := parseHead(t, lines[0])
	if err != nil {
		return nil, err
	}
	s := &Survey{Title: clean(h.title), Named: h.named, ClosesAt: h.closes}
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
		if n := numbered.FindString(line); n != "" || typed.MatchString(line) {
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
