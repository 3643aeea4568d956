package command_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/command"
)

var (
	single4   = command.Want{Kind: command.Single, Options: 4, Texts: []string{"每月一次", "每季度一次", "每半年一次", "每年一次"}}
	single26  = command.Want{Kind: command.Single, Options: 26}
	numbers4  = command.Want{Kind: command.Single, Options: 4, Texts: []string{"3", "4", "５", "12"}}
	multiple4 = command.Want{Kind: command.Multiple, Options: 4}
	english4  = command.Want{Kind: command.Multiple, Options: 4, Texts: []string{"Monthly.", "以上都對", "all", "維生素B、C"}}
	digits1   = command.Want{Kind: command.Single, Options: 4, Digits: true}
	digits4   = command.Want{Kind: command.Multiple, Options: 4, Digits: true}
	digits12  = command.Want{Kind: command.Multiple, Options: 12, Digits: true}
	trueFalse = command.Want{Kind: command.TrueFalse}
	ack       = command.Want{Kind: command.Acknowledge}
	done      = command.Want{Kind: command.Done}
	checkin   = command.Want{Kind: command.CheckIn}
	signup    = command.Want{Kind: command.Join}
	number    = command.Want{Kind: command.Number}
	order4    = command.Want{Kind: command.Order, Options: 4}
	orderNo4  = command.Want{Kind: command.Order, Options: 4, Digits: true}
	blank     = command.Want{Kind: command.Blank}
)

