package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// deadlines is a connection that notes what it is told.
type deadlines struct {
	*httptest.ResponseRecorder
	set, written int
}

func (d *deadlines) SetWriteDeadline(time.Time) error { d.set++; return nil }

func (d *deadlines) Write(data []byte) (int, error) {
	d.written++
	return d.ResponseRecorder.Write(data)
}

// A long answer on a slow line goes on as long as each piece of it is taken.
func TestDeadlineOfEachPiece(t *testing.T) {
	t.Parallel()
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	text := strings.Repeat("x", 10*pieceSize+1)
	n, err := newPaced(d, pieceTime).Write([]byte(text))
	if err != nil || n != len(text) || d.Body.String() != text || d.written != 11 || d.set != 11 {
		t.Errorf("%d bytes in %d pieces with %d deadlines: %v", n, d.written, d.set, err)
	}
}

// Who reads nothing is cut off.
func TestSilentReaderIsCutOff(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p, piece := newPaced(w, 10*time.Millisecond), make([]byte, 1<<20)
		for range 1 << 10 {
			if _, err := p.Write(piece); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}))
	defer s.Close()
	res, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := <-ended; err == nil {
		t.Error("a gigabyte was written to somebody who reads nothing")
	}
}
