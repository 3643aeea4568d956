package command

import (
	"strings"
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
	Join        Kind = "signup" // as rows have it
	// Ballot is a choice that must not be made in the group: what is addressed
	// to it there is read, weakly, so that it can be refused.
	Ballot Kind = "ballot"
)

// Question tells whether it is the answer to a question that is right or wrong.
func (k Kind) Question() bool {
	switch k {
	case Single, Multiple, TrueFalse, Blank, Number, Order:
		return true
	}
	return false
}

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
	Near                     // perhaps an answer: the person is to be asked
	Malformed                // meant as an answer, if the message was meant for the bot at all
	Proxy                    // for somebody else, which nobody may
)

// Reply is a message read once, to be matched against all that is open.
type Reply struct {
	Code      int    // the short code in front; 0 = none
	Text      string // what is left: half-width, simplified, upper case, without closing words
	Series    string // the number of a series in front: 2026-017
	More      []int  // further short codes: 1、2收到
	Addressed bool   // set by the caller: quotes the prompt, has its code, is private, mentions the bot
	Quoted    bool   // set by the caller: quotes the prompt
	Self      string // set by the caller: the sender's name
	raw       string // what is left after the code, half-width, otherwise as typed
	whole     string // with the code
	marked    bool   // the code is written as one: #17, 17号
	parted    bool   // something parts the code from the rest
	circled   bool   // the digits are ①, ②: nobody counts so in talk
}

// maxAnswer bounds what is looked at, in bytes: no answer is longer.
const maxAnswer = 4096

// maxRead bounds what is read as an answer that is not addressed, in bytes.
const maxRead = 600

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
	r := Reply{whole: strings.TrimSpace(half(text)), circled: strings.ContainsFunc(text, circled)}
	r.cutCode()
	r.Text = closing(canonical(r.raw))
	return r
}

// circled tells of ①, ❶, ⑴, Ⓐ, 🅰.
func circled(r rune) bool {
	return r >= 0x2460 && r <= 0x24FF || r >= 0x2776 && r <= 0x2793 || r >= 0x1F130 && r <= 0x1F189
}

// Whole is the reply without a code: what looked like one is no number of
// anything that is open.
func (r Reply) Whole() Reply {
	r.raw, r.Text = r.whole, closing(canonical(r.whole))
	r.Code, r.More, r.Series, r.marked, r.parted = 0, nil, "", false, false
	return r
}

// Marked tells whether the code is written as one, and nothing else can be meant.
func (r Reply) Marked() bool { return r.marked }

// Pieces are the parts of a message that says several things: 1B，2A; 选B，签到.
func (r Reply) Pieces(finely bool) []Reply {
	const most = 8
	text := r.whole
	if finely && len(text) <= 64 {
		text = apart(text)
	}
	fields := strings.FieldsFunc(text, func(c rune) bool {
		return strings.ContainsRune(",;。!\n…~", c) || finely && (c == ' ' || c == '、')
	})
	if len(fields) < 2 || len(fields) > most || strings.Count(text, "\n") > 3 {
		return nil
	}
	out := make([]Reply, len(fields))
	for i, f := range fields {
		out[i] = Reply{whole: strings.TrimSpace(f), Addressed: r.Addressed, Quoted: r.Quoted, Self: r.Self, circled: r.circled}
		out[i].cutCode()
		out[i].Text = closing(canonical(out[i].raw))
	}
	return out
}

