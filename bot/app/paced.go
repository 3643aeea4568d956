package app

import (
	"net/http"
	"time"
)

// An answer may take as long as it needs while its reader takes it: what has a
// deadline is each piece. Who reads less than a piece in that time is cut off, so that
// nobody can hold an answer, and what it takes, for ever.
const (
	pieceSize = 16 << 10
	pieceTime = 30 * time.Second
)

// paced writes an answer in pieces with a deadline each.
type paced struct {
	http.ResponseWriter
	control *http.ResponseController
	time    time.Duration
}

func newPaced(w http.ResponseWriter, piece time.Duration) *paced {
	return &paced{w, http.NewResponseController(w), piece}
}

func (p *paced) Write(data []byte) (n int, err error) {
	for {
		piece := data[n:min(n+pieceSize, len(data))]
		_ = p.control.SetWriteDeadline(time.Now().Add(p.time)) // a test's recorder has none
		k, err := p.ResponseWriter.Write(piece)
		if n += k; err != nil || n == len(data) {
			return n, err
		}
	}
}

// Unwrap is for http.ResponseController.
func (p *paced) Unwrap() http.ResponseWriter { return p.ResponseWriter }
