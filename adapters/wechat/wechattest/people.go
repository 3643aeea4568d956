package wechattest

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
)

// The types of messages on the wire.
const (
	kindText   = 1
	kindVoice  = 34
	kindApp    = 49
	kindRecent = 51
	kindSystem = 10000
	kindRecall = 10002

	appFile      = 6
	appSolitaire = 53
	appQuote     = 57
)

func (s *Server) push(e entry) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(e)
}

// Say has somebody write in a group; in "" he writes to the bot alone. It
// returns the message's id, as all that follow.
func (s *Server) Say(room, from, text string) string {
	return s.push(entry{room: room, from: from, kind: kindText, content: text})
}

// SaySelf has the bot's owner write from the phone, with the bot's account.
func (s *Server) SaySelf(room, text string) string { return s.Say(room, Self, text) }

// Quote has somebody write with a quote as today's clients do it. quoted is
// the id of any message, text what the quote shows.
func (s *Server) Quote(room, from, quoted, name, text, reply string) string {
	return s.push(entry{room: room, from: from, kind: kindApp, app: appQuote, content: fmt.Sprintf(
		`<msg><appmsg appid="" sdkver="0"><title>%s</title><type>57</type><refermsg><type>1</type><svrid>%s</svrid>`+
			`<displayname>%s</displayname><content>%s</content></refermsg></appmsg></msg>`,
		html.EscapeString(reply), quoted, html.EscapeString(name), html.EscapeString(text))})
}

// Solitaire has somebody post a 接龙.
func (s *Server) Solitaire(room, from, list string) string {
	return s.push(entry{room: room, from: from, kind: kindApp, app: appSolitaire, content: fmt.Sprintf(
		`<msg><appmsg appid="" sdkver="0"><title>%s</title><type>53</type><extinfo><solitaire_info><![CDATA[<solitaire/>]]></solitaire_info></extinfo></appmsg></msg>`,
		html.EscapeString(list))})
}

// Recall takes a message back. name is how the notice calls its author; with
// says whether the notice also carries his id.
func (s *Server) Recall(room, from, id, name string, with bool) string {
	e := entry{room: room, from: from, kind: kindRecall, content: fmt.Sprintf(
		`<sysmsg type="revokemsg"><revokemsg><session>x</session><oldmsgid>7</oldmsgid><msgid>%s</msgid>`+
			`<replacemsg><![CDATA["%s" 撤回了一条消息]]></replacemsg></revokemsg></sysmsg>`, id, name)}
	if room != "" && !with {
		e.from = ""
	}
	return s.push(e)
}

// Notice is a line of the system in a group.
func (s *Server) Notice(room, text string) string {
	return s.push(entry{room: room, kind: kindSystem, content: text})
}

// NoticeTo is a line of the system in the private chat of a person.
func (s *Server) NoticeTo(person, text string) string {
	return s.push(entry{private: person, kind: kindSystem, content: text})
}

// Join takes somebody into a group, with the notice that all see.
func (s *Server) Join(room string, m Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.group(room)
	g.Members = append(slices.Clone(g.Members), m)
	s.add(entry{room: room, kind: kindSystem, content: fmt.Sprintf(`"王敏"邀请"%s"加入了群聊`, m.Nick)})
}

// Remove takes the bot out of a group.
func (s *Server) Remove(room string) { s.Notice(room, `你被"王敏"移出群聊`) }

// Recent tells the client which groups are in use.
func (s *Server) Recent(rooms ...string) { s.push(entry{kind: kindRecent, recent: rooms}) }

// SendVoice has somebody speak.
func (s *Server) SendVoice(room, from string) string {
	return s.push(entry{room: room, from: from, kind: kindVoice, content: `<msg><voicemsg/></msg>`})
}

// SendFile has somebody send a file. size is what the message says of it.
func (s *Server) SendFile(room, from, name string, data []byte, size int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := upload{id: fmt.Sprintf("@crypt_in_%d", len(s.uploads)), name: name, size: size, data: data}
	s.uploads[u.id] = u
	return s.add(entry{room: room, from: from, kind: kindApp, app: appFile, file: &u, content: fmt.Sprintf(
		`<msg><appmsg appid="" sdkver="0"><title>%s</title><type>6</type><appattach><totallen>%s</totallen></appattach></appmsg></msg>`,
		html.EscapeString(name), strconv.Itoa(size))})
}

// Redeliver delivers the last message a second time under its id.
func (s *Server) Redeliver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range slices.Backward(s.log) {
		if !e.contact {
			s.add(e)
			return
		}
	}
}

// OldQuote is a reply with a quote as older clients write it.
func OldQuote(name, text, reply string) string {
	return "「" + name + "：" + text + "」\n" + strings.TrimSpace(strings.Repeat("- ", 15)) + "\n" + reply
}
