package adaptertest

import (
	"bytes"
	"context"
	"image/png"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"branchbot/bot/chat"
	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) { Run(t, memRig("")) }

// TestFlaw runs only when TestFlaws starts this program again.
func TestFlaw(t *testing.T) {
	flaw := os.Getenv("ADAPTERTEST_FLAW")
	if flaw == "" {
		t.Skip("started by TestFlaws")
	}
	patience = 2 * time.Second
	Run(t, memRig(flaw))
}

// A suite that finds nothing is worth nothing: each flaw must fail the
// subtest that is there for it, with these words.
func TestFlaws(t *testing.T) {
	for _, tc := range []struct{ flaw, run, want string }{
		{"early_ack", "receive/not_ack", "the platform was told that an event arrived before it was stored"},
		{"late_events", "receive/what_came", `stored ["一" "三" "二"], want 一, 二, 三`},
		{"new_keys", "receive/delivered_again", "one message came under the keys"},
		{"leaks", "receive/a_message_in_a_group", "1 goroutines are left"},
		{"markup", "send/text_is_no_markup", "the platform shows (-want +got)"},
		{"wrong_receipt", "send/awkward", `the receipt names message "99", the platform`},
		{"retries", "fault/answer_lost", "the platform shows 2 messages, want 1"},
		{"retries", "fault/muted", "the adapter tried 2 times; trying again is the sender's business"},
		{"no_class", "fault/too_big", "error no is no *chat.SendError"},
	} {
		t.Run(tc.flaw+" "+tc.run, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestFlaw$/"+strings.ReplaceAll(tc.run, "/", "$/^"))
			cmd.Env = append(os.Environ(), "ADAPTERTEST_FLAW="+tc.flaw)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), tc.want) {
				t.Errorf("error %v, want %q in\n%s", err, tc.want, out)
			}
		})
	}
}

func TestPicture(t *testing.T) {
	if _, err := png.Decode(bytes.NewReader([]byte(onePixel))); err != nil {
		t.Error(err)
	}
}

func TestRecorder(t *testing.T) {
	ctx := context.Background()
	r := NewRecorder()
	r.FailNext(1)
	for _, want := range []error{ErrAsked, nil, nil} {
		if err := r.Accept(ctx, "7", chat.Event{Key: "k"}); err != want {
			t.Errorf("accept: %v, want %v", err, want)
		}
	}
	if len(r.Events()) != 1 || len(r.Deliveries()) != 3 {
		t.Errorf("events %v, deliveries %v", r.Events(), r.Deliveries())
	}
	if err := r.Accept(ctx, ""); err != nil {
		t.Error(err)
	}
	if c, err := r.Cursor(ctx); c != "7" || err != nil {
		t.Errorf("cursor %q, error %v", c, err)
	}
	r.FailShelf(1)
	if err := r.Put(ctx, chat.Item{Key: "a/1", Value: []byte("x")}); err != ErrAsked {
		t.Errorf("put: %v", err)
	}
	for _, key := range []string{"a/2", "b/1", "a/1", "a/3", "a/9"} {
		if err := r.Put(ctx, chat.Item{Key: key, Value: []byte(key)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Delete(ctx, "a/9"); err != nil {
		t.Fatal(err)
	}
	got, err := r.List(ctx, "a/", 2)
	want := []chat.Item{{Key: "a/2", Value: []byte("a/2")}, {Key: "a/3", Value: []byte("a/3")}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got)\n%s", err, diff)
	}
	if v, err := r.Get(ctx, "a/9"); v != nil || err != nil {
		t.Errorf("get of nothing: %q, error %v", v, err)
	}
}