// apart puts blanks between answers with numbers: 1B2A.
func apart(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if i > 0 && isDigit(s[i]) && isLetter(s[i-1]&^0x20) {
			b.WriteByte(' ')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Aside tells whether a piece that answers nothing says nothing by itself: thanks, a
// greeting, 好的, 不对.
func (r Reply) Aside() bool {
	switch text := joined(squeeze(r.Text)); text {
	case "", "不对", "错了", "打错了", "说错了", "点错了", "选错了", "更正", "更正一下", "更正下", "看错了":
		return true
	}
	said, ok := receipts.read(squeeze(r.Text), r.Self)
	return ok && said&back == 0
}

// Asks tells whether a piece asks.
func (r Reply) Asks() bool { return asks(r.Text) }

// Denies tells whether a piece denies, or speaks of others.
func (r Reply) Denies() bool { return denies(r.Text) }

// Match tells whether the reply is an answer to what is wanted.
func (r Reply) Match(w Want) (Answer, Verdict) {
	if r.Code == 0 || r.marked || w.Kind != Number && w.Kind != Multiple && !(w.Digits && r.Code < 10) {
		return r.match(w)
	}
	// "1 3" may be two options, and "1 000" or "12 %" a number, rather than the
	// answer to prompt 1.
	whole := r.Whole()
	a, v := whole.match(w)
	if (w.Kind == Number || w.Kind == Multiple && !w.Digits) && v == OK && r.raw[0] != '0' {
		if rest, ok := r.match(w); ok == OK { // 1 100: the answer to 1, or eleven hundred
			if w.Kind == Multiple {
				rest = a
			}
			return rest, Near
		}
	}
	if v == OK {
		return a, v
	}
	return r.match(w)
}

func (r Reply) match(w Want) (Answer, Verdict) {
	if r.Text == "" || len(r.Text) > maxRead && !r.Addressed {
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
		return r.blank(w)
	case Ballot:
		w.Kind = Multiple
		a, v := r.choice(w)
		if !r.Addressed || v != OK {
			return Answer{}, NoMatch
		}
		a.Weak = true
		return a, OK
	}
	return r.words(w)
}

// What people put before an answer, longer forms first. An answer may always be
// changed, so that the words of changing say nothing more. Those of opinion are
// ordinary talk as well.
var (
	changes  = []string{"改选成", "改选为", "改选", "改成", "改为", "更正为", "更正", "更改为", "更改", "重新选", "重选", "改"}
	leads    = []string{"选择的是", "选择是", "选择", "选项", "选的是", "选了", "选的", "选", "正确答案是", "正确答案", "正确选项是", "答案应该是", "答案是", "答案为", "答案选", "答案", "答题", "回答", "判断", "答", "ANSWER:", "ANSWER IS", "ANSWER ", "THE ANSWER IS", "MY ANSWER IS", "I CHOOSE", "CHOOSE", "OPTION "}
	opinions = []string{"我的", "我还是", "我也", "我猜", "我看", "我想", "我投", "我站", "我", "同", "跟", "听说", "毫无疑问", "应是", "随便", "蒙一个", "瞎猜", "猜", "不知道", "不确定", "说法", "该说法", "此说法", "这个说法", "这种说法", "这句话", "题目", "这是", "绝对", "显然", "手滑", "个人", "觉得", "认为", "感觉", "应该都", "应该", "应当", "肯定都", "肯定", "一定", "可能", "好像", "大概", "估计", "也许", "当然", "必须", "必然", "这道题", "这题", "这一题", "本题", "此题", "这个", "还是",
		"就是", "就", "是", "为", "那", "嗯嗯", "嗯", "哦", "额", "好的", "收到", "报告", "I THINK ITS", "I THINK IT IS", "I THINK", "IT'S", "ITS ", "IT IS", "刚才", "刚刚", "不好意思", "抱歉", "书记", "老师", "点错了", "打错了", "写错了", "发错了", "选错了", "说错了", "看错了"}
)

const between = " :,、。.!;\n~…"

// leadRunes are what the words before an answer begin with.
var leadRunes = func() map[rune]bool {
	is := map[rune]bool{}
	for _, list := range [][]string{changes, leads, opinions} {
		for _, w := range list {
			is[firstRune(w)] = true
		}
	}
	return is
}()

// cutLeads drops what stands before an answer: 选A, 我选A, 答案：A, 应该是A,
// 改成选A. led: it says that an answer follows.
func cutLeads(s string) (rest string, led bool) {
	for s != "" {
		before := s
		if !leadRunes[firstRune(s)] {
			return s, led
		}
		for i, list := range [][]string{changes, leads, opinions} {
			for _, w := range list {
				after, ok := strings.CutPrefix(s, w)
				if !ok {
					continue
				}
				if after = strings.TrimLeft(after, between); after != "" {
					s, led = after, led || i < 2
				}
				break
			}
		}
		if s == before {
			return s, led
		}
	}
	return s, led
}

// lastWord is what stands behind the last word of correction: A，不对，选C.
func lastWord(s string) (rest string, corrected bool) {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == '不' || r == '错' || r == '改' || r == '更' || r == '重' }) {
		return s, false
	}
	for _, w := range []string{"不是", "不选"} { // 不是A，是B
		if i := strings.LastIndexAny(s, between); i > 0 && strings.HasPrefix(s, w) {
			if rest := strings.TrimLeft(s[i:], between); strings.HasPrefix(rest, "是") || strings.HasPrefix(rest, "选") || strings.HasPrefix(rest, "而是") || strings.HasPrefix(rest, "应") {
				return strings.TrimPrefix(rest, "而"), true
			}
		}
	}
	for _, w := range []string{"不对", "错了", "更正一下", "更正", "改成", "改为", "改选", "说错", "重选", "改"} {
		i := strings.LastIndex(s, w)
		if i < 0 {
			continue
		}
		rest := s[i+len(w):]
		if more := strings.TrimLeft(rest, between); more != "" && (more != rest || w[:3] == "改"[:3] || w == "更正" || w == "重选" || w == "改选" || leading(more)) {
			return more, true
		}
	}
	return s, false
}

