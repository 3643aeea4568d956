package wechattest

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// entry is something in the log.
type entry struct {
	room    string // a group; "" in private
	from    string // a person; "" for the system
	to      string // a person, when from is Self in private
	private string // a person: the system says it in the private chat
	contact bool   // not a message, but that the group has changed
	id      string
	kind    int    // MsgType
	app     int    // AppMsgType
	content string // as typed, or XML
	file    *upload
	recent  []string // MsgType 51: groups that are in use
}

// add appends to the log; the caller holds mu.
func (s *Server) add(e entry) string {
	if e.id == "" && !e.contact {
		s.ids++
		e.id = strconv.Itoa(4000000000000000000 + s.ids)
	}
	s.log = append(s.log, e)
	s.change()
	return e.id
}

func waiting(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), poll)
}

type object = map[string]any

func answer(w io.Writer, o object) {
	o["BaseResponse"] = object{"Ret": 0, "ErrMsg": ""}
	_ = json.NewEncoder(w).Encode(o) // the client is gone when it fails
}

// key is the sync key after n entries of the log.
func key(n int) object {
	return object{"Count": 2, "List": []object{{"Key": 1, "Val": n}, {"Key": 1000, "Val": 1700000000}}}
}

func (s *Server) init(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, object{
		"User":    object{"UserName": s.at(Self), "NickName": s.nick, "Uin": selfUin},
		"SKey":    fmt.Sprintf("@crypt_%d", s.session),
		"SyncKey": key(len(s.log)), "ContactList": []object{}, "ChatSet": "filehelper,weixin,",
	})
}

func (s *Server) contacts(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []object{{"UserName": "filehelper", "NickName": "文件传输助手"}, {"UserName": s.at("mp"), "NickName": "公众号", "VerifyFlag": 8}}
	for _, p := range s.friends {
		list = append(list, s.friend(p))
	}
	for _, g := range s.groups {
		if !g.Unlisted {
			list = append(list, object{"UserName": s.at(g.ID), "NickName": html.EscapeString(g.Title)})
		}
	}
	answer(w, object{"Seq": 0, "MemberCount": len(list), "MemberList": list})
}

func (s *Server) friend(p Person) object {
	return object{"UserName": s.at(p.ID), "NickName": html.EscapeString(p.Nick), "RemarkName": html.EscapeString(p.Remark), "Alias": p.Alias}
}

func (s *Server) whole(g *Group) object {
	members := []object{}
	if !g.Blank {
		members = append(members, object{"UserName": s.at(Self), "NickName": s.nick, "DisplayName": ""})
		for _, m := range g.Members {
			members = append(members, object{"UserName": s.at(m.ID), "NickName": html.EscapeString(m.Nick), "DisplayName": html.EscapeString(m.Display)})
		}
	}
	return object{"UserName": s.at(g.ID), "NickName": html.EscapeString(g.Title), "MemberCount": len(members), "MemberList": members}
}

func (s *Server) batchContacts(w io.Writer, r *http.Request) {
	var req struct{ List []struct{ UserName string } }
	if json.NewDecoder(r.Body).Decode(&req) != nil || len(req.List) > 50 {
		refuse(w, 1)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []object{}
	for _, wanted := range req.List {
		for _, g := range s.groups {
			if s.at(g.ID) == wanted.UserName {
				list = append(list, s.whole(g))
			}
		}
		for _, p := range s.friends {
			if s.at(p.ID) == wanted.UserName {
				list = append(list, s.friend(p))
			}
		}
	}
	answer(w, object{"Count": len(list), "ContactList": list})
}

func (s *Server) syncCheck(w io.Writer, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, _, _ := strings.Cut(r.FormValue("synckey"), "|")
	n, err := strconv.Atoi(strings.TrimPrefix(first, "1_"))
	if err != nil || n > len(s.log) {
		fmt.Fprint(w, `window.synccheck={retcode:"-1",selector:"0"}`)
		return
	}
	s.acked = n
	s.change()
	session := s.session
	ctx, cancel := waiting(r)
	defer cancel()
	s.await(ctx, func() bool { return s.ret != 0 || s.session != session || len(s.log) > n })
	switch {
	case s.ret != 0:
		fmt.Fprintf(w, `window.synccheck={retcode:"%d",selector:"0"}`, s.ret)
	case s.session != session:
		fmt.Fprintf(w, `window.synccheck={retcode:"%d",selector:"0"}`, retElsewhere)
	case len(s.log) > n:
		fmt.Fprint(w, `window.synccheck={retcode:"0",selector:"2"}`)
	default:
		fmt.Fprint(w, `window.synccheck={retcode:"0",selector:"0"}`)
	}
}

func (s *Server) sync(w io.Writer, r *http.Request) {
	var req struct {
		SyncKey struct{ List []struct{ Key, Val int } }
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil || len(req.SyncKey.List) == 0 {
		refuse(w, 1)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(req.SyncKey.List[0].Val, len(s.log))
	s.acked = n
	s.change()
	messages, contacts := []object{}, []object{}
	for _, e := range s.log[n:] {
		if e.contact {
			contacts = append(contacts, s.whole(s.group(e.room)))
		} else {
			messages = append(messages, s.wire(e))
		}
	}
	answer(w, object{"AddMsgCount": len(messages), "AddMsgList": messages,
		"ModContactCount": len(contacts), "ModContactList": contacts, "SyncKey": key(len(s.log))})
}

// wire is a message as the client gets it.
func (s *Server) wire(e entry) object {
	content := strings.ReplaceAll(html.EscapeString(e.content), "\n", "<br/>")
	from, to := s.at(e.from), s.at(Self)
	switch {
	case e.room != "" && e.from == Self:
		to = s.at(e.room)
	case e.room != "":
		from = s.at(e.room)
		if e.from != "" {
			content = s.at(e.from) + ":<br/>" + content
		}
	case e.to != "":
		to = s.at(e.to)
	}
	if e.private != "" {
		from = s.at(e.private)
	}
	id, _ := strconv.ParseInt(e.id, 10, 64)
	o := object{"MsgId": e.id, "NewMsgId": id, "FromUserName": from, "ToUserName": to, "MsgType": e.kind,
		"AppMsgType": e.app, "Content": content, "CreateTime": 1700000000 + len(s.log)}
	if e.file != nil {
		o["FileName"], o["FileSize"], o["MediaId"], o["EncryFileName"] = html.EscapeString(e.file.name), strconv.Itoa(e.file.size), e.file.id, e.file.name
	}
	if len(e.recent) > 0 {
		var ids []string
		for _, id := range e.recent {
			ids = append(ids, s.at(id))
		}
		o["StatusNotifyCode"], o["StatusNotifyUserName"] = 4, strings.Join(ids, ",")
	}
	return o
}
