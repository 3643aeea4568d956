package command_test

import (
	"strings"
	"testing"

	"branchbot/bot/command"
)

// The test vectors of the answer normaliser. A value of "-" means no match,
// "!" malformed, "%" a proxy; a trailing "?" means weak.
var vectors = []struct {
	want  command.Want
	texts []string
	value string
}{
	{single4, []string{"A", "a", "Ａ", "Ａ。", "A.", "选A", "我选A", "答案A", "答A", "A吧", "A项", "A！", "选 A", "答案：A", "答案是A",
		"改A", "改成A", "更正A", "A[OK]", "A👌", "@支部小助手\u2005A", "\u200bA", "每月一次", "1", "①", "一", "1.", "A 谢谢",
		"「王敏：第 3 题」\n- - - - - - - - - - - - - - -\nA", "選A"}, "A"},
	{single4, []string{"AC", "A和B", "E", "OK"}, "!"},
	{single4, []string{"好的", "A公司的事", "今天A股跌了", "", "。", "ABC公司", "13", "收到", "é", "١", "5", "A B C 都行吧我觉得"}, "-"},
	{multiple4, []string{"AC", "A C", "A、C", "A,C", "A，C", "A和C", "A+C", "ac", "CA", "A;C", "A/C", "ＡＣ", "选AC", "改成A、C", "ACA", "A C。"}, "AC"},
	{multiple4, []string{"全选", "ABCD都对", "以上都对", "A-D", "a-d", "ＡＢＣＤ", "全部", "A到D"}, "ABCD"},
	{multiple4, []string{"A"}, "A"},
	{multiple4, []string{"A-F", "AE"}, "!"},
	{multiple4, []string{"13", "1,3", "A啊这"}, "-"},
	{digits4, []string{"1,3", "13", "1 3", "1、3", "①③", "AC"}, "AC"},
	{digits12, []string{"13"}, "-"},
	{digits12, []string{"1,3", "A,C"}, "AC"},
	{trueFalse, []string{"对", "√", "✓", "✔", "正确", "是", "T", "Y", "t", "对的", "对！", "對", "选对", "改对"}, "true"},
	{trueFalse, []string{"错", "×", "✗", "X", "x", "错误", "不对", "否", "F", "N", "錯", "不对。", "改成错"}, "false"},
	{trueFalse, []string{"B"}, "!"},
	{trueFalse, []string{"1", "不对劲", "对了，明天几点", "好", "是不是"}, "-"},
	{ack, []string{"收到", "收到！", "已收到", "收到，谢谢", "已阅", "已读", "阅", "知悉", "已知悉", "已悉", "明白", "收到[抱拳]", "收到👍", "收到~~", "已閱", "收到，谢谢您！"}, "yes"},
	{ack, []string{"好的", "OK", "ok", "[OK]", "👌", "1"}, "yes?"},
	{ack, []string{"收到请回复", "我没收到", "大家收到了吗"}, "-"},
	{ack, []string{"张三、李四收到"}, "%"},
	{done, []string{"已学", "已学习", "学完", "已学。", "已學"}, "yes"},
	{done, []string{"打卡", "已打卡"}, "yes?"},
	{checkin, []string{"签到", "簽到", "打卡", "已打卡", "签到！", "报到"}, "yes"},
	{checkin, []string{"到", "在"}, "yes?"},
	{checkin, []string{"请假", "请假：出差", "有事来不了", "請假"}, "leave"},
	{checkin, []string{"代张三签到", "张三、李四签到", "替李四打卡"}, "%"},
	{checkin, []string{"在吗", "到哪了", "明天签到吗"}, "-"},
	{signup, []string{"+1", "＋1", "加1", "我参加", "参加", "报名", "报名2人", "+2", "算我一个", "报名 2 人"}, "yes"},
	{signup, []string{"不参加", "-1", "取消"}, "withdraw"},
	{number, []string{"12", "12.0", "１２", "+12", "12个", "12人", "012", "12 %"}, "12"},
	{number, []string{"-0", "0.0", "0"}, "0"},
	{number, []string{"1e9", "NaN", "١٢٣", "1234567890123456", "十二", "电话12345678901234567"}, "-"},
	{order4, []string{"BADC", "b a d c", "B→A→D→C", "B>A>D>C", "B、A、D、C"}, "BADC"},
	{order4, []string{"BAD", "BADD", "BADCE"}, "!"},
	{blank, []string{"答 红色", "答：红色", "答案是红色", "答案:红色"}, "红色"},
	{blank, []string{"红色", "今天的会改到三点"}, "-"},
}

var (
	single4   = command.Want{Kind: command.Single, Options: 4, Texts: []string{"每月一次", "每季度一次", "每半年一次", "每年一次"}}
	multiple4 = command.Want{Kind: command.Multiple, Options: 4}
	digits4   = command.Want{Kind: command.Multiple, Options: 4, Digits: true}
	digits12  = command.Want{Kind: command.Multiple, Options: 12, Digits: true}
	trueFalse = command.Want{Kind: command.TrueFalse}
	ack       = command.Want{Kind: command.Acknowledge}
	done      = command.Want{Kind: command.Done}
	checkin   = command.Want{Kind: command.CheckIn}
	signup    = command.Want{Kind: command.SignUp}
	number    = command.Want{Kind: command.Number}
	order4    = command.Want{Kind: command.Order, Options: 4}
	blank     = command.Want{Kind: command.Blank}
)

func show(a command.Answer, v command.Verdict) string {
	switch v {
	case command.NoMatch:
		return "-"
	case command.Malformed:
		return "!"
	case command.Proxy:
		return "%"
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
}

func TestShortCode(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"17 A", "17.A", "#17 A", "17：A", "17号A", "17、A", "17题 A", "１７ Ａ"} {
		r := command.Read(text)
		if got := show(r.Match(single4)); r.Code != 17 || got != "A" {
			t.Errorf("%q: code %d, answer %q", text, r.Code, got)
		}
	}
	for text, want := range map[string]string{"17 12.5": "12.5", "17.5": "17.5", "12": "12"} {
		if got := show(command.Read(text).Match(number)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	addressed := command.Read("3 红色")
	addressed.Addressed = true
	if got := show(addressed.Match(blank)); addressed.Code != 3 || got != "红色" {
		t.Errorf("3 红色: code %d, %q", addressed.Code, got)
	}
}

func TestLeaveAndCounts(t *testing.T) {
	t.Parallel()
	if a, _ := command.Read("请假：出差").Match(checkin); a.Reason != "出差" {
		t.Errorf("reason %q", a.Reason)
	}
	if a, _ := command.Read("报名2人").Match(signup); a.Count != 2 {
		t.Errorf("count %d", a.Count)
	}
}

func FuzzRead(f *testing.F) {
	for _, v := range vectors {
		for _, text := range v.texts {
			f.Add(text)
		}
	}
	f.Add(strings.Repeat("A、", 3000))
	f.Fuzz(func(t *testing.T, text string) {
		r := command.Read(text, "支部小助手")
		for _, v := range vectors {
			for _, addressed := range []bool{false, true} {
				r.Addressed = addressed
				a, verdict := r.Match(v.want)
				if verdict == command.OK && a.Value == "" {
					t.Errorf("%q is an answer of no value to %s", text, v.want.Kind)
				}
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	for name, text := range map[string]string{"letter": "A", "chinese": "收到，谢谢", "talk": "明天下午三点在会议室开会，请大家准时参加"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := command.Read(text, "支部小助手")
				r.Match(single4)
				r.Match(checkin)
			}
		})
	}
}