func leading(s string) bool {
	rest, _ := cutLeads(s)
	return rest != s
}

func cutAny(s string, words []string) (rest, word string) {
	for _, w := range words {
		if after, ok := strings.CutPrefix(s, w); ok {
			return strings.TrimLeft(after, " :"), w
		}
	}
	return s, ""
}

// endings are the particles behind an answer.
var endings = []string{"吧", "啊", "呀", "哦", "噢", "喔", "哈", "呢", "啦", "嘛"}

func cutEndings(s string, more ...string) string {
	for {
		rest, ok := cutEnd(s, endings)
		if !ok {
			rest, ok = cutEnd(s, more)
		}
		if !ok {
			return s
		}
		s = rest
	}
}

func (r Reply) trueFalse() (Answer, Verdict) {
	if strings.Contains(r.Text, "是不是") {
		return Answer{}, NoMatch
	}
	text, corrected := lastWord(r.Text)
	rest, led := cutLeads(text)
	for _, s := range []string{text, rest} {
		s = strings.Trim(cutEndings(s), brackets+between)
		if rest := strings.Trim(s, "✅❌√×✓✗✔✘"); rest != "" {
			s = rest // 对✅
		} else if r, size := utf8.DecodeRuneInString(s); strings.Trim(s, string(r)) == "" {
			s = s[:size] // ❌❌
		}
		truth, clear := truths(s)
		if truth != "" {
			return Answer{Value: truth, Weak: !clear && !led && !corrected && !r.Addressed}, OK
		}
	}
	if len(rest) == 1 && isLetter(rest[0]) {
		return Answer{}, Malformed
	}
	return Answer{}, NoMatch
}

// truths reads a word for true or false; clear ones are no ordinary talk.
func truths(s string) (value string, clear bool) {
	switch s {
	case "×", "✗", "✘", "✕", "✖", "❌", "❎", "X", "错", "错误", "错误的", "是错误的", "F", "N", "NO", "FALSE", "不正确", "不正确的", "WRONG", "打叉", "叉", "打×", "打X":
		return "false", true
	case "√", "✓", "✔", "✅", "☑", "⭕", "O", "正确", "正确的", "是正确的", "T", "Y", "YES", "TRUE", "RIGHT", "CORRECT", "打勾", "勾", "打√", "打对勾", "对勾":
		return "true", true
	case "不对", "否", "错的", "错了", "不是", "不对的", "是错的", "不", "不是的", "有误", "CUO":
		return "false", false
	case "对", "是", "对的", "是的", "没错", "是对的", "对对", "对对对", "对头", "嗯", "嗯嗯", "没毛病", "没问题", "DUI":
		return "true", false
	}
	return "", false
}

