package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/chat"
	"branchbot/bot/keystore"
	"branchbot/bot/outbox"
	"branchbot/store"
	"branchbot/store/storetest"
)

// choosy is a platform that takes pictures, files and polls, but for those that a test
// forbids: "picture", "file", "poll", or the ref of a picture.
type choosy struct {
	*platform
	forbid map[string]chat.Class
	tries  []string
	down   bool // whether it answers when it is asked
}

func (c *choosy) Send(ctx context.Context, to chat.ChatID, p chat.Part) (chat.Receipt, error) {
	kind, what := "text", ""
	switch {
	case p.Poll != nil:
		kind = "poll"
	case p.Media != nil && p.Media.Name != "":
		kind, what = "file", " "+p.Media.Name
	case p.Media != nil:
		kind, what = "picture", " "+p.Media.Ref
	}
	c.tries = append(c.tries, kind)
	for _, name := range []string{kind, strings.TrimSpace(what)} {
		if class, ok := c.forbid[name]; ok {
			return chat.Receipt{}, &chat.SendError{Class: class, Err: errors.New("as the test wants")}
		}
	}
	line := string(to) + " " + kind + what + ": " + strings.ReplaceAll(p.Plain(), "\n", "|")
	for _, row := range p.Buttons {
		for _, b := range row {
			line += " [" + b.Label + "]"
		}
	}
	c.shown = append(c.shown, line)
	return chat.Receipt{Message: chat.MessageID(fmt.Sprint(len(c.tries)))}, nil
}

func (c *choosy) Edit(ctx context.Context, in chat.ChatID, id chat.MessageID, p chat.Part) error {
	if class, ok := c.forbid["edit"]; ok {
		return &chat.SendError{Class: class, Err: errors.New("as the test wants")}
	}
	return c.platform.Edit(ctx, in, id, p)
}

func (c *choosy) Ping(context.Context) error {
	if c.down {
		return &chat.SendError{Class: chat.Temporary, Err: errors.New("no answer")}
	}
	return nil
}

// lesserDesk is a desk with such a platform.
func lesserDesk(t *testing.T, e storetest.Engine, forbid map[string]chat.Class) (*desk, *choosy) {
	d := newDesk(t, e, chat.Caps{Pictures: true, Files: true, Buttons: true, CaptionLimit: 20, TextLimit: 40, Edit: true,
		Polls: chat.PollLimits{Question: 100, Option: 50, Options: 10}})
	c := &choosy{platform: d.p, forbid: forbid}
	d.restart(c)
	return d, c
}

func (d *desk) restart(c *choosy) {
	d.sender = d.out.Sender(c, func(string) ([]byte, string, error) { return []byte("png"), "image/png", nil },
		slog.New(slog.DiscardHandler))
}

func pictures(key, text string, refs ...string) outbox.Letter {
	l := letter(key, "a", outbox.Push, text)
	for _, ref := range refs {
		l.Message.Media = append(l.Message.Media, chat.Media{Ref: ref, Alt: "图" + ref})
	}
	l.Message.Buttons = [][]chat.Button{{{Label: "已学", Data: "p:1:done"}}}
	return l
}

func TestARefusedPictureGoesAsSomethingLesser(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("很长的课文。", 6)
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for _, c := range []struct {
			name   string
			forbid map[string]chat.Class
			letter outbox.Letter
			shows  []string
		}{
			{"as a file", map[string]chat.Class{"picture": chat.Unsupported}, pictures("k", "课", "1"),
				[]string{"a file image.png: 课 [已学]"}},
			{"as text", map[string]chat.Class{"picture": chat.Unsupported, "file": chat.Unsupported}, pictures("k", "课", "1"),
				[]string{"a text: 课|［图片：图1］ [已学]"}},
			{"only the one that is refused", map[string]chat.Class{"2": chat.BadPart}, pictures("k", "课", "1", "2", "3"),
				[]string{"a picture 1: ", "a file image.png: ", "a picture 3: 课 [已学]"}},
			{"the last one, with the caption", map[string]chat.Class{"2": chat.BadPart, "file": chat.BadPart}, pictures("k", "课", "1", "2"),
				[]string{"a picture 1: ", "a text: 课|［图片：图2］ [已学]"}},
			{"too big, before a long text", map[string]chat.Class{"1": chat.TooBig, "file": chat.TooBig}, pictures("k", long, "1"),
				[]string{"a text: " + strings.Repeat("很长的课文。", 6), "a text: ［图片：图1］ [已学]"}},
			{"a file", map[string]chat.Class{"file": chat.BadPart}, outbox.Letter{Key: "k", Chat: "a", Class: outbox.Reply,
				Message: chat.Message{Spans: chat.Text("名单").Spans, Media: []chat.Media{{Ref: "r", Name: "名单.csv", Alt: "名单.csv"}}}},
				[]string{"a text: 名单|［文件没发出去：名单.csv］"}},
			{"a poll", map[string]chat.Class{"poll": chat.Unsupported}, outbox.Letter{Key: "k", Chat: "a", Class: outbox.Push, Message: chat.Message{
				Spans: chat.Text("题").Spans, Poll: &chat.Poll{Question: "题", Options: []string{"一", "二"}}, Buttons: [][]chat.Button{{{Label: "A", Data: "p:1:A"}}}}},
				[]string{"a text: 题 [A]"}},
			{"a text has nothing lesser", map[string]chat.Class{"text": chat.BadPart}, letter("k", "a", outbox.Push, "题"), nil},
		} {
			d, p := lesserDesk(t, e, c.forbid)
			d.add(c.letter)
			for range 8 { // with a restart after each part
				if _, err := d.sender.DrainSome(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				d.restart(p)
			}
			if diff := cmp.Diff(c.shows, p.shown); diff != "" {
				t.Errorf("%s (-want +got)\n%s", c.name, diff)
			}
			want := "k sent"
			if c.shows == nil {
				want = "k dead"
			}
			if got := d.states(); got[0] != want {
				t.Errorf("%s: %v", c.name, got)
			}
		}
	})
}

