package command

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
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
)

// Want describes the answers that something open waits for.
type Want struct {
	Kind    Kind     `json:"kind"`
	Options int      `json:"options,omitempty"` // choices: how many
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
	Reason string // leave: why
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
	Text      string // what is left: half-width, upper case, without closing words
	Addressed bool   // set by the caller: quotes the prompt, has its code, is private
	raw       string // like Text but in the case that was typed
}

// maxAnswer bounds what is looked at: no answer is longer.
const maxAnswer = 1024

// Read normalises a message. names are the bot's, whose mention is dropped.
func Read(text string, names ...string) Reply {
	if len(text) > maxAnswer*4 {
		return Reply{}
	}
	text = strings.TrimSpace(clean(text))
	text, _ = mention(text, names)
	text = unquote(text)
	if !isASCII(text) {
		text = simplify(norm.NFKC.String(text))
	}
	text = closing(text)
	r := Reply{raw: text}
	if code, rest, ok := cutCode(text); ok {
		r.Code, r.raw = code, rest
	}
	r.Text = strings.ToUpper(r.raw)
	return r
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// unquote drops the block that WeChat's desktop clients put before a quoting
// reply: 「…」, then a line of dashes.
func unquote(s string) string {
	if !strings.HasPrefix(s, "「") {
		return s
	}
	for _, line := range []string{"\n- - - - - - - - - - - - - - -\n", "\n—————————\n"} {
		if i := strings.Index(s, line); i >= 0 {
			return strings.TrimSpace(s[i+len(line):])
		}
	}
	if m := quoteLine.FindStringIndex(s); m != nil {
		return strings.TrimSpace(s[m[1]:])
	}
	return s
}

var quoteLine = regexp.MustCompile(`」\n[-— ]{4,}\n`)

// simplify maps the traditional characters that occur in answers.
var simplify = strings.NewReplacer("對", "对", "錯", "错", "確", "确", "誤", "误", "簽", "签", "閱", "阅", "讀", "读",
	"學", "学", "習", "习", "選", "选", "請", "请", "報", "报", "參", "参", "謝", "谢", "項", "项", "題", "题", "畢", "毕",
	"㊀", "一").Replace

// tails are what people add after an answer.
var tails = regexp.MustCompile(`(?:[\s。.!！?？~～…,，;；、]+|\[[\p{Han}A-Za-z]{1,8}\]|谢谢[你您]?|感谢|辛苦了|多谢)$`)

// bareCode is a message that is nothing but an emoticon code, which then is
// the answer itself.
var bareCode = regexp.MustCompile(`^\[[\p{Han}A-Za-z]{1,8}\]$`)

// closing trims punctuation, thanks, emoticon codes and emoji at the end, as
// long as something is left.
func closing(s string) string {
	for s != "" {
		last, size := utf8.DecodeLastRuneInString(s)
		if last < 0x80 && (last >= '0' && last <= '9' || last >= 'A' && last <= 'Z' || last >= 'a' && last <= 'z') {
			return s
		}
		if isEmoji(last) && len(s) > size {
			s = strings.TrimSpace(s[:len(s)-size])
			continue
		}
		if bareCode.MatchString(s) {
			return s
		}
		m := tails.FindStringIndex(s)
		if m == nil || m[0] == 0 {
			return s
		}
		s = s[:m[0]]
	}
	return s
}

func isEmoji(r rune) bool {
	return r >= 0x1F000 || r >= 0x2600 && r <= 0x2BFF && !isMark(r) || r == 0xFE0F
}

// isMark is a tick or a cross, which is an answer and no decoration.
func isMark(r rune) bool { return r >= 0x2713 && r <= 0x2718 }

// codePattern is a short code before an answer: 17 A, 17.A, #17 A, 17: A, 17号A.
var codePattern = regexp.MustCompile(`^(?:#(\d{1,2})[\s.:、,]*|(\d{1,2})(?:\s+|[.:、][\s]*|号[\s:,]*|题[\s:,]*))(\S.*)$`)

func cutCode(s string) (code int, rest string, ok bool) {
	if s == "" || s[0] != '#' && (s[0] < '0' || s[0] > '9') {
		return 0, "", false
	}
	m := codePattern.FindStringSubmatch(s)
	if m == nil {
		return 0, "", false
	}
	if unicode.IsDigit(firstRune(m[3])) && m[1] == "" && strings.ContainsAny(s[:len(s)-len(m[3])], ".") {
		return 0, "", false // 17.5 is a number
	}
	code, err := strconv.Atoi(m[1] + m[2])
	return code, m[3], err == nil && code > 0
}

// Match tells whether the reply is an answer to what is wanted.
func (r Reply) Match(w Want) (Answer, Verdict) {
	if r.Text == "" || len(r.Text) > maxAnswer && w.Kind != Blank {
		return Answer{}, NoMatch
	}
	if r.Code == 0 || !w.Digits && w.Kind != Number {
		return r.match(w)
	}
	// "1 3" may be two options and "12 %" a number, rather than the answer 3 to
	// prompt 1.
	whole := r
	whole.raw = strconv.Itoa(r.Code) + " " + r.raw
	whole.Text = strings.ToUpper(whole.raw)
	if w.Digits {
		if a, v := whole.match(w); v == OK {
			return a, v
		}
		return r.match(w)
	}
	if a, v := r.match(w); v == OK {
		return a, v
	}
	return whole.match(w)
}

func (r Reply) match(w Want) (Answer, Verdict) {
	if !isASCII(r.Text) && proxy.MatchString(r.Text) && (w.Kind == CheckIn || w.Kind == Acknowledge || w.Kind == Done || r.Addressed || strings.ContainsAny(r.Text, "代替帮")) {
		if a, v := r.words(w.Kind); v == OK {
			return a, v
		}
		return Answer{}, Proxy
	}
	switch w.Kind {
	case Single, Multiple, Order:
		return r.choice(w)
	case TrueFalse:
		return r.trueFalse()
	case Number:
		return r.number()
	case Blank:
		return r.blank()
	}
	return r.words(w.Kind)
}

// proxy is a reply for somebody else: 代张三签到, 替李四答A, 张三、李四收到.
var proxy = regexp.MustCompile(`^(?:(?:代|替|帮)\p{Han}{2,4}(?:签到|打卡|收到|答题?|已学|选)?[A-Z]*|\p{Han}{2,4}(?:[、,和 ]\p{Han}{2,4})+(?:都|均|已)?(?:签到|收到|已学|打卡|已阅))$`)

// blank is a text for a gap. A bare text in a group is talk, unless it is
// addressed or begins as an answer.
func (r Reply) blank() (Answer, Verdict) {
	text := strings.TrimSpace(r.raw)
	if m := answerPrefix.FindString(text); m != "" && len(text) > len(m) {
		text = strings.TrimSpace(text[len(m):])
	} else if !r.Addressed {
		return Answer{}, NoMatch
	}
	if utf8.RuneCountInString(text) > 100 {
		return Answer{}, Malformed
	}
	return Answer{Value: text}, OK
}

var answerPrefix = regexp.MustCompile(`^(?:我?(?:的)?答案?(?:是|为)?|改(?:成|为)?|更正(?:为)?)[\s::,]*`)

var numberPattern = regexp.MustCompile(`^[+-]?\d{1,15}(?:\.\d{1,9})?$`)

// number is a decimal, with a unit behind it if people like.
func (r Reply) number() (Answer, Verdict) {
	text := strings.ReplaceAll(stripLead(r.Text), ",", "")
	text = strings.TrimSpace(strings.TrimRightFunc(text, func(c rune) bool {
		return unicode.Is(unicode.Han, c) || c == '%' || c == ' '
	}))
	if !numberPattern.MatchString(text) {
		if r.Addressed && strings.ContainsFunc(r.Text, unicode.IsDigit) {
			return Answer{}, Malformed
		}
		return Answer{}, NoMatch
	}
	return Answer{Value: decimal(text)}, OK
}

// decimal drops signs and zeros that say nothing.
func decimal(s string) string {
	negative := strings.HasPrefix(s, "-")
	whole, part, _ := strings.Cut(strings.TrimLeft(s, "+-"), ".")
	whole, part = strings.TrimLeft(whole, "0"), strings.TrimRight(part, "0")
	if whole == "" {
		whole = "0"
	}
	if part != "" {
		whole += "." + part
	}
	if negative && whole != "0" {
		return "-" + whole
	}
	return whole
}

// lead is what people put before an answer.
var lead = regexp.MustCompile(`^(?:我?(?:选择?|改成|改为|改选?|更正为?|答案?)(?:是|为)?|ANSWER)[\s::]*`)

func stripLead(s string) string {
	if s == "" || s[0] >= '0' && s[0] <= '9' || len(s) == 1 {
		return s
	}
	if m := lead.FindString(s); m != "" && len(m) < len(s) {
		return s[len(m):]
	}
	return s
}
