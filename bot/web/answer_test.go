package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// An answer is whole, whether it was held in memory or beside it.
func TestAnswerIsWhole(t *testing.T) {
	t.Parallel()
	for _, pieces := range [][]int{{}, {10}, {mostHeld}, {mostHeld + 1}, {100, mostHeld, 3}, {mostHeld, mostHeld, mostHeld}} {
		w := httptest.NewRecorder()
		a := &answer{header: w.Header()}
		a.Header().Set("Content-Type", "text/plain")
		a.WriteHeader(http.StatusTeapot)
		var want strings.Builder
		for i, n := range pieces {
			piece := strings.Repeat(string(rune('a'+i)), n)
			want.WriteString(piece)
			if _, err := a.Write([]byte(piece)); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.send(w); err != nil {
			t.Fatal(err)
		}
		if w.Code != http.StatusTeapot || w.Body.String() != want.String() {
			t.Errorf("%v: %d with %d bytes", pieces, w.Code, w.Body.Len())
		}
	}
}
