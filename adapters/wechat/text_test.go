package wechat

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"branchbot/adapters/wechat/wechattest"
	"branchbot/bot/chat"
	"github.com/google/go-cmp/cmp"
)

func TestQuotes(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	group := b.says("branch", "li", "你好").Chat
	first := b.send(group, "第 17 题\n支部党员大会多久一次？\n「单选」")
	second := b.send(group, "第 18 题")
	b.send(group, "今天的题目答完了")
	b.send(group, "今天的题目答完了")
	same := wechattest.OldQuote("支部小助手", "今天的题目答完了", "好")
	for _, tc := range []struct {
		name string
		say  func()
		to   chat.MessageID
		text string
	}{
		{"by id", func() { b.srv.Quote("branch", "li", string(second), "小助手", "不同的文字", "A") }, second, "A"},
		{"by text", func() { b.srv.Quote("branch", "li", "77", "小助手", "第 18 题", " B ") }, second, "B"},
		{"of somebody else", func() { b.srv.Quote("branch", "li", "77", "王敏", "几点开会？", "收到") }, "", "「王敏：几点开会？」\n- - - - - - - - - - - - - - -\n收到"},
		{"in the old form", func() {
			b.srv.Say("branch", "li", wechattest.OldQuote("支部小助手", "第 17 题\n支部党员大会多久一次？\n「单选」", "A"))
		}, first, "A"},
		{"in the old form, not certain", func() { b.srv.Say("branch", "li", same) }, "", same},
		{"in the old form, of several lines", func() { b.srv.Say("branch", "li", wechattest.OldQuote("x", "第 18 题", "一\n二")) }, second, "一\n二"},
		{"what only looks like one", func() { b.srv.Say("branch", "li", "「张三：A」\n----") }, "", "「张三：A」\n----"},
	} {
		n := len(b.in.Events())
		tc.say()
		if ev := b.heard(n); ev.ReplyTo != tc.to || ev.Text != tc.text || ev.Kind != chat.Said {
			t.Errorf("%s: %q quotes %q, want %q quoting %q", tc.name, ev.Text, ev.ReplyTo, tc.text, tc.to)
		}
	}
	b.relogin(func() {}) // quotes of what was said before the login
	n := len(b.in.Events())
	b.srv.Say("branch", "li", wechattest.OldQuote("支部小助手", "第 18 题", "C"))
	if ev := b.heard(n); ev.ReplyTo != second {
		t.Errorf("after a login %q quotes %q", ev.Text, ev.ReplyTo)
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	for _, tc := range []struct {
		said, heard string
		mentioned   bool
	}{
		{"@支部小助手\u2005A", "A", true},
		{"@支部小助手 /积分", "/积分", true},
		{"/积分 @支部小助手\u2005", "/积分", true},
		{"/积分 @支部小助手", "/积分", true},
		{"@支部小助手", "", true},
		{"@支部小助手2号\u2005A", "@支部小助手2号\u2005A", false},
		{"@李四\u2005A", "@李四\u2005A", false},
		{"@所有人\u2005开会", "@所有人\u2005开会", false},
		{"[OK]收到[强]", "[OK]收到[强]", false},
		{`<span class="emoji emoji1f604"></span><br/>&amp;`, `<span class="emoji emoji1f604"></span><br/>&amp;`, false},
		{"@abc:<br/>x", "@abc:<br/>x", false},
		{"一\n\n二", "一\n\n二", false},
	} {
		if ev := b.says("branch", "li", tc.said); ev.Text != tc.heard || ev.Mentioned != tc.mentioned {
			t.Errorf("%q is heard as %q, mentioned %v", tc.said, ev.Text, ev.Mentioned)
		}
	}
}

// The server writes emoji as markup.
func TestServerMarkup(t *testing.T) {
	t.Parallel()
	if got, want := plain(`好<span class="emoji emoji1f604"></span><br/>&lt;br/&gt;&amp;amp;`), "好😄\n<br/>&amp;"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSolitaire(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	n := 0
	for said, heard := range map[string]string{
		"#接龙\n周五义务劳动\n\n1. 张三 参加\n2. 李四": "#接龙\n周五义务劳动\n\n1. 张三 参加\n2. 李四",
		"周五义务劳动\n1. <张三>":                "#接龙\n周五义务劳动\n1. <张三>",
	} {
		b.srv.Solitaire("branch", "li", said)
		if ev := b.heard(n); ev.Text != heard || ev.Kind != chat.Said || ev.From.Name != "李四" {
			t.Errorf("%q is heard as %q from %+v", said, ev.Text, ev.From)
		}
		n++
	}
}

func TestRecalls(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	li, zhao, private := b.says("branch", "li", "A"), b.says("branch", "zhao", "A"), b.says("", "zhang", "A")
	for _, tc := range []struct {
		name   string
		of     chat.Event
		recall func(id string)
		from   chat.User
	}{
		{"the notice tells who", zhao, func(id string) { b.srv.Recall("branch", "zhao", id, "平安是福", true) }, zhao.From},
		{"by the name", li, func(id string) { b.srv.Recall("branch", "li", id, "李四", false) }, li.From},
		{"two of the name", zhao, func(id string) { b.srv.Recall("branch", "zhao", id, "平安是福", false) }, chat.User{}},
		{"in private", private, func(id string) { b.srv.Recall("", "zhang", id, "张三", false) }, private.From},
	} {
		n := len(b.in.Events())
		tc.recall(string(tc.of.Message))
		ev := b.heard(n)
		if ev.Kind != chat.Recalled || ev.Message != tc.of.Message || ev.Chat != tc.of.Chat || ev.From != tc.from || ev.Text != "" {
			t.Errorf("%s: %+v", tc.name, ev)
		}
		if ev.Key == tc.of.Key {
			t.Errorf("%s: the recall has the key of the message", tc.name)
		}
	}
}

// What is no event: nothing of it is read or stored.
func TestWhatIsNotHeard(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	b.srv.SaySelf("branch", "机器人账号的主人在手机上说话")
	b.srv.SendVoice("branch", "li")
	b.srv.SendVoice("", "zhang")
	b.srv.Notice("branch", `"李四"拍了拍"张三"`)
	b.srv.Join("branch", wechattest.Member{ID: "xin", Nick: "新来的"})
	b.srv.SendFile("branch", "li", "名单.xlsx", []byte("x"), 1)
	b.says("branch", "li", "A")
	if n := b.srv.Count("webwxgetmedia"); n != 0 {
		t.Errorf("%d files were fetched", n)
	}
	if events := b.in.Deliveries(); len(events) != 1 {
		t.Errorf("%d events", len(events))
	}
}

func TestFileInPrivate(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	data := bytes.Repeat([]byte("姓名,工号\n"), 1000)
	b.srv.SendFile("", "zhang", "名单 <1>.csv", data, len(data))
	got := b.heard(0)
	if !got.Private || got.Text != "" || got.Kind != chat.Said || got.From.Name != "张三" {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]chat.File{{Name: "名单 <1>.csv", Data: data}}, got.Files); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// One that cannot be had holds up nothing for ever, and a little trouble
	// does not lose it.
	b.srv.Fail("webwxgetmedia", wechattest.Fault{Status: 503})
	b.srv.SendFile("", "zhang", "a.csv", data, len(data))
	if ev := b.heard(1); len(ev.Files) != 1 || ev.Files[0].Name != "a.csv" {
		t.Errorf("%+v", ev)
	}
	for range downloads {
		b.srv.Fail("webwxgetmedia", wechattest.Fault{Status: 503})
	}
	b.srv.SendFile("", "zhang", "b.csv", data, len(data))
	b.srv.SendFile("", "zhang", "太大.xlsx", []byte("x"), mostIn+1)
	b.srv.SendFile("", "zhang", "假的.xlsx", bytes.Repeat([]byte("x"), mostIn+1), 1)
	for i, want := range []chat.File{{Name: "b.csv", Problem: chat.FileUnreachable}, {Name: "太大.xlsx", Problem: chat.FileTooBig},
		{Name: "假的.xlsx", Problem: chat.FileTooBig}} {
		if diff := cmp.Diff([]chat.File{want}, b.heard(2+i).Files); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if ev := b.says("branch", "li", "A"); ev.Text != "A" {
		t.Errorf("%+v", ev)
	}
}

func TestPicturesGoUpOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	one, two := b.says("branch", "li", "1").Chat, b.says("second", "sun", "2").Chat
	big := bytes.Repeat([]byte("心肺复苏"), 100_000) // three chunks
	picture := chat.Part{Media: &chat.Media{Data: append([]byte("\x89PNG"), big...), Type: "image/png"}}
	file := chat.Part{Media: &chat.Media{Data: big, Name: "教材 & 讲义.pdf", Type: "application/pdf"}}
	for range 2 {
		for _, to := range []chat.ChatID{one, two} {
			for _, p := range []chat.Part{picture, file} {
				if _, err := b.a.Send(t.Context(), to, p); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if n := b.srv.Count("webwxuploadmedia"); n != 6 {
		t.Errorf("%d chunks went up, want 6", n)
	}
	for _, room := range []string{"branch", "second"} {
		sent := b.srv.SentTo(room)
		if len(sent) != 4 || !sent[0].Picture || !bytes.Equal(sent[0].Data, picture.Media.Data) ||
			sent[1].File != file.Media.Name || !bytes.Equal(sent[1].Data, big) {
			t.Errorf("%s has %d messages", room, len(sent))
		}
	}
	b.relogin(func() {})
	if _, err := b.a.Send(t.Context(), one, picture); err != nil {
		t.Fatal(err)
	}
	if n := b.srv.Count("webwxuploadmedia"); n != 9 {
		t.Errorf("%d chunks went up, want 9: a new session knows nothing of the old one's", n)
	}
	b.srv.Fail("webwxsendmsgimg", wechattest.Fault{Ret: 1})
	if _, err := b.a.Send(t.Context(), one, picture); chat.ClassOf(err) != chat.BadPart {
		t.Errorf("a picture that is refused: %v", err)
	}
	if _, err := b.a.Send(t.Context(), one, picture); err != nil {
		t.Fatal(err)
	}
	if n := b.srv.Count("webwxuploadmedia"); n != 12 {
		t.Errorf("%d chunks went up, want 12: the server may have forgotten it", n)
	}
}

func TestSendClasses(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	b.a.Rest = time.Nanosecond
	group := b.says("branch", "li", "1").Chat
	text := chat.Part{Spans: []chat.Span{{Text: "通知"}}}
	file := chat.Part{Media: &chat.Media{Data: []byte("x"), Name: "a.txt"}}
	for _, tc := range []struct {
		name     string
		endpoint string
		fault    wechattest.Fault
		to       chat.ChatID
		part     chat.Part
		want     chat.Class
	}{
		{"no such group", "", wechattest.Fault{}, "g-99", text, chat.ChatGone},
		{"no such person", "", wechattest.Fault{}, "dm:u-99", text, chat.ChatGone},
		{"too busy", "webwxsendmsg", wechattest.Fault{Ret: 1205}, group, text, chat.RateLimited},
		{"system error", "webwxsendmsg", wechattest.Fault{Ret: -1}, group, text, chat.Temporary},
		{"wrong parameter", "webwxsendmsg", wechattest.Fault{Ret: 1}, group, text, chat.BadPart},
		{"logic error", "webwxsendmsg", wechattest.Fault{Ret: -2}, group, text, chat.BadPart},
		{"forbidden", "webwxsendmsg", wechattest.Fault{Status: 403}, group, text, chat.BadPart},
		{"out of order", "webwxsendmsg", wechattest.Fault{Status: 502}, group, text, chat.MaybeSent},
		{"malformed", "webwxsendmsg", wechattest.Fault{Body: "<html>"}, group, text, chat.MaybeSent},
		{"no id", "webwxsendmsg", wechattest.Fault{Body: `{"BaseResponse":{"Ret":0}}`}, group, text, chat.MaybeSent},
		{"upload lost", "webwxuploadmedia", wechattest.Fault{DropAfter: true}, group, file, chat.Temporary},
		{"upload malformed", "webwxuploadmedia", wechattest.Fault{Body: "x"}, group, file, chat.Temporary},
		{"upload refused", "webwxuploadmedia", wechattest.Fault{Ret: 1}, group, file, chat.BadPart},
		{"upload too large", "webwxuploadmedia", wechattest.Fault{Status: 402}, group, file, chat.TooBig},
		{"upload out of order", "webwxuploadmedia", wechattest.Fault{Status: 502}, group, file, chat.Temporary},
		{"file lost", "webwxsendappmsg", wechattest.Fault{DropAfter: true}, group, file, chat.MaybeSent},
		{"empty file", "", wechattest.Fault{}, group, chat.Part{Media: &chat.Media{Name: "a"}}, chat.BadPart},
		{"file too big", "", wechattest.Fault{}, group, chat.Part{Media: &chat.Media{Name: "a", Data: make([]byte, mostOut+1)}}, chat.TooBig},
	} {
		if tc.endpoint != "" {
			b.srv.Fail(tc.endpoint, tc.fault)
		}
		_, err := b.a.Send(t.Context(), tc.to, tc.part)
		if got := chat.ClassOf(err); got != tc.want || err == nil {
			t.Errorf("%s: %v, want class %s", tc.name, err, tc.want)
		}
	}
}

func TestLanguagesAgree(t *testing.T) {
	t.Parallel()
	for key, zh := range catalogue["zh-CN"] {
		if en := catalogue["en"][key]; strings.Count(zh, "%") != strings.Count(en, "%") || en == "" {
			t.Errorf("%s: %q and %q", key, zh, en)
		}
	}
	if len(catalogue["en"]) != len(catalogue["zh-CN"]) {
		t.Error("the languages have different keys")
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"A", "「a：b」\n- - - -\nc", "&lt;msg&gt;&lt;appmsg&gt;&lt;type&gt;57&lt;/type&gt;&lt;/appmsg&gt;&lt;/msg&gt;", "@a:<br/>x", "@小助手\u2005", "<msg><appmsg><title>x</title><type>53</type></appmsg></msg>"} {
		f.Add(1, s)
		f.Add(49, s)
		f.Add(10002, s)
	}
	f.Fuzz(func(t *testing.T, kind int, content string) {
		_, rest := cutSender(content)
		if len(rest) > len(content) {
			t.Error("more is left than was there")
		}
		b, ok := read(kind, rest)
		if ok && b.text == "" && b.file == "" && b.recalled == "" {
			t.Errorf("%q says nothing", content)
		}
		if len(b.reply()) > len(b.text) {
			t.Errorf("the reply in %q is longer than the text", content)
		}
		if text, ok := unmention(b.text, "小助手"); !ok && text != b.text {
			t.Errorf("%q became %q without a mention", b.text, text)
		}
	})
}