// vectors are the test vectors of the answer normaliser. A value of "-" means
// no match, "!" malformed, "%" a proxy, "~" near; a trailing "?" means weak.
var vectors = []struct {
	want  command.Want
	value string
	texts []string
}{
	{single4, "A", []string{"A", "a", "Ａ", "Ａ。", "A.", "选A", "我选A", "答案A", "答A", "A吧", "A项", "A！", "选 A", "答案：A", "答案是A", "我的答案是A",
		"改A", "改成A", "更正A", "改为A", "更正为A", "改成选A", "A[OK]", "A[强][抱拳]", "A👌", "A👍🏻", "A~～", "选項A", "選A", "A 谢谢", "ANSWER: A",
		"@支部小助手\u2005A", "A @支部小助手", "\u200bA", "\u202eA\u202c", "A\u0007", "每月一次", "选每月一次", "每月一次。", "①", "选1", "「A」", "(A)", "【A】", "我觉得是A", "应该是A吧", "A. 每月一次", "A每月一次", "B，不对，选A", "不对，选A", "🅰️",
		"「王敏：第 3 题」\n- - - - - - - - - - - - - - -\nA", "「第「3」\n题」\n——————\n@支部小助手\u2005A"}},
	{single4, "!", []string{"AC", "A和B", "E", "A-C", "AE", "全选"}},
	{single4, "-", []string{"好的", "A公司的事", "今天A股跌了", "", " ", "。", "…", "👌", "ABC公司", "13", "收到", "é", "١", "5", "0", "A❌", "C++", "A+",
		"A B C 都行吧我觉得", "OK", "HI", "选一项", "一项", "选", "改", "我", "answered", "对", "√", "每月", "每月一次吗", "不是A", "A不对", "A座", "B超", "」\n----\nA"}},
	{single4, "A?", []string{"1", "1.", "一", "1️⃣", "第一个", "第1项"}},
	{single4, "~", []string{"A还是B", "A？", "A吗"}},
	{single26, "X", []string{"X", "x", "选X"}},
	{numbers4, "B", []string{"4", "４", "选4"}},
	{numbers4, "C", []string{"5"}},
	{numbers4, "D", []string{"12"}},
	{multiple4, "AC", []string{"AC", "A C", "A、C", "A,C", "A，C", "A和C", "A+C", "ac", "CA", "A;C", "A/C", "ＡＣ", "Ａ、Ｃ。", "选AC", "改成A、C", "ACA",
		"A C。", "A\nC", "A.C", "1,3", "1，3", "1、3", "AC都对", "AC项", "①③"}},
	{multiple4, "ABCD", []string{"全选", "ABCD都对", "以上都对", "A-D", "a-d", "A－D", "A - D", "A～D", "A至D", "A到D", "ＡＢＣＤ", "以上都對"}},
	{multiple4, "ABCD?", []string{"全部", "1234"}},
	{multiple4, "AC?", []string{"13"}},
	{multiple4, "ABD", []string{"A-B、D"}},
	{multiple4, "A", []string{"A"}},
	{multiple4, "A?", []string{"1", "一"}},
	{multiple4, "!", []string{"A-F", "AE", "E", "F"}},
	{multiple4, "-", []string{"31", "APP", "1,5", "A啊这", "D-A", "A-", "-A", "A--D", "A1", "C++", "A>C", "1-3", "都可以", "A到公司了"}},
	{english4, "A", []string{"monthly", "MONTHLY.", "选Monthly"}},
	{english4, "B", []string{"以上都对"}},
	{english4, "C", []string{"ALL"}},
	{english4, "D", []string{"維生素B、C"}},
	{digits1, "C", []string{"3", "３", "C", "③", "三"}},
	{digits1, "!", []string{"7", "1,3"}},
	{digits1, "-", []string{"13", "0"}},
	{digits4, "AC", []string{"1,3", "13", "1 3", "1、3", "①③", "AC", "３１"}},
	{digits4, "ABC", []string{"1-3"}},
	{digits4, "!", []string{"15", "9"}},
	{digits4, "-", []string{"103", "2026"}},
	{digits12, "AC", []string{"1,3", "A,C", "1 3"}},
	{digits12, "AL", []string{"1,12"}},
	{digits12, "-", []string{"13", "123", "012", "10000000000000000000000"}},
	{trueFalse, "true", []string{"√", "✓", "✔", "✔️", "✅", "⭕", "正确", "正确的", "T", "Y", "t", "选对", "改对", "改成对", "答案：对", "正確", "Ｔ"}},
	{trueFalse, "false", []string{"×", "✗", "❌", "X", "x", "Ｘ", "错", "錯", "错误", "F", "N", "錯誤", "改成错", "更正错"}},
	{trueFalse, "true?", []string{"对", "是", "嗯", "对的", "对！", "對", "是的", "我觉得是对的", "没错"}},
	{trueFalse, "false?", []string{"不对", "否", "不對", "不对。", "不是"}},
	{trueFalse, "!", []string{"A", "B", "选B"}},
	{trueFalse, "-", []string{"1", "①", "不对劲", "对了，明天几点", "好", "是不是", "对？", "对吗", "收到", "OK"}},
	{ack, "yes", []string{"收到", "收到！", "已收到", "收到，谢谢", "收到谢谢", "已阅", "已读", "阅", "知悉", "已知悉", "已悉", "收到[抱拳]", "收到👍", "收到🫡",
		"收到~~", "收到。。。", "收到…", "已閱", "已讀", "收到，謝謝", "收到，谢谢您！", "收到，谢谢书记", "嗯嗯收到", "[抱拳]收到", "收 到", "收到+1", "“收到”", "收道", "shoudao", "好的，收到，会准时参加", "好的 已经收到", "谢谢，已经收到", "文件、通知收到", "书记，收到", "好的，收到", "「通知」\n- - - -\n收到"}},
	{ack, "yes?", []string{"好的", "好的。", "OK", "ok", "ＯＫ", "[OK]", "［OK］", "👌", "👌🏻", "1", "1.", "①", "一", "明白", "知道了", "好的，明白", "👍👍"}},
	{ack, "~", []string{"收到 周强", "收到，明天我值班", "收到明天准时到"}},
	{ack, "-", []string{"收到快递了", "大家收到", "还没收到", "收到请回复", "我没收到", "大家收到了吗", "收到？", "收到吗", "13", "好的呢我看看", "对", "代表大会", "代表发言", "代张三签到"}},
	{ack, "%", []string{"张三、李四收到", "张三、李四、王五已收到", "张三、李四都收到", "代张三收到", "代表张三收到", "替張三收到"}},
	{done, "yes", []string{"已学", "已学习", "学完", "已学。", "已學", "學習完畢"}},
	{done, "yes?", []string{"打卡", "已打卡"}},
	{done, "%", []string{"代张三已学"}},
	{done, "-", []string{"学完再说", "已学？"}},
	{checkin, "yes", []string{"签到", "簽到", "打卡", "已打卡", "签到！", "报到", "報到", "签到签到", "前来签到", "【签到】", "#签到", "我签到", "签到了"}},
	{checkin, "withdraw", []string{"取消签到", "签错了"}},
	{checkin, "yes?", []string{"到", "在", "到！", "来了", "到！（在食堂）", "✅"}},
	{checkin, "leave", []string{"请假", "请假：出差", "请假:出差", "请假 出差", "有事来不了", "請假", "有事來不了", "我请假"}},
	{checkin, "%", []string{"代张三签到", "张三、李四签到", "替李四打卡", "帮我签到", "代张三请假", "张三和王五、李四签到"}},
	{checkin, "-", []string{"在吗", "到哪了", "明天签到吗", "签到？", "请假条怎么写", "请假找谁？", "请假：找谁？", "代表们签到了没", "大家签到", "签到表", "签到机坏了", "还没签到", "明天记得签到"}},
	{signup, "yes", []string{"+1", "＋1", "加1", "我参加", "参加", "報名", "报名", "报名2人", "+2", "算我一个", "算我一個", "报名 2 人", "参加：2人", "报名两位", "报名一下", "加我", "帮我报名", "改成三个人", "我和媳妇两个人", "+2（带孩子）"}},
	{signup, "yes?", []string{"1", "1.", "①", "一"}},
	{signup, "withdraw", []string{"不参加", "-1", "－1", "取消报名", "不参加了"}},
	{signup, "withdraw?", []string{"请假", "请假：出差", "有事来不了", "取消", "不去了", "我来不了了"}},
	{signup, "!", []string{"+0", "报名0人", "+100", "报名1000人"}},
	{signup, "-", []string{"+", "加", "加油", "+1+1", "报名几个人", "+12345", "-2", "参加吗"}},
	{signup, "%", []string{"代张三报名", "张三、李四报名"}},
	{number, "12", []string{"12", "12.0", "１２", "+12", "＋12", "12个", "12人", "012", "12 %", "12。", "12.", "答案12", "改成12", "我的答案是12"}},
	{number, "100", []string{"一百", "100人", "约100", "一百左右"}},
	{number, "36.5", []string{"36.5℃", "36度5", "三十六点五"}},
	{number, "1000", []string{"1 000", "一千人", "约1000"}},
	{number, "120000", []string{"12万", "十二万"}},
	{number, "0", []string{"-0", "0.0", "0", "-0.00"}},
	{number, "-3.5", []string{"-3.5", "－3.50", "−3.5", "负3.5"}},
	{number, "0.5", []string{".5", "0.5", "0.50"}},
	{number, "1921", []string{"1921年", "1,921", "1，921"}},
	{number, "123456789012345", []string{"123456789012345"}},
	{number, "-", []string{"1e9", "NaN", "Inf", "0x10", "١٢٣", "-", "+", "--1", "+-1", "1.2.3", "1,3", "1,0000", ",100", "1234567890123456", "1.123456789012345",
		"3点开会", "3点", "12月开会吧", "12:30", "1到2", "电话12345678901234567"}},
	{order4, "BADC", []string{"BADC", "b a d c", "B→A→D→C", "B>A>D>C", "B->A->D->C", "B-A-D-C", "B、A、D、C", "改成BADC", "选BADC"}},
	{order4, "!", []string{"BAD", "BADD", "BADCE", "A", "A-D"}},
	{order4, "-", []string{"2143", "1", "2,1,4,3", "全部看完"}},
	{orderNo4, "BADC", []string{"2143", "2 1 4 3", "2→1→4→3", "2、1、4、3", "②①④③", "BADC"}},
	{blank, "红色", []string{"答 红色", "答：红色", "答案是红色", "答案:红色", "答：红色。", "我的答案是红色", "改答：红色", "「问」\n----\n答：红色"}},
	{blank, "謝謝", []string{"答：謝謝"}},
	{blank, "Go 1.26", []string{"答：Ｇｏ 1.26", "答案是Go 1.26"}},
	{blank, "-", []string{"红色", "今天的会改到三点", "改成三点吧", "答红色", "答谢会几点", "答案是什么？", "答案是什么", "答案", "答：", "答案在第三章", "改革开放"}},
	{blank, "%", []string{"替李四答：红色"}},
}

