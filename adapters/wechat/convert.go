package wechat

import (
	"encoding/xml"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/eatmoreapple/openwechat"
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
	return html.UnescapeString(openwechat.FormatEmoji(strings.ReplaceAll(content, "<br/>", "\n")))
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

// recallWords is what a notice says when an author takes his own message back.
var recallWords = regexp.MustCompile(`^\s*["“](.+)["”]\s*撤回了一条消息\s*$`)

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

// What notices in a group say of its members.
var (
	rosterWords  = regexp.MustCompile(`加入了?群聊|移出了?群聊|退出了?群聊|修改群名为`)
	removedWords = regexp.MustCompile(`^\s*你被.*移出群聊`)
)

// fileSize reads the size that a message tells of its file; -1 when it tells none.
func fileSize(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}
