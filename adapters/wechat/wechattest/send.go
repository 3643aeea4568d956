package wechattest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// upload is a file that the server has.
type upload struct {
	id   string
	name string
	size int // as told to the client; the data may have another
	data []byte
}

type outgoing struct {
	Msg struct {
		Content, FromUserName, ToUserName, MediaId string
	}
}

// take notes a message of the bot and answers; the caller does not hold mu.
func (s *Server) take(w io.Writer, r *http.Request, fill func(outgoing, *Sent) bool) {
	var req outgoing
	if json.NewDecoder(r.Body).Decode(&req) != nil {
		refuse(w, 1)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	to, ok := s.whose(req.Msg.ToUserName)
	m := Sent{Chat: to}
	if !ok || req.Msg.FromUserName != s.at(Self) || !fill(req, &m) {
		refuse(w, 1)
		return
	}
	s.ids++
	m.ID = strconv.Itoa(5000000000000000000 + s.ids)
	s.sent = append(s.sent, m)
	s.change()
	answer(w, object{"MsgID": m.ID, "LocalID": ""})
}

func (s *Server) sendText(w io.Writer, r *http.Request) {
	s.take(w, r, func(req outgoing, m *Sent) bool {
		m.Text = req.Msg.Content
		return m.Text != ""
	})
}

func (s *Server) sendPicture(w io.Writer, r *http.Request) {
	s.take(w, r, func(req outgoing, m *Sent) bool {
		u, ok := s.uploads[req.Msg.MediaId]
		m.Picture, m.Data = true, u.data
		return ok
	})
}

func (s *Server) sendFile(w io.Writer, r *http.Request) {
	s.take(w, r, func(req outgoing, m *Sent) bool {
		var app struct {
			Title  string `xml:"title"`
			Type   int    `xml:"type"`
			Attach struct {
				ID    string `xml:"attachid"`
				Total int    `xml:"totallen"`
			} `xml:"appattach"`
		}
		err := xml.Unmarshal([]byte(req.Msg.Content), &app)
		u, ok := s.uploads[app.Attach.ID]
		m.File, m.Data = app.Title, u.data
		return err == nil && ok && app.Type == 6 && app.Attach.Total == len(u.data)
	})
}

func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Host, "file.") || r.ParseMultipartForm(8<<20) != nil {
		refuse(w, 1)
		return
	}
	var req struct{ FileMd5 string }
	file, head, err := r.FormFile("filename")
	if err != nil || json.Unmarshal([]byte(r.FormValue("uploadmediarequest")), &req) != nil {
		refuse(w, 1)
		return
	}
	data, _ := io.ReadAll(file)
	cookie, err := r.Cookie("webwx_data_ticket")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || cookie.Value != s.ticket() || r.FormValue("webwx_data_ticket") != s.ticket() {
		refuse(w, -1)
		return
	}
	data = append(s.partial[req.FileMd5], data...)
	if size, _ := strconv.Atoi(r.FormValue("size")); len(data) < size {
		s.partial[req.FileMd5] = data
		answer(w, object{"MediaId": ""})
		return
	}
	delete(s.partial, req.FileMd5)
	id := fmt.Sprintf("@media_%d_%d", s.session, len(s.uploads))
	s.uploads[id] = upload{id: id, name: head.Filename, size: len(data), data: data}
	answer(w, object{"MediaId": id})
}

func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	u, ok := s.uploads[r.FormValue("mediaid")]
	cookie, err := r.Cookie("webwx_data_ticket")
	valid := err == nil && cookie.Value == s.ticket() && r.FormValue("webwx_data_ticket") == s.ticket()
	s.mu.Unlock()
	if !ok || !valid || !strings.HasPrefix(r.Host, "file.") {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(u.data) // the client is gone when it fails
}
