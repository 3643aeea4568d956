package adaptertest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"branchbot/bot/chat"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sending = []test{
	{"text is no markup", func(b *bench) {
		b.shows("<b>*_[x](y)_*</b> &lt; \\ `a` ~~b~~ {{.}} %s $1 @all #1 ||c||\n\n> 第二行  'q' \"q\"\n# 三")
	}},
	{"awkward characters", func(b *bench) {
		b.shows("👨‍👩‍👧‍👦❤️‍🔥🇨🇳 e\u0301 １．Ａ “引” 𠀀 \u05d0\u05d1 ﷺ")
	}},
	{"text at the limit", atTheLimit},
	{"styles and links", styles},
	{"edit", edit},
	{"a person quotes the bot", quoted},
	{"buttons and a press", pressed},
	{"a poll and votes", polled},
	{"a picture with a caption", picture},
	{"a file", file},
	{"a private chat is opened", direct},
	{"the same key is shown once", idempotent},
	{"several chats at a time", concurrent},
}

// shown compares what the platform shows in a chat.
func (b *bench) shown(in chat.ChatID, want ...Shown) {
	b.Helper()
	if diff := cmp.Diff(want, b.Sent(in), cmpopts.IgnoreFields(Shown{}, "ID"), cmpopts.EquateEmpty()); diff != "" {
		b.Errorf("the platform shows (-want +got)\n%s", diff)
	}
}

func (b *bench) shows(s string) {
	b.Helper()
	r := b.send(b.Group, text("1", s))
	b.shown(b.Group, Shown{Text: s})
	if id := b.Sent(b.Group)[0].ID; id != "" && id != r.Message {
		b.Errorf("the receipt names message %q, the platform %q", r.Message, id)
	}
}

func atTheLimit(b *bench) {
	c := b.adapter.Caps(b.Group)
	b.need(c.TextLimit > 0, "refusing a long text")
	// Emoji first, so that the units differ most; filled up with ASCII, which
	// has one unit in each of them.
	s := strings.Repeat("😀国", c.TextLimit/8)
	s += strings.Repeat("x", c.TextLimit-c.TextUnit.Len(s))
	b.shows(s)
}

func styles(b *bench) {
	b.send(b.Group, chat.Part{Key: "1", Spans: []chat.Span{
		{Text: "<粗>", Style: chat.Bold}, {Text: "*斜*", Style: chat.Italic}, {Text: "`码`", Style: chat.Code}, {Text: "😀平"},
		{Text: "[链]", URL: "https://example.org/?a=1&b=(2)"},
	}})
	want := "<粗>*斜*`码`😀平[链]"
	got := b.Sent(b.Group)
	if len(got) != 1 || got[0].Text != want {
		b.Errorf("the platform shows %v, want %q", got, want)
	}
}

func edit(b *bench) {
	editor, ok := b.adapter.(chat.Editor)
	b.need(ok && b.adapter.Caps(b.Group).Edit, "editing")
	b.send(b.Group, text("1", "前"))
	r := b.send(b.Group, text("2", "已答 1 人"))
	b.send(b.Group, text("3", "后"))
	if err := editor.Edit(b.ctx, b.Group, r.Message, text("2", "已答 <2> 人")); err != nil {
		b.Fatalf("edit: %v", err)
	}
	b.shown(b.Group, Shown{Text: "前"}, Shown{Text: "已答 <2> 人"}, Shown{Text: "后"})
}

func quoted(b *bench) {
	b.need(b.Reply != nil, "quoting")
	r := b.send(b.Group, text("1", "第 17 题"))
	b.Reply(b.Group, b.User.ID, r.Message, "A")
	if got := b.in.Wait(b.T, 1)[0]; got.ReplyTo != r.Message || got.Text != "A" {
		b.Errorf("text %q quotes %q, want %q quoting %q", got.Text, got.ReplyTo, "A", r.Message)
	}
}

func pressed(b *bench) {
	b.need(b.Press != nil && b.adapter.Caps(b.Group).Buttons, "buttons")
	a := chat.Button{Label: "A", Data: strings.Repeat("a", 64)} // the longest that is allowed
	second := chat.Button{Label: "<B>", Data: "quiz:17:B", Word: "B"}
	p := text("1", "第 17 题")
	p.Buttons = [][]chat.Button{{a}, {second}}
	r := b.send(b.Group, p)
	b.shown(b.Group, Shown{Text: "第 17 题", Buttons: []string{"A", "<B>"}})
	for i, button := range []chat.Button{a, second} {
		b.Press(b.Group, b.User.ID, r.Message, button)
		got := b.in.Wait(b.T, i+1)[i]
		want := chat.Event{Account: b.adapter.ID(), Kind: chat.Pressed, Chat: b.Group, From: b.User, Message: r.Message, Data: button.Data}
		unknown := cmpopts.IgnoreFields(chat.Event{}, "Key", "At", "Title", "Mentioned", "Shared")
		if diff := cmp.Diff(want, got, unknown); diff != "" || got.Key == "" {
			b.Errorf("the press with key %q (-want +got)\n%s", got.Key, diff)
		}
		if acker, ok := b.adapter.(chat.Acker); ok {
			acker.Ack(got, "已记录")
			if b.Toasts != nil {
				Eventually(b.T, "the toast", func() bool { return len(b.Toasts(b.User.ID)) == i+1 })
			}
		}
	}
}