// What a chat lacks is known for an hour; that one picture is bad says nothing of others.
func TestWhatAChatRefusesIsNotTriedEachTime(t *testing.T) {
	t.Parallel()
	d, p := lesserDesk(t, storetest.SQLite, map[string]chat.Class{"picture": chat.Unsupported})
	d.add(pictures("1", "课", "1"), pictures("2", "课", "2"))
	d.drain(0)
	if diff := cmp.Diff([]string{"picture", "file", "file"}, p.tries); diff != "" {
		t.Errorf("tried (-want +got)\n%s", diff)
	}
	delete(p.forbid, "picture")
	d.drain(time.Hour)
	d.add(pictures("3", "课", "3"))
	d.drain(0)
	p.forbid["4"] = chat.BadPart
	d.add(pictures("4", "课", "4"), pictures("5", "课", "5"))
	d.drain(0)
	if diff := cmp.Diff([]string{"picture", "picture", "file", "picture"}, p.tries[3:]); diff != "" {
		t.Errorf("tried after an hour (-want +got)\n%s", diff)
	}
}

// A count or a correction whose message is gone is posted anew, and goes on there; an
// edit of unknown fate is done again.
func TestAnEditOfWhatIsGone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d, p := lesserDesk(t, e, map[string]chat.Class{})
		d.add(threaded("1", "a", outbox.Progress, "1 人"))
		d.drain(0)
		p.forbid["edit"] = chat.NotThere
		d.add(threaded("2", "a", outbox.Progress, "2 人"))
		d.drain(0)
		p.forbid["edit"] = chat.MaybeSent
		d.add(threaded("3", "a", outbox.Digest, "3 人"))
		d.drain(0)
		delete(p.forbid, "edit")
		d.drain(time.Minute)
		d.shows("a text: 1 人", "a text: 2 人", "a ✎2: 3 人")
		d.has("1 sent", "2 sent", "3 sent")
	})
}

// While a platform does not answer, no more letters go where the first one went, and the
// repetition waits for it.
func TestAnOutageCostsOneLetter(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d, p := lesserDesk(t, e, map[string]chat.Class{"text": chat.MaybeSent})
		p.down = true
		d.add(letter("结果", "a", outbox.Notice, "签到结束"))
		for _, to := range []chat.ChatID{"b", "c", "d"} {
			d.add(letter(string(to), to, outbox.Push, "题"))
		}
		d.drain(10 * time.Minute)
		if n := len(p.tries); n != 1 {
			t.Errorf("%d were tried during the outage", n)
		}
		p.down = false
		clear(p.forbid)
		d.drain(5 * time.Minute)
		d.shows("b text: 题", "c text: 题", "d text: 题", "a text: 【补发】签到结束")
	})
}

// A sealed letter that is written anew stays sealed.
func TestALesserLetterIsSealedToo(t *testing.T) {
	t.Parallel()
	d, _ := lesserDesk(t, storetest.SQLite, map[string]chat.Class{"picture": chat.BadPart})
	ring := keystore.Beside(d.db.Path())
	d.out.Keys = ring
	key, err := ring.Make()
	if err != nil {
		t.Fatal(err)
	}
	l := pictures("k", "票号 7KQ2M", "1")
	l.Class, l.Seal = outbox.Reply, key
	d.add(l)
	if _, err := d.sender.DrainSome(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	err = d.db.Read(func(tx *store.Tx) error {
		var text string
		err := tx.QueryRow(`SELECT message FROM outbox`).Scan(&text)
		if !strings.HasPrefix(text, `{"sealed":`) {
			t.Errorf("it is stored as %s", text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d.drain(0)
	d.shows("a file image.png: 票号 7KQ2M [已学]")
}