// blank is a text for a gap, at most 100 characters. In a group it has 答 in front,
// or is what is right.
func (r Reply) blank(w Want) (Answer, Verdict) {
	raw := r.raw
	start, said := blankLead(canonical(raw), r.Addressed)
	if len(canonical(raw)) == len(raw) && len(r.Text) > start {
		raw = raw[:len(r.Text)] // without thanks
	}
	text := withoutAsides(strings.TrimRight(strings.TrimSpace(raw[start:]), " 。.!~"))
	if a, ok := w.accepted(text); ok {
		a.Weak = !said && !r.Addressed && utf8.RuneCountInString(text) < 2
		return a, OK
	}
	if right := w.within(text); right != "" {
		if r.Addressed || said {
			return Answer{Value: right}, OK
		}
		return Answer{Value: right, Weak: true}, Near
	}
	questions, opinion := asks(text), false
	if bare, ok := cutWord(text, "应该是", "我觉得应该是", "我觉得是", "我觉得", "我认为是", "我认为", "觉得是", "肯定是", "可能是", "好像是", "答案应该是"); ok && !said {
		text, opinion = cutEndings(strings.TrimSpace(bare)), true
	}
	switch {
	case text == "":
		return Answer{}, NoMatch
	case utf8.RuneCountInString(text) > 100:
		if !r.Addressed && !said {
			return Answer{}, NoMatch
		}
		return Answer{}, Malformed
	case said && !questions, r.Quoted, r.Code != 0 && r.parted:
	case said && r.Addressed:
		return Answer{Value: text}, Near
	case r.Code != 0: // 1号线停运
		return Answer{}, NoMatch
	case !r.Addressed && opinion && !questions && utf8.RuneCountInString(text) <= 12:
		return Answer{Value: text, Weak: true}, Near
	case !r.Addressed, questions:
		return Answer{}, NoMatch
	default:
		if _, talk := receipts.read(squeeze(r.Text), r.Self); talk {
			return Answer{}, NoMatch
		}
	}
	return Answer{Value: text}, OK
}

// withoutAsides drops clauses that say nothing, such as 谢谢书记, at the end of a text for
// a gap, and 不对 before it.
func withoutAsides(s string) string {
	for {
		i := strings.LastIndexAny(s, " ,;。!")
		if i <= 0 {
			break
		}
		if said, ok := receipts.read(squeeze(canonical(s[i+1:])), ""); !ok || said&strong != 0 {
			break
		}
		s = strings.TrimRight(s[:i], " ,;。!")
	}
	for _, w := range []string{"不对", "错了"} {
		if rest, ok := strings.CutPrefix(s, w); ok && rest != strings.TrimLeft(rest, between) {
			return strings.TrimLeft(rest, between)
		}
	}
	return s
}

// within is the right text that stands among a few words: 拨打96110; "" when none does.
func (w Want) within(text string) string {
	whole := joined(squeeze(canonical(text)))
	if len(whole) > 90 || asks(text) || denies(whole) {
		return ""
	}
	for _, right := range w.Texts {
		want := joined(squeeze(canonical(half(right))))
		if before, after, ok := strings.Cut(whole, want); ok && len(want) > 3 && utf8.RuneCountInString(before+after) <= 12 &&
			(before == "" || !isDigit(before[len(before)-1])) && (after == "" || !isDigit(after[0])) {
			return right
		}
	}
	return ""
}

// accepted finds the text for a gap that is right: alone, with words of opinion
// around it, or behind 是 (火警电话是119).
func (w Want) accepted(text string) (Answer, bool) {
	if len(w.Texts) == 0 || len(text) > 300 || asks(text) {
		return Answer{}, false
	}
	whole := closing(canonical(text))
	rest, _ := cutLeads(whole)
	rest, _ = cutWord(cutEndings(rest), "空格填", "填空", "应该填", "应填", "填")
	tail := rest
	if i := strings.LastIndex(tail, "是"); i >= 0 && !denies(tail[:i]) {
		tail = strings.Trim(tail[i+len("是"):], between)
	}
	if last, ok := lastWord(whole); ok {
		tail = cutEndings(last)
	}
	for _, right := range w.Texts {
		want := joined(squeeze(canonical(half(right))))
		if want == "" {
			continue
		}
		for _, s := range []string{whole, rest, tail} {
			if joined(squeeze(s)) == want {
				return Answer{Value: right}, true
			}
		}
	}
	return Answer{}, false
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