// Eventually waits for something that comes by itself.
func Eventually(t *testing.T, what string, there func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !there() {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come", what)
		}
		<-time.After(time.Millisecond)
	}
}

func polled(b *bench) {
	closer, ok := b.adapter.(chat.PollCloser)
	b.need(b.Vote != nil && ok && b.adapter.Caps(b.Group).Polls.Options >= 3, "polls")
	right := 1
	r := b.send(b.Group, chat.Part{Key: "1", Poll: &chat.Poll{Question: "第 <17> 题", Options: []string{"一", "*二*"}, Right: &right, Explain: "二"}})
	several := b.send(b.Group, chat.Part{Key: "2", Poll: &chat.Poll{Question: "多选", Options: []string{"A", "B", "C"}, Several: true}})
	if r.Poll == "" || r.Poll == several.Poll {
		b.Fatalf("the receipts name the polls %q and %q", r.Poll, several.Poll)
	}
	for i, vote := range []struct {
		receipt chat.Receipt
		choice  []int
	}{{r, []int{1}}, {several, []int{0, 2}}, {several, nil}} {
		b.Vote(b.Group, b.User.ID, vote.receipt.Message, vote.choice...)
		got := b.in.Wait(b.T, i+1)[i]
		want := chat.Event{Account: b.adapter.ID(), Kind: chat.Voted, From: b.User, Poll: vote.receipt.Poll, Choice: vote.choice}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(chat.Event{}, "Key", "At"), cmpopts.EquateEmpty()); diff != "" || got.Key == "" {
			b.Errorf("the vote with key %q (-want +got)\n%s", got.Key, diff)
		}
	}
	for range 2 { // a poll that has ended is no error
		if err := closer.ClosePoll(b.ctx, b.Group, r.Message); err != nil {
			b.Errorf("close the poll: %v", err)
		}
	}
	b.shown(b.Group, Shown{Poll: "第 <17> 题 | 一 | *二* (closed)"}, Shown{Poll: "多选 | A | B | C"})
}

// onePixel is a whole PNG.
const onePixel = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU" +
	"\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82"

func picture(b *bench) {
	c := b.adapter.Caps(b.Group)
	b.need(c.Pictures, "pictures")
	p := chat.Part{Key: "1", Media: &chat.Media{Ref: "a.png", Alt: "一点", Data: []byte(onePixel), Type: "image/png"}}
	want := Shown{Picture: true}
	if c.CaptionLimit > 0 {
		p.Spans, want.Text = []chat.Span{{Text: "<图>"}}, "<图>"
	}
	b.send(b.Group, p)
	b.shown(b.Group, want)
}

func file(b *bench) {
	b.need(b.adapter.Caps(b.Group).Files, "files")
	b.send(b.Group, chat.Part{Key: "1", Media: &chat.Media{Ref: "a", Alt: "名单", Name: "名单 1.csv", Data: []byte("姓名\r\n"), Type: "text/csv"}})
	b.shown(b.Group, Shown{File: "名单 1.csv"})
}

func direct(b *bench) {
	d, ok := b.adapter.(chat.Directer)
	b.need(ok && b.Private != "", "opening a private chat")
	id, err := d.Direct(b.ctx, b.User.ID)
	if err != nil || id != b.Private {
		b.Fatalf("the private chat is %q (error %v), want %q", id, err, b.Private)
	}
	b.send(id, text("1", "只给你看"))
	b.shown(b.Private, Shown{Text: "只给你看"})
	b.shown(b.Group)
}

func idempotent(b *bench) {
	b.need(b.adapter.Caps(b.Group).Idempotent, "idempotent sends")
	first := b.send(b.Group, text("1", "一"))
	if again := b.send(b.Group, text("1", "一")); again != first {
		b.Errorf("the second receipt is %v, want %v", again, first)
	}
	b.send(b.Group, text("2", "一"))
	b.shown(b.Group, Shown{Text: "一"}, Shown{Text: "一"})
}

func concurrent(b *bench) {
	const n = 20
	chats := []chat.ChatID{b.Group, b.Other}
	if b.Private != "" {
		chats = append(chats, b.Private)
	}
	var all sync.WaitGroup
	for _, id := range chats {
		all.Go(func() {
			for i := range n {
				if _, err := b.adapter.Send(b.ctx, id, text(fmt.Sprint(id, i), fmt.Sprint(id, " ", i))); err != nil {
					b.Errorf("send %d to %s: %v", i, id, err)
				}
			}
		})
	}
	all.Go(func() {
		for range n {
			b.Say(b.Group, b.User.ID, "同时")
		}
	})
	all.Wait()
	b.in.Wait(b.T, n)
	for _, id := range chats {
		var want []Shown
		for i := range n {
			want = append(want, Shown{Text: fmt.Sprint(id, " ", i)})
		}
		b.shown(id, want...)
	}
}
