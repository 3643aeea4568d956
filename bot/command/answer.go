package command

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is what sort of answer is waited for.
type Kind string

const (
	Single      Kind = "single"
	Multiple    Kind = "multiple"
	TrueFalse   Kind = "truefalse"
	Blank       Kind = "blank"
	Number      Kind = "number"
	Order       Kind = "order"
	Acknowledge Kind = "ack"
	CheckIn     Kind = "checkin"
	Done        Kind = "done"
	SignUp      Kind = "signup"
	// Ballot is a choice that must not be made in the group: what is addressed
	// to it there is read, weakly, so that it can be refused.
	Ballot Kind = "ballot"
)

// Want describes the answers that something open waits for.
type Want struct {
	Kind    Kind     `json:"kind"`
	Options int      `json:"options,omitempty"` // choices: how many, at most 26
	Texts   []string `json:"texts,omitempty"`   // choices: what they say; a whole text counts too
	Digits  bool     `json:"digits,omitempty"`  // choices: shown as 1, 2, 3 …
}

// Answer is a reply in its canonical form.
type Answer struct {
	// Value is "B" (single), "AC" sorted (multiple), "true"/"false", the text
	// (blank), a decimal (number), "BADC" (order), "yes" (ack, check-in, done,
	// sign-up), "leave" (check-in), "withdraw" (sign-up).
	Value  string
	Count  int    // sign-up: for how many
	Reason string // leave, withdraw: why
	Weak   bool   // ordinary talk unless nothing else can be meant
}

// Verdict says how a reply fits a Want.
type Verdict int

const (
	NoMatch   Verdict = iota // something else
	OK                       // an answer
	Malformed                // meant as an answer, if the message was meant for the bot at all
	Proxy                    // for somebody else, which nobody may
)

// Reply is a message read once, to be matched against all that is open.
type Reply struct {
	Code      int    // the short code in front; 0 = none
	Text      string // what is left: half-width, simplified, upper case, without closing words
	Addressed bool   // set by the caller: quotes the prompt, has its code, is private
	raw       string // what is left after the code, half-width, otherwise as typed
	marked    bool   // the code is written as one: #17, 17号
}

// maxAnswer bounds what is looked at, in bytes: no answer is longer.
const maxAnswer = 4096

// Read normalises a message. names are the bot's, whose mention is dropped.
// A text that is too long for an answer reads as an empty one.
func Read(text string, names ...string) Reply {
	if len(text) > maxAnswer {
		return Reply{}
	}
	text, _ = mention(strings.TrimLeftFunc(text, blank), names)
	if quoting := unquote(text); quoting != text {
		text, _ = mention(quoting, names)
	}
	text = lastMention(strings.TrimRightFunc(text, blank), names)
	var r Reply
	r.Code, r.raw, r.marked = cutCode(strings.TrimSpace(half(text)))
	r.Text = closing(canonical(r.raw))
	return r
}

// Match tells whether the reply is an answer to what is wanted.
func (r Reply) Match(w Want) (Answer, Verdict) {
	if r.Code == 0 || r.marked || w.Kind != Number && !(w.Digits && r.Code < 10) {
		return r.match(w)
	}
	// "1 3" may be two options, and "12 %" a number, rather than the answer 3 to
	// prompt 1.
	whole := r
	whole.raw = strconv.Itoa(r.Code) + " " + r.raw
	whole.Text = strconv.Itoa(r.Code) + " " + r.Text
	first, second := r, whole
	if w.Digits {
		first, second = whole, r
	}
	if a, v := first.match(w); v == OK {
		return a, v
	}
	return second.match(w)
}

func (r Reply) match(w Want) (Answer, Verdict) {
	if r.Text == "" {
		return Answer{}, NoMatch
	}
	if r.proxy(w) {
		return Answer{}, Proxy
	}
	return r.read(w)
}

func (r Reply) read(w Want) (Answer, Verdict) {
	switch w.Kind {
	case Single, Multiple, Order:
		return r.choice(w)
	case TrueFalse:
		return r.trueFalse()
	case Number:
		return r.number()
	case Blank:
		return r.blank()
	case Ballot:
		w.Kind = Multiple
		a, v := r.choice(w)
		if !r.Addressed || v != OK {
			return Answer{}, NoMatch
		}
		a.Weak = true
		return a, OK
	}
	return r.words(w.Kind)
}

// What people put before an answer, longer forms first. changes stand before
// one that replaces another: an answer may always be changed, so that they say
// nothing more.
var (
	changes = []string{"改成", "改为", "更正为", "更正", "改"}
	leads   = []string{"选择", "选项", "选", "答案是", "答案为", "答案", "答", "ANSWER:", "ANSWER "}
)

// cutLead drops what stands before an answer: 选A, 我选A, 答案：A, 改成选A.
func cutLead(s string) string {
	if s == "" || s[0] < 0x80 && s[0] != 'A' {
		return s
	}
	rest := strings.TrimPrefix(s, "我")
	if strings.HasPrefix(rest, "的答案") {
		rest = rest[len("的"):]
	}
	rest, changed := cutAny(rest, changes)
	rest, lead := cutAny(rest, leads)
	if changed == "" && lead == "" || rest == "" {
		return s
	}
	return rest
}

