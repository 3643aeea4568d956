package wechat

import (
	"encoding/xml"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file reads what is on the wire. It is pure.

// The types of messages that mean something to the bot.
const (
	kindText   = 1
	kindApp    = 49
	kindRecent = 51 // which chats are in use on the phone
	kindSystem = 10000
	kindRecall = 10002

	appFile      = 6
	appSolitaire = 53 // 接龙
	appQuote     = 57
)

// body is what a message says.
type body struct {
	text     string
	quote    *quote
	file     string // name; the file itself is not read here
	recalled string // id of a message
	recaller string // as the notice names him
}

// quote is a message that a reply refers to.
type quote struct {
	id   string // "" in the old form
	name string // of its author as the one who quotes sees it
	text string
}

// cutSender parts the content of a group message into who wrote it and what.
func cutSender(content string) (at, rest string) {
	at, rest, ok := strings.Cut(content, ":<br/>")
	if !ok || !strings.HasPrefix(at, "@") || strings.ContainsAny(at, "<> \n") {
		return "", content
	}
	return at, rest
}

// plain undoes how the server writes a text: line breaks and emoji are markup,
// the rest is escaped. What a person typed that looks like markup is not touched.
func plain(content string) string {
	return name(strings.ReplaceAll(content, "<br/>", "\n"))
}

// appMessage is the XML of a message of type 49.
type appMessage struct {
	App struct {
		Title string `xml:"title"`
		Type  int    `xml:"type"`
		Refer struct {
			ID   string `xml:"svrid"`
			Type int    `xml:"type"`
			Name string `xml:"displayname"`
			Text string `xml:"content"`
		} `xml:"refermsg"`
	} `xml:"appmsg"`
}

// recallNotice is the XML of a message of type 10002.
type recallNotice struct {
	Type   string `xml:"type,attr"`
	Recall struct {
		ID     string `xml:"msgid"`
		Notice string `xml:"replacemsg"`
	} `xml:"revokemsg"`
}

// read reads the content of a message, without its sender; false when it says
// nothing that the bot hears.
func read(kind int, content string) (body, bool) {
	switch kind {
	case kindText:
		text := plain(content)
		return body{text: text, quote: oldQuote(text)}, text != ""
	case kindApp:
		var m appMessage
		if err := xml.Unmarshal([]byte(plain(content)), &m); err != nil {
			return body{}, false
		}
		return readApp(m)
	case kindRecall:
		var n recallNotice
		if err := xml.Unmarshal([]byte(plain(content)), &n); err != nil || n.Type != "revokemsg" || n.Recall.ID == "" {
			return body{}, false
		}
		b := body{recalled: n.Recall.ID}
		if m := recallWords.FindStringSubmatch(n.Recall.Notice); m != nil {
			b.recaller = m[1]
		}
		return b, true
	}
	return body{}, false
}

// recallWords is what a notice says when an author takes their own message back.
var recallWords = regexp.MustCompile(`^\s*["“「](.+)["”」]\s*(?:撤回了一[条則则]消息|(?:已)?(?:撤回|收回)了?一[條则則]訊息|(?:has )?recalled a message\.?)\s*$`)

func readApp(m appMessage) (body, bool) {
	title := strings.TrimSpace(m.App.Title)
	switch m.App.Type {
	case appFile:
		return body{file: title}, title != ""
	case appSolitaire:
		if title != "" && !solitaireHead.MatchString(title) {
			title = "#接龙\n" + title
		}
		return body{text: title}, title != ""
	case appQuote:
		q := &quote{id: strings.TrimSpace(m.App.Refer.ID), name: m.App.Refer.Name, text: m.App.Refer.Text}
		if q.id == "" && q.text == "" {
			q = nil
		}
		return body{text: title, quote: q}, title != ""
	}
	return body{}, false
}

var solitaireHead = regexp.MustCompile(`^#\s*(接龙|接龍|Group Note)`)

// oldForm is a reply with a quote as older clients write it into the text.
var oldForm = regexp.MustCompile(`(?s)^「([^：:\n]{0,64})[：:]\s?(.*)」\n(?:- ?|—|–){4,}\n(.+)$`)

// oldQuote is the quote in a text, nil when there is none. The reply itself is
// read by replyIn.
func oldQuote(text string) *quote {
	if m := oldForm.FindStringSubmatch(text); m != nil {
		return &quote{name: m[1], text: m[2]}
	}
	return nil
}

// reply is what is said to the quoted message.
func (b body) reply() string {
	if m := oldForm.FindStringSubmatch(b.text); m != nil {
		return m[3]
	}
	return b.text
}

// whole is the text with its quote in it, as older clients write it: the form
// that the reader of commands knows.
func (b body) whole() string {
	if b.quote == nil || oldForm.MatchString(b.text) {
		return b.text
	}
	return "「" + b.quote.name + "：" + b.quote.text + "」\n- - - - - - - - - - - - - - -\n" + b.text
}

// unmention takes the mentions of one name out of a text; false when there is
// none. A mention ends with U+2005, which the client writes, or as typed by
// hand with a space or the text.
func unmention(text, name string) (string, bool) {
	if name == "" {
		return text, false
	}
	var out strings.Builder
	found := false
	for rest := text; ; {
		before, after, ok := strings.Cut(rest, "@"+name)
		out.WriteString(before)
		if !ok {
			break
		}
		next, size := utf8.DecodeRuneInString(after)
		switch {
		case after == "":
			found = true
		case next == '\u2005' || unicode.IsSpace(next):
			found, after = true, after[size:]
		default: // the name goes on: it is somebody else's
			out.WriteString("@" + name)
		}
		rest = after
	}
	if !found {
		return text, false
	}
	return strings.TrimSpace(out.String()), true
}

// isRoom tells whether an id on the wire is a group's.
func isRoom(at string) bool { return strings.HasPrefix(at, "@@") }

// isPerson tells whether an id on the wire is a person's: system accounts have
// plain names.
func isPerson(at string) bool { return strings.HasPrefix(at, "@") && !isRoom(at) }

// What the system says in a chat, in the language of the bot's phone: Chinese,
// simplified and traditional, and English. Names in it are within quotes, and
// anybody can call themselves anything: see unquoted.
var (
	rosterWords  = regexp.MustCompile(`加入了?(?:此)?群[聊組]|移出了?群[聊組]|退出了?群[聊組]|離開了?群[聊組]|[修更]改(?:了)?群(?:組)?名(?:称|稱)?[为為]|(?i:joined (?:the )?group|to (?:the |a )?group chat|(?:removed|left) .*group|changed the group(?: chat)? name)`)
	removedWords = regexp.MustCompile(`^\s*(?:你已?被.*移出(?:了)?(?:本)?群[聊組]|(?:该|該|此|本)?群[聊組]已被?解散|群主.*解散(?:了|該|该|此|本)*群[聊組]|(?i:you (?:were|have been) removed from (?:the |this )?group|(?:this|the) group (?:chat )?(?:was|has been) (?:dismissed|disbanded)))`)
	invitedWords = regexp.MustCompile(`邀[请請]你(?:和.*)?加入了?群[聊組]|^\s*你(?:已)?(?:通[过過].*)?加入了?群[聊組]|(?i:invited you (?:and .* )?to (?:the |a )?group|^\s*you (?:have )?joined (?:the )?group)`)

	tooOftenWords = regexp.MustCompile(`(?:过于|過於|太|过|過)[频頻]繁|(?i:too (?:often|frequent|many times))`)
	friendWords   = regexp.MustCompile(`[开開][启啟]了?(?:好友|朋友)[验驗][证證]|(?:还|還)不是(?:他|她|对方|對方).*朋友|(?i:(?:enabled|turned on|requires?) friend (?:confirmation|verification|request)|friend request required|not (?:his|her|their|his/her) friend)`)
	rejectedWords = regexp.MustCompile(`被?[对對]方拒(?:收|絕|绝)|(?i:rejected by the (?:receiver|recipient))`)
)

var quotedName = regexp.MustCompile(`"[^"\n]*"|“[^”\n]*”|「[^」\n]*」`)

// unquoted leaves the names out of what the system says.
func unquoted(text string) string { return quotedName.ReplaceAllString(text, `""`) }

// name undoes how the server writes a name.
func name(s string) string {
	return html.UnescapeString(emojiMarkup.ReplaceAllStringFunc(s, func(span string) string {
		return emoji(emojiMarkup.FindStringSubmatch(span)[1])
	}))
}

var (
	emojiMarkup = regexp.MustCompile(`<span class="emoji emoji([0-9a-fA-F]{2,64})"></span>`)
	// emojiCode is one code point of several that are written in one: those beyond
	// U+FFFF have five digits, all others four, but for the sign of a keycap (#, *
	// or a digit).
	emojiCode = regexp.MustCompile(`^(?:1f[0-9a-f]{3}|e00[2-7][0-9a-f]|[0-9a-f]{4})`)
	keycap    = regexp.MustCompile(`^(?:00)?(23|2a|3[0-9])(?:fe0f)?20e3$`)
)

// emoji is what the class of an emoji stands for: the numbers of its code points,
// one after the other.
func emoji(digits string) string {
	digits = strings.ToLower(digits)
	if m := keycap.FindStringSubmatch(digits); m != nil {
		return codePoint(m[1]) + "\ufe0f\u20e3"
	}
	if len(digits) <= 5 {
		return codePoint(digits)
	}
	var out strings.Builder
	for digits != "" {
		code := emojiCode.FindString(digits)
		if code == "" {
			return out.String() // what is left is no code point
		}
		out.WriteString(codePoint(code))
		digits = digits[len(code):]
	}
	return out.String()
}

func codePoint(digits string) string {
	n, err := strconv.ParseUint(digits, 16, 32)
	if r := rune(n); err == nil && utf8.ValidRune(r) && !unicode.IsControl(r) {
		return string(r)
	}
	return ""
}

// fileSize reads the size that a message tells of its file; -1 when it tells none.
func fileSize(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}