// addressed are the replies that count, or that are told what is wrong, only
// because they are meant for a prompt.
var addressed = []struct {
	want        command.Want
	text, value string
}{
	{blank, "红色", "红色"},
	{blank, "红色。", "红色"},
	{blank, "答红色", "红色"},
	{blank, "答辩", "答辩"},
	{blank, "改成红色", "红色"},
	{blank, "改革开放", "改革开放"},
	{blank, "代表大会", "代表大会"},
	{blank, "替李四答：红色", "%"},
	{blank, "替李四答红色", "%"},
	{blank, "是什么？", "-"},
	{blank, strings.Repeat("红", 101), "!"},
	{blank, "。", "-"},
	{single4, "AC", "!"},
	{single4, "代李四A", "%"},
	{trueFalse, "B", "!"},
	{number, "12公里", "12"},
	{number, "12万", "120000"},
	{number, "1到2", "!"},
	{number, "1e9", "!"},
	{number, "١٢٣", "!"},
	{number, "NaN", "-"},
	{ack, "好的", "yes?"},
}

func show(a command.Answer, v command.Verdict) string {
	switch v {
	case command.NoMatch:
		return "-"
	case command.Malformed:
		return "!"
	case command.Proxy:
		return "%"
	case command.Near:
		return "~"
	}
	if a.Weak {
		return a.Value + "?"
	}
	return a.Value
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		for _, text := range v.texts {
			if got := show(command.Read(text, "支部小助手").Match(v.want)); got != v.value {
				t.Errorf("%s: %q: got %q, want %q", v.want.Kind, text, got, v.value)
			}
		}
	}
	for _, v := range addressed {
		r := command.Read(v.text)
		r.Addressed = true
		if got := show(r.Match(v.want)); got != v.value {
			t.Errorf("addressed %s: %q: got %q, want %q", v.want.Kind, v.text, got, v.value)
		}
	}
}