func cutAny(s string, words []string) (rest, word string) {
	for _, w := range words {
		if after, ok := strings.CutPrefix(s, w); ok {
			return strings.TrimLeft(after, " :"), w
		}
	}
	return s, ""
}

func (r Reply) trueFalse() (Answer, Verdict) {
	text := cutLead(r.Text)
	switch text {
	case "错", "×", "✗", "✘", "✕", "✖", "❌", "X", "错误", "不对", "否", "F", "N", "NO", "FALSE", "错的", "不是", "不正确", "WRONG":
		return Answer{Value: "false"}, OK
	case "对", "√", "✓", "✔", "✅", "☑", "正确", "是", "T", "Y", "YES", "TRUE", "对的", "是的", "没错", "RIGHT":
		return Answer{Value: "true"}, OK
	}
	if len(text) == 1 && isLetter(text[0]) {
		return Answer{}, Malformed
	}
	return Answer{}, NoMatch
}

// blank is a text for a gap, at most 100 characters.
func (r Reply) blank() (Answer, Verdict) {
	start, said := blankLead(canonical(r.raw), r.Addressed)
	text := strings.TrimSpace(r.raw[start:])
	asks := strings.HasSuffix(text, "?") || strings.HasPrefix(text, "什么") || strings.HasPrefix(text, "多少")
	text = strings.TrimRight(text, " 。.!~")
	switch {
	case !r.Addressed && (!said || asks), text == "":
		return Answer{}, NoMatch
	case utf8.RuneCountInString(text) > 100:
		return Answer{}, Malformed
	}
	return Answer{Value: text}, OK
}

// blankLead is the length of what stands before a text for a gap: 答 红色,
// 答：红色, 答案是红色, 改答：红色. Only an addressed text may do with 答红色 or
// 改成红色: in a group these are talk, as 答谢会 is.
func blankLead(s string, addressed bool) (n int, said bool) {
	rest, changed := cutAny(strings.TrimPrefix(s, "我的"), changes)
	for _, word := range []string{"答案是", "答案为", "答案", "答"} {
		after, ok := strings.CutPrefix(rest, word)
		if !ok {
			continue
		}
		text := strings.TrimLeft(after, " :\n")
		loose := text == after && word != "答案是" && word != "答案为"
		if text == "" || loose && (!addressed || strings.ContainsRune("辩复谢卷题案应疑", firstRune(text))) {
			break
		}
		return len(s) - len(text), true
	}
	if addressed && rest != "" && (strings.HasSuffix(changed, "成") || strings.HasSuffix(changed, "为")) {
		return len(s) - len(rest), true
	}
	return 0, false
}

// units may stand behind a number in a group; 3点 and 12月 are talk there, and
// 12万 is not 12 anywhere.
const units = "个人名次年天元米岁票条项章届件倍%"

var signs = []string{"-", "−", "负", "+"}

// number is a decimal of at most 15 digits.
func (r Reply) number() (Answer, Verdict) {
	text := cutLead(r.Text)
	digits, sign := cutAny(text, signs)
	value, rest, ok := decimal(digits)
	if ok && (rest == "" || r.unit(rest)) {
		if sign != "" && sign != "+" && value != "0" {
			value = "-" + value
		}
		return Answer{Value: value}, OK
	}
	if r.Addressed && len(r.Text) <= 64 && strings.ContainsFunc(r.Text, unicode.IsDigit) {
		return Answer{}, Malformed
	}
	return Answer{}, NoMatch
}

func (r Reply) unit(s string) bool {
	s = strings.TrimLeft(s, " ")
	if _, size := utf8.DecodeRuneInString(s); size == len(s) && strings.Contains(units, s) {
		return true
	}
	return r.Addressed && utf8.RuneCountInString(s) <= 3 && !strings.ContainsFunc(s, func(c rune) bool {
		return !unicode.Is(unicode.Han, c) || strings.ContainsRune("万亿千百十半多几两分之到至", c)
	})
}

// decimal reads 12, 12.50, .5, 1,000 at the start of a text and returns it
// without the zeros and commas that say nothing.
func decimal(s string) (value, rest string, ok bool) {
	end := 0
	for end < len(s) && (isDigit(s[end]) || s[end] == '.' || s[end] == ',') {
		end++
	}
	if end == 0 {
		return "", "", false
	}
	whole, part, point := strings.Cut(s[:end], ".")
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		if len(groups) > 1 && (i > 0 && len(g) != 3 || len(g) > 3 || g == "") {
			return "", "", false
		}
	}
	whole = strings.Join(groups, "")
	n := len(whole) + len(part)
	if n == 0 || n > 15 || point && part == "" || strings.ContainsAny(part, ".,") {
		return "", "", false
	}
	whole, part = strings.TrimLeft(whole, "0"), strings.TrimRight(part, "0")
	if whole == "" {
		whole = "0"
	}
	if part != "" {
		whole += "." + part
	}
	return whole, s[end:], true
}
