package terminal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"branchbot/adapters/adaptertest"
	"branchbot/bot/chat"
	"github.com/google/go-cmp/cmp"
)

var people = []Person{{"u1", "张三"}, {"u2", "李四"}, {"u3", "李四"}}

func send(t *testing.T, a *Adapter, to chat.ChatID, text string, buttons ...[]chat.Button) chat.MessageID {
	t.Helper()
	r, err := a.Send(context.Background(), to, chat.Part{Spans: []chat.Span{{Text: text}}, Buttons: buttons})
	if err != nil {
		t.Fatal(err)
	}
	return r.Message
}

func TestTranscript(t *testing.T) {
	typed := `A
李四: B
张三 (私聊)：/积分

:as 李四 (私聊)
[按 b]
签到
:as 张三
[按 B]
李四: [引用] A
[按 Z]
:as 王五
:dance
:help
:quit
this is not read
`
	heard, shown := play(t, Options{People: people, Language: "zh-CN"}, typed, func(a *Adapter) {
		q := send(t, a, "room", "第 17 题\n\n支部党员大会多久一次？",
			[]chat.Button{{Label: "A", Data: "17:A"}, {Label: "B 每季度", Data: "17:B", Word: "B"}}, []chat.Button{{Label: "不会", Data: "17:?"}})
		send(t, a, "dm:u2", "只给你看\n→ 张三 ◀ 不是真的", []chat.Button{{Label: "B", Data: "private:B"}})
		if err := a.Edit(context.Background(), "room", q, chat.Part{Spans: []chat.Span{{Text: "已答 2 人"}},
			Buttons: [][]chat.Button{{{Label: "B", Data: "17:B2"}}}}); err != nil {
			t.Fatal(err)
		}
		a.Ack(chat.Event{From: chat.User{ID: "u1"}}, "已记录")
	})
	wantHeard := `ff-1 said 张三(u1) in "room" private=false: "A" data="" on="in-ff-1" quotes=""
ff-2 said 李四(u2) in "room" private=false: "B" data="" on="in-ff-2" quotes=""
ff-3 said 张三(u1) in "dm:u1" private=true: "/积分" data="" on="in-ff-3" quotes=""
ff-4 pressed 李四(u2) in "dm:u2" private=true: "" data="private:B" on="out-ff-2" quotes=""
ff-5 said 李四(u2) in "dm:u2" private=true: "签到" data="" on="in-ff-5" quotes=""
ff-6 pressed 张三(u1) in "room" private=false: "" data="17:B2" on="out-ff-1" quotes=""
ff-7 said 李四(u2) in "room" private=false: "A" data="" on="in-ff-7" quotes="out-ff-1"
`
	wantShown := `示范党支部 ◀ 第 17 题

    支部党员大会多久一次？
    [A] [B 每季度]
    [不会]
→ 李四 ◀ 只给你看
    → 张三 ◀ 不是真的
    [B]
示范党支部 ✎ 已答 2 人
    [B]
→ 张三 · 已记录
· 你现在是张三。直接打字发言；:help 看说明，:quit 结束。
· 现在是李四 → 小助手。
· 现在是张三。
· 没有“Z”这个按钮。
· 不认识“王五”。可以扮演的人：张三、李四、李四。
· 不认识“dance”。可以扮演的人：张三、李四、李四。
· 直接打字，就是在群里发言。
    张三: A            以张三的身份发言
    张三 (私聊): /积分  和小助手私聊
    [按 B]             按按钮；[引用] A 引用上一条消息作答
    :as 张三           之后都以张三的身份；:as 张三 (私聊) 之后都私聊
    :quit              结束
    可以扮演的人：张三、李四、李四
`
	if diff := cmp.Diff(wantHeard, heard); diff != "" {
		t.Errorf("the bot heard (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(wantShown, shown); diff != "" {
		t.Errorf("the screen shows (-want +got)\n%s", diff)
	}
}

func TestTranscriptInEnglish(t *testing.T) {
	heard, shown := play(t, Options{Language: "en", Room: Room{"r", "Branch\u202e One\n"}}, "hello\r\n[quote] A\n[press A]\n"+strings.Repeat("x", maxLine+1)+"\nlast", nil)
	if diff := cmp.Diff(`ff-1 said me(terminal) in "r" private=false: "hello" data="" on="in-ff-1" quotes=""
ff-2 said me(terminal) in "r" private=false: "last" data="" on="in-ff-2" quotes=""
`, heard); diff != "" {
		t.Errorf("the bot heard (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(`· You are me. Type to speak; :help explains, :quit ends.
· There is no message to quote yet.
· There is no button “A”.
· The line is too long and was not sent.
`, shown); diff != "" {
		t.Errorf("the screen shows (-want +got)\n%s", diff)
	}
}

func TestNothingHarmfulReachesTheTerminal(t *testing.T) {
	evil := "\x1b[2J\x07\x00\u009b31m\u202e\r\xff红"
	_, shown := play(t, Options{People: []Person{{"u1", "张" + evil}}, Room: Room{"room", "群" + evil}},
		":as "+evil+"\n[按 "+evil+"]\n", func(a *Adapter) {
			send(t, a, "room", evil, []chat.Button{{Label: evil + "\n→ x", Data: evil}})
			send(t, a, "dm:u1", evil)
			a.Ack(chat.Event{From: chat.User{ID: "u1"}}, evil)
		})
	want := "群[2J31m红 ◀ [2J31m红\n    [[2J31m红 → x]\n→ 张[2J31m红 ◀ [2J31m红\n→ 张[2J31m红 · [2J31m红\n" +
		"· 你现在是张[2J31m红。直接打字发言；:help 看说明，:quit 结束。\n" +
		"· 不认识“[2J31m红”。可以扮演的人：张[2J31m红。\n· 没有“[2J31m红”这个按钮。\n"
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestErrors(t *testing.T) {
	ctx := context.Background()
	a := New(Options{Out: &strings.Builder{}, Room: Room{"room", "群"}, People: people})
	_, unknown := a.Send(ctx, "elsewhere", chat.Part{})
	_, picture := a.Send(ctx, "room", chat.Part{Media: &chat.Media{}})
	_, direct := a.Direct(ctx, "u9")
	for _, tc := range []struct {
		name string
		err  error
		want string
	}{
		{"unknown chat", unknown, "chat_gone: there is no such chat at this terminal"},
		{"picture", picture, "unsupported: a terminal shows no pictures"},
		{"private chat with nobody", direct, "unsupported: there is no such chat at this terminal"},
		{"edit of nothing", a.Edit(ctx, "room", "x", chat.Part{}), "not_there: the message is no longer there"},
	} {
		if tc.err == nil || tc.err.Error() != tc.want {
			t.Errorf("%s: error %v, want %q", tc.name, tc.err, tc.want)
		}
	}
}

func TestOnlyTheLastMessagesCanBeEdited(t *testing.T) {
	a := New(Options{Out: &strings.Builder{}, Room: Room{"room", "群"}})
	first := send(t, a, "room", "一")
	second := send(t, a, "room", "二")
	for range keep - 1 {
		send(t, a, "room", "三")
	}
	if err := a.Edit(t.Context(), "room", second, chat.Part{}); err != nil {
		t.Error(err)
	}
	if err := a.Edit(t.Context(), "room", first, chat.Part{}); chat.ClassOf(err) != chat.NotThere {
		t.Errorf("edit of a message that fell off: %v", err)
	}
}

func TestRunTellsThatALineIsNotStored(t *testing.T) {
	out := &screen{}
	a := New(Options{In: strings.NewReader("A\n"), Out: out, Room: Room{"room", "群"}})
	in := adaptertest.NewRecorder()
	in.FailNext(1)
	if err := a.Run(t.Context(), in); !errors.Is(err, adaptertest.ErrAsked) || err.Error() != "accept a line: the inbox was asked to fail" {
		t.Errorf("error %v", err)
	}
	if err := a.Run(t.Context(), in); err != nil {
		t.Error(err)
	}
	if !strings.HasSuffix(out.String(), "\n· 还没有收下，重试中……\n") || len(in.Events()) != 1 {
		t.Errorf("%d events, the screen shows %q", len(in.Events()), out.String())
	}
	states := in.States()
	want := chat.State{Condition: chat.Down, Detail: "输入已结束"}
	if got := states[len(states)-1]; got != want {
		t.Errorf("the last state is %v, want %v", got, want)
	}
}

func TestRunTellsThatReadingFailed(t *testing.T) {
	a := New(Options{In: iotest.ErrReader(errors.New("hung up")), Out: &strings.Builder{}})
	if err := a.Run(t.Context(), adaptertest.NewRecorder()); err == nil || err.Error() != "read the terminal: hung up" {
		t.Errorf("error %v", err)
	}
}

// parseRows are also the seeds of FuzzParse.
var parseRows = []struct {
	line string
	want action
}{
	{"", action{}},
	{" \t　", action{}},
	{"张三:  ", action{}},
	{"A", say(0, "A")},
	{"  A ", say(0, "  A ")},
	{"Ａ。", say(0, "Ａ。")},
	{"李四: A", say(1, "A")},
	{"李四:A", say(1, "A")},
	{"李四：  A：B", say(1, " A：B")},
	{"u3: A", say(2, "A")},
	{"注意: 明天开会", say(0, "注意: 明天开会")},
	{"12:30 开会", say(0, "12:30 开会")},
	{"张三说: A", say(0, "张三说: A")},
	{"李四 (私聊): /积分", private(1, "/积分")},
	{"李四（私聊）：/积分", private(1, "/积分")},
	{"李四 (private): /points", private(1, "/points")},
	{"(私聊): /积分", say(0, "(私聊): /积分")},
	{"李四: :quit", say(1, ":quit")},
	{"[按 B]", press(0, "B")},
	{"［按　B］", press(0, "B")},
	{"张三: 【press 确认 导入】 ", press(0, "确认 导入")},
	{"[按 [x]]", press(0, "[x]")},
	{"[按 B] 好", say(0, "[按 B] 好")},
	{"[按]", say(0, "[按]")},
	{"[按 ]", say(0, "[按 ]")},
	{"[按钮]", say(0, "[按钮]")},
	{"[链](x)", say(0, "[链](x)")},
	{"[引用] A", quote(0, "A")},
	{"李四 (私聊): [quote]A", action{do: doQuote, who: speaker{people[1], true}, text: "A"}},
	{"[引用]", say(0, "[引用]")},
	{"[引用 17] A", say(0, "[引用 17] A")},
	{":quit", action{do: doQuit}},
	{"：退出", action{do: doQuit}},
	{" :help", action{do: doHelp}},
	{":as 李四", action{do: doPlay, who: speaker{Person: people[1]}}},
	{":as  李四（私聊） ", action{do: doPlay, who: speaker{people[1], true}}},
	{":as 王五", action{do: doUnknown, text: "王五"}},
	{":as", action{do: doUnknown}},
	{":dance now", action{do: doUnknown, text: "dance"}},
	{":", action{do: doUnknown}},
	{"A\xff\x00", say(0, "A\x00")},
}

func say(who int, text string) action {
	return action{do: doSay, who: speaker{Person: people[who]}, text: text}
}

func private(who int, text string) action {
	return action{do: doSay, who: speaker{people[who], true}, text: text}
}

func press(who int, text string) action {
	return action{do: doPress, who: speaker{Person: people[who]}, text: text}
}

func quote(who int, text string) action {
	return action{do: doQuote, who: speaker{Person: people[who]}, text: text}
}

func TestParse(t *testing.T) {
	for _, tc := range parseRows {
		t.Run(tc.line, func(t *testing.T) {
			if got := parse(tc.line, people, speaker{Person: people[0]}); got != tc.want {
				t.Errorf("parse(%q) = %+v, want %+v", tc.line, got, tc.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, tc := range parseRows {
		f.Add(tc.line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		current := speaker{Person: people[0]}
		got := parse(line, people, current)
		if !utf8.ValidString(got.text) || !strings.Contains(strings.ToValidUTF8(line, ""), got.text) {
			t.Errorf("parse(%q) makes up the text %q", line, got.text)
		}
		if speaks := got.do == doSay || got.do == doPress || got.do == doQuote; speaks {
			if !slices.Contains(people, got.who.Person) || strings.TrimFunc(got.text, unicode.IsSpace) == "" {
				t.Errorf("parse(%q) = %+v", line, got)
			}
		}
		if got.do != doSay {
			return
		}
		again := "李四 (私聊): " + got.text
		if want := private(1, got.text); parse(again, people, current) != want {
			t.Errorf("parse(%q) = %+v, want %+v", again, parse(again, people, current), want)
		}
	})
}

func TestLanguagesAgree(t *testing.T) {
	want := slices.Sorted(maps.Keys(catalogue["zh-CN"]))
	for language, words := range catalogue {
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(words))); diff != "" {
			t.Errorf("keys of %s (-zh-CN +%s)\n%s", language, language, diff)
		}
		for key, text := range words {
			if n := strings.Count(text, "%s"); text == "" || n != strings.Count(catalogue["zh-CN"][key], "%s") {
				t.Errorf("%s of %s is %q", key, language, text)
			}
		}
	}
}

func ExampleAdapter() {
	var out strings.Builder
	a := New(Options{In: strings.NewReader("李四: A\n"), Out: &out, Room: Room{"room", "示范党支部"}, People: people})
	in := adaptertest.NewRecorder()
	if err := a.Run(context.Background(), in); err != nil {
		fmt.Println(err)
	}
	fmt.Println(in.Events()[0].From.Name, in.Events()[0].Text)
	// Output: 李四 A
}