func TestDetails(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		want   command.Want
		text   string
		answer command.Answer
	}{
		{single4, "B", command.Answer{Value: "B"}},
		{single4, "改B", command.Answer{Value: "B"}},
		{single4, "改成B", command.Answer{Value: "B"}},
		{single4, "更正：B", command.Answer{Value: "B"}},
		{single4, "选B", command.Answer{Value: "B"}},
		{trueFalse, "改成错", command.Answer{Value: "false"}},
		{multiple4, "改全选", command.Answer{Value: "ABCD"}},
		{number, "改成12", command.Answer{Value: "12"}},
		{blank, "改答：红色", command.Answer{Value: "红色"}},
		{checkin, "签到", command.Answer{Value: "yes"}},
		{checkin, "请假：去PARTY 學習。", command.Answer{Value: "leave", Reason: "去PARTY 學習"}},
		{checkin, "有事来不了", command.Answer{Value: "leave"}},
		{signup, "+1", command.Answer{Value: "yes", Count: 1}},
		{signup, "参加", command.Answer{Value: "yes", Count: 1}},
		{signup, "报名 2人", command.Answer{Value: "yes", Count: 2}},
		{signup, "报名两位", command.Answer{Value: "yes", Count: 2}},
		{signup, "取消报名", command.Answer{Value: "withdraw"}},
	} {
		got, verdict := command.Read(v.text).Match(v.want)
		if d := cmp.Diff(v.answer, got); d != "" || verdict != command.OK {
			t.Errorf("%q: verdict %d %s", v.text, verdict, d)
		}
	}
}

func TestShortCode(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"17 A", "17.A", "17. A", "#17 A", "#17A", "17：A", "17号A", "17号 A", "17、A", "17题 A", "第17题 A", "１７ Ａ", "17 选A", "17 A 谢谢", "17A", "17选A", "题17 A",
		"@支部小助手\u200517 A"} {
		r := command.Read(text, "支部小助手")
		if got := show(r.Match(single4)); r.Code != 17 || got != "A" {
			t.Errorf("%q: code %d, answer %q", text, r.Code, got)
		}
	}
	for _, text := range []string{"17", "17.", "17.5", "17:30", "17:30 开会", "1、3", "1,3", "0 A", "100 A", "117 A", "A 17", "#", "第", "#1234 A", "17号3"} {
		if r := command.Read(text); r.Code != 0 {
			t.Errorf("%q: code %d", text, r.Code)
		}
	}
	for _, v := range []struct {
		want        command.Want
		text, value string
	}{
		{number, "17 12.5", "12.5"},
		{number, "17.5", "17.5"},
		{number, "12", "12"},
		{number, "#1 3", "3"},
		{digits4, "17 1", "A"},
		{digits4, "1 3", "AC"},
		{digits4, "#1 3", "C"},
		{digits1, "1 3", "C"},
		{trueFalse, "3 √", "true"},
		{ack, "3 收到", "yes"},
	} {
		if got := show(command.Read(v.text).Match(v.want)); got != v.value {
			t.Errorf("%s: %q: %q, want %q", v.want.Kind, v.text, got, v.value)
		}
	}
	r := command.Read("3 红色")
	r.Addressed = true
	if got := show(r.Match(blank)); r.Code != 3 || got != "红色" {
		t.Errorf("3 红色: code %d, %q", r.Code, got)
	}
}

func TestLongTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("A", 4097), strings.Repeat("A、", 1000), strings.Repeat("「」\n", 1000), strings.Repeat("谢谢", 600),
		strings.Repeat("\ufdfa", 1300), strings.Repeat("张三、", 400) + "收到", strings.Repeat("A[强]", 500), strings.Repeat("1,", 2000), strings.Repeat("代", 1300),
		strings.Repeat("答：", 600), strings.Repeat("\u200b", 1300)} {
		took := time.Hour
		for range 5 { // the quickest counts: the machine may be busy with other things
			start := time.Now()
			r := command.Read(text, "支部小助手")
			for _, v := range vectors {
				r.Match(v.want)
			}
			if took = min(took, time.Since(start)); took <= 200*time.Millisecond {
				break
			}
		}
		if took > 200*time.Millisecond {
			t.Errorf("%.20q takes %v", text, took)
		}
	}
	if r := command.Read(strings.Repeat(" ", 4096) + "A"); r.Text != "" {
		t.Errorf("a text of more than 4096 bytes reads as %q", r.Text)
	}
}

// canonical values are read as themselves, for that is what buttons send.
func FuzzRead(f *testing.F) {
	for _, v := range vectors {
		for _, text := range v.texts {
			f.Add(text)
		}
	}
	for _, v := range addressed {
		f.Add(v.text)
	}
	f.Add(strings.Repeat("A、", 3000))
	f.Fuzz(func(t *testing.T, text string) {
		r := command.Read(text, "支部小助手")
		for _, v := range vectors {
			for _, r.Addressed = range []bool{false, true} {
				a, verdict := r.Match(v.want)
				if verdict == command.OK && a.Value == "" || verdict != command.OK && verdict != command.Near && a.Value != "" {
					t.Fatalf("%q: verdict %d with the value %q on %s", text, verdict, a.Value, v.want.Kind)
				}
				switch v.want.Kind {
				case command.Single, command.Multiple, command.Order, command.TrueFalse, command.Number:
					again := command.Read(a.Value)
					if b, _ := again.Match(v.want); b.Value != a.Value {
						t.Fatalf("%q: %q is read as %q on %s", text, a.Value, b.Value, v.want.Kind)
					}
				}
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"letter", "A"}, {"wide", "Ａ。"}, {"letters", "A、C"}, {"chinese", "收到，谢谢"}, {"talk", "明天下午三点在会议室开会，请大家准时参加"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := command.Read(c.text, "支部小助手")
				r.Match(single4)
				r.Match(checkin)
			}
		})
	}
}

// A choice for a ballot is read, weakly, only where it is addressed to it.
func TestBallot(t *testing.T) {
	t.Parallel()
	want := command.Want{Kind: command.Ballot, Options: 3, Texts: []string{"公园", "博物馆", "在家"}}
	for _, c := range []struct {
		text      string
		addressed bool
		value     string
		verdict   command.Verdict
	}{
		{"B", false, "", command.NoMatch},
		{"博物馆", false, "", command.NoMatch},
		{"B", true, "B", command.OK},
		{"选A、C", true, "AC", command.OK},
		{"博物馆", true, "B", command.OK},
		{"D", true, "", command.NoMatch},
		{"几点出发？", true, "", command.NoMatch},
	} {
		r := command.Read(c.text)
		r.Addressed = c.addressed
		a, v := r.Match(want)
		if v != c.verdict || a.Value != c.value || v == command.OK && !a.Weak {
			t.Errorf("%q: %+v, %v", c.text, a, v)
		}
	}
}

// Talk that concerns nobody costs no memory.
func BenchmarkTalk(b *testing.B) {
	talk := []string{"明天下午三点在会议室开会", "中午一起去食堂吃饭", "老赵把扳手还我", "夜班表改了吧", "下雨了记得带伞", "我先走了"}
	wants := []command.Want{single4, trueFalse, ack, checkin, done, signup}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := command.Read(talk[i%len(talk)], "支部小助手")
		r.Self = "张三"
		for _, w := range wants {
			r.Match(w)
		}
	}
}
