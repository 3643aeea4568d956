package wechattest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

// patience is how long anything may take that comes by itself.
const patience = 10 * time.Second

// poll is how long the server holds a request that waits for something.
const poll = 25 * time.Second

// Fault is what goes wrong with one request.
type Fault struct {
	Drop      bool            // the connection breaks before the request is handled
	DropAfter bool            // it is handled, and the connection breaks
	Hang      bool            // it is handled and never answered
	Status    int             // an HTTP error instead of an answer
	Taken     bool            // with Status: it is handled before
	Body      string          // something else than an answer
	Ret       int             // an answer that refuses
	Until     <-chan struct{} // the request waits until it is closed; then what is above
}

// Fail adds a fault for the next request of a kind, e.g. "webwxsendmsg".
func (s *Server) Fail(endpoint string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[endpoint] = append(s.faults[endpoint], f)
}

// Mend takes away the faults of a kind that have not come yet.
func (s *Server) Mend(endpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.faults, endpoint)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	f := s.fault(endpoint(r.URL.Path))
	if f.Until != nil {
		select {
		case <-f.Until:
		case <-r.Context().Done():
			return
		}
	}
	switch {
	case f.Drop:
		panic(http.ErrAbortHandler)
	case f.Status != 0:
		if f.Taken {
			s.route(httptest.NewRecorder(), r)
		}
		http.Error(w, "<html>out of order</html>", f.Status)
	case f.Body != "":
		_, _ = io.WriteString(w, f.Body)
	case f.Ret != 0:
		refuse(w, f.Ret)
	case f.DropAfter, f.Hang:
		s.route(httptest.NewRecorder(), r)
		if f.Hang {
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler)
	default:
		s.route(w, r)
	}
}

func (s *Server) fault(endpoint string) (f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[endpoint]++
	s.change()
	if waiting := s.faults[endpoint]; len(waiting) > 0 {
		f, s.faults[endpoint] = waiting[0], waiting[1:]
	}
	return f
}

func refuse(w io.Writer, ret int) {
	fmt.Fprintf(w, `{"BaseResponse":{"Ret":%d,"ErrMsg":""}}`, ret)
}

func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	switch e := endpoint(r.URL.Path); e {
	case "jslogin":
		s.newCode(w)
	case "login":
		s.pollLogin(w, r)
	case "webwxnewloginpage":
		s.loginPage(w, r)
	case "webwxpushloginurl":
		s.pushLogin(w, r)
	default:
		s.mu.Lock()
		ret := s.refusal(r)
		s.mu.Unlock()
		switch {
		case ret != 0 && e == "synccheck":
			fmt.Fprintf(w, `window.synccheck={retcode:"%d",selector:"0"}`, ret)
		case ret != 0:
			refuse(w, ret)
		default:
			s.routeSession(e, w, r)
		}
	}
}

func (s *Server) routeSession(endpoint string, w http.ResponseWriter, r *http.Request) {
	switch endpoint {
	case "webwxinit":
		s.init(w)
	case "webwxstatusnotify":
		refuse(w, 0)
	case "webwxgetcontact":
		s.contacts(w)
	case "webwxbatchgetcontact":
		s.batchContacts(w, r)
	case "synccheck":
		s.syncCheck(w, r)
	case "webwxsync":
		s.sync(w, r)
	case "webwxsendmsg":
		s.sendText(w, r)
	case "webwxsendmsgimg":
		s.sendPicture(w, r)
	case "webwxsendappmsg":
		s.sendFile(w, r)
	case "webwxuploadmedia":
		s.upload(w, r)
	case "webwxgetmedia":
		s.download(w, r)
	case "webwxlogout":
		s.End(retLoggedOut)
		refuse(w, 0)
	default:
		http.NotFound(w, r)
	}
}

// refusal is why a request of a session is refused; 0 when it is not. The
// caller holds mu.
func (s *Server) refusal(r *http.Request) int {
	if s.ret != 0 {
		return s.ret
	}
	if c, err := r.Cookie("wxsid"); err != nil || c.Value != s.sid() {
		return 1102
	}
	return 0
}
