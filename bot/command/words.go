package command

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// promises are what people add to a receipt. A verb of doing stands in it, so
// that they are no talk of something else.
const promises = `会准时参加 准时参加 按时参加 会按时参加 一定参加 会参加 参加 准时到 按时到 会准时到 会按时到 准时到会 按时到会 准时参会 按时参会 会准时参会 一定到 一定准时到 一定准时参加
	一定按时参加 到时见 会议见 不见不散 保证完成 保证完成任务 坚决落实 坚决完成任务 马上落实 立即落实 抓紧落实 认真落实 抓好落实 按要求落实 按要求做 按要求执行 按通知执行 严格执行 遵照执行 照办 马上办 马上去办 马上处理
	立即执行 认真学习 认真准备 会认真学习 抓紧完成 尽快完成 按时完成 按时提交 按时交 马上交 准时到场 按时到场 准时出席 按时出席 一定准时 会准时的 一定照办 服从安排 听从安排 已安排 马上安排 马上传达 已传达 已传达到位 已通知到位 已转发 并转发 届时参加 届时到 保证准时 保证准时参加 抓紧办 立即办 尽快办 尽快落实 明天见 明早见 明日见 没问题 不会迟到 不迟到`

// The phrases of each kind; see squeeze for their form. What is ordinary talk
// as well is weak.
var (
	receipts = newLexicon("收 阅 悉 知 SHOUDAO", map[sense]string{
		strong: `收到 收到了 已收到 收到通知 通知收到 收到消息 消息收到 收到信息 信息收到 收悉 来函收悉 已收悉 已阅 已读 阅 阅知 已阅知 知悉 已知悉 已悉 悉知 悉 已知晓 知晓 已知 已了解 已知道 已明白 看到通知了
			通知已阅 通知已收到 文件收到 文件已阅 遵命 获悉 敬悉 敬收 查收 已查收 已查阅 已查看 已阅读 已经阅读 阅读完毕 阅毕 已阅毕 已领会 已接收 接收 接到通知 已接到通知 得令 领命 收刀 售到 RECEIVED GOTIT GOT COPY COPYTHAT ROGER ROGERTHAT NOTED ACK READ SHOUDAO YIYUE 收道 收倒 收到到 已越 以阅 己阅`,
		weak: `好的 好 接到 收 受到 手到 确认 已确认 确认参加 UNDERSTOOD WILLDO 好的好的 好滴 好嘞 好哒 好呀 好啊 好吧 行 行的 中 可以 可以的 OK OKOK OKAY OKK YES 知道 知道了 知道啦 了解 了解了 明白 明白了 清楚 清楚了 晓得了 懂了 是 是的 嗯 嗯嗯 恩 恩恩 1 11 111 一 +1
			看到 看到了 已看 看了 没问题 记住了 记下了 👌 👍 🫡 💪 🙏 🆗 ✅ ☑ √ ✓ [强] [抱拳] [OK] [敬礼] [握手] [玫瑰] [鼓掌]`,
		back: `撤回收到 取消收到 收回收到 撤回回执 取消回执 收到作废 刚才的收到不算 刚才收到不算 收到点错了 点错了 发错了 回错了 误点 误回 UNDO`,
	}, courtesy, promises, "我们 我们都 都 全部 全 通知 消息 信息 文件 该 此 本 群 群里 群通知 内容 到 会 一定 准时 按时 认真 回执 确认 OVER WITH ALL 指示 要求 安排 任务 转告 已转达 明确")
	checkIns = newLexicon("签 打卡 报到 到岗 到位 QIANDAO DAKA CHECK", map[sense]string{
		strong: `签到 签到了 已签到 签到打卡 打卡签到 打卡 打卡了 已打卡 打个卡 签个到 签到一下 报到 报到了 前来报到 已报到 到场 前来签到 来签到 来签到了 签到完成 完成签到 签到成功 签 已签 上班打卡 到岗 已到岗 到岗了 已到位 到位 到位了 已到场 到场了
			签到完毕 打卡完成 前来报道 已就位 就位 人员到位 人员已到位 已到达 已到达现场 到达现场 已到会 已到会场 已入座 签一个 签到ING QD SIGNEDIN SIGN-IN CHECK-IN CHECKIN CHECKEDIN SIGNIN HERE PRESENT IAMHERE IMHERE QIANDAO DAKA 签道 签倒 签到到 千到 鉴到`,
		weak: `到 报道 到达 到会 在会议室 已在会议室 到会议室 在线 已上线 上线 上线了 坐好了 有 ✋ 🖐 ✔ 在 在的 在呢 在这 到了 已到 到啦 来了 来啦 我来了 我到了 人到了 在岗 1 11 111 一 +1 OK 👌 👍 🙋 ✅ ☑ √ ✓ 🆗 🫡 举手 [OK] [举手]`,
		back: `取消签到 撤回签到 取消打卡 撤销签到 撤销打卡 收回签到 签错了 签到错了 误签 误签到 点错了 签到点错了 签到作废 签到不算 刚才的签到不算 刚才签到不算 打错卡了 其实我没到 我没到 UNDO`,
	}, courtesy, "会议 会场 现场 已 人 已经 准时 按时 早早 正常 我来 签到处 支部 学习 上班 上岗 在线 线上 远程 值班 迟到了 晚到 晚到了 迟到两分钟 刚下夜班 刚到 好 好的 嗯 是")
	lessons = newLexicon("学 读完 DONE", map[sense]string{
		strong: `已学 已经学习 学习啦 学啦 学过啦 学习完啦 学习任务完成 已阅读 已认真阅读 认真阅读完毕 阅读完毕 已学习 学习了 学完 学完了 已学完 学完啦 学过了 已学过 学习完毕 已学习完 已学习完毕 学习完了 学习完成 已完成学习 完成学习 学毕 学好了 已学好 读完了 已读完 DONE FINISHED LEARNED LEARNT STUDIED YIXUE XUEWAN 以学 己学 学习过了 已认真学习 认真学习了
			认真学习完毕 已认真学完 认真学完了 课学完了 学了`,
		weak: `打卡 已打卡 学习打卡 已读 已阅 阅 OK 1 一 +1 看完 看完了 已看 已看完 看过了 看了 完成 已完成 完成了 👌 👍 ✅ ☑ √ ✓ 💪 🆗 好的 收到 [OK] [强]`,
		back: `撤回已学 取消已学 还没学 没学完 还没学完 其实没学完 点错了 误点 已学点错了 UNDO`,
	}, courtesy, "我们 都 收获很大 收获满满 收获颇丰 很有收获 受益匪浅 受益 很受启发 很受教育 深受教育 深受启发 受教 受教了 很有用 很实用 写得好 写得真好 内容很好 讲得很好 学到了 学到很多 长知识了 涨知识了 感触很深 很有帮助 今天的 今日的 本期 本节 今日 任务 认真学习 读过了 很好 这课 这节课 本课 这一课 第一课 课 全文 认真 赞")
	signUps = newLexicon("报 参加 接龙 算我 加我 带我 JOIN", map[sense]string{
		strong: `报名 报名了 已报名 我报 报上 报上我的名 给我报上 把我报上 把我加上 加上我 可以参加 能参加 一定参加 会参加 确认参加 确定参加 参与 参加 我参加 要参加 想参加 也参加 参加的 报名参加 接龙 算我一个 算上我 算我 加我 加我一个 带我一个 带上我 报个名 报一个 报我 报上我 我要报名 我想报名 想报名 要报名 我也报名 也报名 报1个 报一个人 报名一个 报名1 报名一下
			帮我报名 给我报名 帮我报个名 帮我报上 给我报一个 替我报名 帮忙报名 帮我接龙 COUNTMEIN JOIN IMIN SIGNUP BAOMING 报明 抱名`,
		weak: `1 一 去 我去 我也去 也去 我要去 想去 我想去 OK 👌 👍 🙋 ✅ 🆗 举手 [OK] [举手]`,
		back: `不参加 不参加了 我不参加 我不参加了 取消报名 取消接龙 取消参加 退出 退出报名 退出接龙 不报名 不报名了 不报了 撤回报名 撤销报名 帮我取消 帮我取消报名 取消我的报名 把我的取消 把我的取消了 帮我取消一下 帮我退一下 帮我退了 帮我退掉 把我去掉 把我删了 去掉我 划掉我 -1 退掉 退了`,
	}, courtesy, "一个 一人 一位 1人 1个 1位 活动 这个 这次 会 准时 到 单人 我一个 一个人 就我一个 就我 自己 帮我 参与 吧 好 好的")
	// leaves end a text in which somebody does not come; where he is, it may mean lunch too.
	leaves = []string{"不去", "不去了", "不去啦", "去不了", "去不了了", "去不了啦", "去不成了", "来不了", "来不了了", "不来了", "参加不了", "参加不了了", "不参加了"}
)

// words reads acknowledgements, check-ins, lessons done and sign-ups.
func (r Reply) words(w Want) (Answer, Verdict) {
	k := w.Kind
	var l *lexicon
	a := Answer{Value: "yes"}
	switch k {
	case Acknowledge:
		l = receipts
	case Done:
		l = lessons
	case CheckIn:
		if reason, ok := r.leave(); ok {
			return Answer{Value: "leave", Reason: reason}, OK
		}
		if text, ok := LeaveText(r.raw); ok { // 明天请假
			if _, _, how := Days(text, someDay); how == Clear {
				return Answer{Value: "leave"}, OK
			}
		}
		l = checkIns
	case Join:
		if len(r.Text) > maxPhrases+len(r.Self) {
			return Answer{}, NoMatch
		}
		if b, v, ok := r.signUp(); ok {
			return b, v
		}
		a.Count, l = 1, signUps
	}
	stem := r.Quoted || l.holds(r.Text)
	if len(r.Text) > maxPhrases+len(r.Self) && !stem || !stem && !l.starts(r.Text, r.Self) || asks(r.Text) {
		return Answer{}, NoMatch
	}
	text := joined(squeeze(r.Text))
	said, ok := l.read(cmp.Or(squeeze(withoutRemark(r.withoutTitle(w))), r.Text), r.Self)
	switch {
	case !ok || said == 0:
		return r.unsure(l, k, text, a)
	case said&back != 0:
		return Answer{Value: "withdraw"}, OK
	case said&strong == 0: // a name makes a clear answer of 到
		a.Weak = r.Self == "" || !strings.Contains(r.Text, r.Self)
	}
	return a, OK
}

// withoutTitle drops the title of a sign-up, or the end of it: 报名周六植树, 参加植树.
func (r Reply) withoutTitle(w Want) string {
	if w.Kind != Join || len(w.Texts) == 0 {
		return r.Text
	}
	title := []rune(canonical(half(w.Texts[0])))
	for i := 0; i+2 <= len(title); i++ {
		if rest := strings.Replace(r.Text, string(title[i:]), "", 1); rest != r.Text && rest != "" {
			return rest
		}
	}
	return r.Text
}

// withoutRemark drops what stands in round brackets at the end: 到(在食堂).
func withoutRemark(s string) string {
	open := strings.LastIndexByte(s, '(')
	if open <= 0 || !strings.HasSuffix(s, ")") || asks(s[open:]) || denies(s[open:]) {
		return s
	}
	return s[:open]
}

// unsure tells of a text that is no clear answer whether it is near enough to
// one to ask: a clause of it is one, and nothing in it asks or denies.
func (r Reply) unsure(l *lexicon, k Kind, text string, a Answer) (Answer, Verdict) {
	if len(text) > maxPhrases || text == "" || !r.Quoted && !l.holds(text) {
		return Answer{}, NoMatch
	}
	if denies(text) {
		return Answer{}, NoMatch
	}
	if strings.Count(r.Text, "\n") > 1 { // a list, or something forwarded
		return Answer{}, NoMatch
	}
	for clause := range strings.FieldsFuncSeq(r.Text, parts) {
		if said, ok := l.read(squeeze(clause), r.Self); ok && said&strong != 0 && said&back == 0 {
			return a, Near
		}
	}
	// Voice to text has no punctuation: 收到明天准时到.
	for i := range text {
		if i == 0 || !slices.ContainsFunc(onward, func(w string) bool { return strings.HasPrefix(text[i:], w) }) {
			continue
		}
		if said, ok := l.read(text[:i], r.Self); ok && said&strong != 0 {
			return a, Near
		}
	}
	if l.named(text) {
		return a, Near
	}
	if r.Quoted && k != Join && utf8.RuneCountInString(text) <= 12 && !strings.ContainsFunc(text, unicode.IsDigit) {
		return a, Near
	}
	return Answer{}, NoMatch
}

// parts tells where a clause ends.
func parts(r rune) bool { return strings.ContainsRune(" ,.。;:!~…\n、", r) }

// onward are the words with which a promise goes on behind a receipt.
var onward = []string{"明天", "后天", "今晚", "下午", "一定", "准时", "按时", "保证", "马上", "立即", "我会", "会", "到时", "及时", "尽快", "认真", "坚决", "尽量", "稍后", "等下"}

// named tells whether a text is an answer with the name of somebody behind or
// before it, who may be the sender under another name.
func (l *lexicon) named(text string) bool {
	for _, group := range []string{"班", "班组", "车间", "小组", "组", "全体", "科室"} { // 三班收到
		if i := strings.Index(text, group); i >= 0 && i <= 9 {
			if said, ok := l.read(text[i+len(group):], ""); ok && said&strong != 0 && said&back == 0 {
				return true
			}
		}
	}
	for _, title := range titles {
		if rest, ok := strings.CutPrefix(text, title); ok && len(title) > 3 {
			if said, ok := l.read(rest, ""); ok && said&strong != 0 && said&back == 0 {
				return true
			}
		}
	}
	first, _ := utf8.DecodeRuneInString(text)
	for i, r := range text {
		if i == 0 {
			continue
		}
		if said, ok := l.read(text[:i], ""); ok && said&strong != 0 && said&back == 0 && isSurname[r] && likeName(text[i:]) {
			return true
		}
		if isSurname[first] && likeName(text[:i]) {
			if said, ok := l.read(text[i:], ""); ok && said&strong != 0 && said&back == 0 {
				return true
			}
		}
	}
	return false
}

// likeName tells whether a word can be a name of two or three characters, or one with a title.
func likeName(s string) bool {
	if n := vocative(s); n > 0 && n == len(s) {
		return true
	}
	return utf8.RuneCountInString(s) <= 3 && isPerson(s) && !strings.ContainsAny(s, "了吗的过着在到时间今明后前上下多少不没")
}

// signUp reads what is special about sign-ups: counts, and leaving. ok is false
// when the text says neither.
func (r Reply) signUp() (a Answer, v Verdict, ok bool) {
	counted := withoutRemark(r.Text)
	if r.Self != "" {
		counted = strings.Trim(strings.TrimPrefix(counted, r.Self), between)
	}
	if n, ok := signCount(counted); ok {
		if n < 1 || n > 99 {
			return Answer{}, Malformed, true
		}
		return Answer{Value: "yes", Count: n}, OK, true
	}
	if asks(r.Text) {
		return Answer{}, NoMatch, false
	}
	if n, sure := headCount(joined(squeeze(withoutRemark(r.Text)))); n > 0 {
		if !sure {
			return Answer{Value: "yes", Count: n}, Near, true
		}
		return Answer{Value: "yes", Count: n}, OK, true
	}
	if said, ok := signUps.read(squeeze(r.Text), r.Self); ok && said&back != 0 {
		return Answer{Value: "withdraw"}, OK, true
	}
	text := joined(squeeze(r.Text))
	for _, title := range []string{"书记", "不好意思", "抱歉"} {
		text = strings.TrimPrefix(strings.TrimSuffix(text, title), title)
	}
	if text == "取消" || text == "撤销" || text == "撤回" {
		return Answer{Value: "withdraw", Weak: true}, OK, true
	}
	for _, leave := range leaves {
		before, ok := strings.CutSuffix(text, leave)
		if ok && utf8.RuneCountInString(before) <= 9 && !mentionsOthers(before) && (leave != "不去" || before == "") {
			if said, ok := signUps.read(before, r.Self); before != "" && ok && said&back != 0 {
				break
			}
			return Answer{Value: "withdraw", Weak: true}, OK, true
		}
	}
	// A leave is meant for a check-in rather, if one is open too.
	if reason, ok := r.leave(); ok {
		return Answer{Value: "withdraw", Reason: reason, Weak: true}, OK, true
	}
	return Answer{}, NoMatch, false
}

// leave is a reply that says why somebody does not come: 请假, 请假：出差. A
// reason has at most 100 characters.
func (r Reply) leave() (reason string, ok bool) {
	for _, word := range []string{"请假", "我请假", "我要请假", "今天请假", "有事来不了", "来不了"} {
		rest, found := strings.CutPrefix(r.Text, word)
		if !found {
			continue
		}
		if rest == "" {
			return "", true
		}
		if !strings.ContainsRune(" :,、\n", firstRune(rest)) || strings.HasSuffix(r.raw, "?") {
			return "", false
		}
		reason = strings.Trim(r.raw[len(word):], " :,、\n。.!~")
		return reason, utf8.RuneCountInString(reason) <= 100
	}
	return "", false
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// signCount reads a sign-up with a number: +1, 加2, 报名2人, 报名 两位, 改成3人.
func signCount(s string) (n int, ok bool) {
	s = strings.TrimPrefix(s, "我")
	rest, found := cutWord(s, "报名", "参加", "接龙", "报", "算我们", "算我", "一共", "总共", "共")
	more := strings.TrimLeft(rest, " :")
	plus := strings.TrimPrefix(more, "+")
	if !found {
		plus, found = cutWord(s, "人数改成", "人数改为", "改成", "改为", "变成", "更正为", "改报", "改", "+", "加")
		plus = strings.TrimPrefix(strings.TrimLeft(plus, " :"), "+")
	}
	if !found {
		return 0, false
	}
	for {
		after, cut := cutWord(plus, "报名", "参加", "我们", "一共", "共", " ")
		if !cut {
			break
		}
		plus = after
	}
	n, rest, ok = count(plus)
	rest = strings.TrimLeft(rest, " ")
	return n, ok && (rest == "" || slices.Contains([]string{"人", "位", "个", "名", "个人", "口", "人了", "个人了", "人吧", "人报名", "人参加"}, rest))
}

func cutWord(s string, words ...string) (rest string, found bool) {
	for _, w := range words {
		if rest, ok := strings.CutPrefix(s, w); ok {
			return rest, true
		}
	}
	return s, false
}

// headCount reads a sign-up for several in words: 我和媳妇两个人, 我们一家三口,
// 三个人参加. Where the number is left to guess (我带个家属) it is not sure; 0
// when the text is none.
func headCount(s string) (n int, sure bool) {
	if pair, ok := cutWord(s, "我们俩", "我俩", "俺俩", "夫妻俩", "我们夫妻俩", "两口子", "我们两口子", "一家两口"); ok && slices.Contains([]string{"", "报名", "参加", "去", "都去", "都参加", "一起去", "一起"}, pair) {
		return 2, true
	}
	rest, we := cutWord(s, "我们", "我家", "我")
	if !we && withFamilyCount(s) {
		rest, we = s, true
	}
	for _, end := range []string{"报名", "参加", "都去", "去", "一起去", "一起", "都参加"} {
		if before, ok := strings.CutSuffix(rest, end); ok {
			rest, we = before, true
		}
	}
	rest, _ = cutWord(rest, "一家")
	if !we {
		return 0, false
	}
	for _, end := range []string{"个人", "口人", "口子", "口", "人", "位", "个"} {
		before, ok := strings.CutSuffix(rest, end)
		if !ok {
			continue
		}
		for i := range before { // what stands before the number names those who come along
			n, more, ok := count(before[i:])
			if !ok || more != "" || n < 1 || n > 20 {
				continue
			}
			if i == 0 || withFamily(before[:i]) {
				return n, true
			}
		}
	}
	if withFamily(rest) && strings.HasPrefix(s, "我") {
		return 2, false
	}
	return 0, false
}

// withFamilyCount tells whether a text begins with who comes along: 带家属2人.
func withFamilyCount(s string) bool {
	rest, ok := cutWord(s, "带", "含")
	return ok && strings.ContainsAny(rest, "人个口") && (strings.HasPrefix(rest, "家属") || strings.HasPrefix(rest, "孩子") || strings.HasPrefix(rest, "家人"))
}

// withFamily tells whether a text names who comes along: 和媳妇, 带孩子.
func withFamily(s string) bool {
	rest, ok := cutWord(s, "和", "跟", "带着", "带个", "带一个", "带上", "带", "含", "还有", "加")
	if !ok {
		return false
	}
	rest, _ = cutWord(rest, "我")
	for _, who := range []string{"媳妇", "老婆", "老公", "爱人", "对象", "孩子", "儿子", "女儿", "家属", "家人", "父母", "爸妈", "妈", "爸", "同事", "朋友", "娃", "小孩"} {
		if more, ok := strings.CutPrefix(rest, who); ok && (more == "" || withFamily(more) || more == "一共" || more == "共") {
			return true
		}
	}
	return false
}

// proxy tells whether the reply answers for somebody else: 代张三签到,
// 替李四答A, 张三、李四收到. Without 代 only a list of names, and only a word
// that is no ordinary talk, is taken for one.
func (r Reply) proxy(w Want) bool {
	if len(r.Text) > 256 || firstRune(r.Text) < 0x2E80 {
		return false
	}
	rest, forOther := r.Text, false
	for _, word := range []string{"代替", "代表", "帮忙", "代", "替", "帮"} {
		if after, ok := strings.CutPrefix(r.Text, word); ok {
			rest, forOther = strings.TrimLeft(after, " "), true
			break
		}
	}
	if forOther && w.Kind == Join && strings.HasPrefix(rest, "我") {
		return false // 帮我报名 is one's own
	}
	if !forOther && !strings.Contains(rest, "、") {
		return false
	}
	for {
		name, after, more := strings.Cut(rest, "、")
		if !more {
			break
		}
		if !isPerson(name) {
			return false
		}
		rest = strings.TrimLeft(after, " ")
	}
	end, runes := 0, 0
	for _, c := range rest {
		if end += utf8.RuneLen(c); !unicode.Is(unicode.Han, c) || runes == 9 {
			return false
		}
		runes++
		if isPerson(rest[:end]) && forThem(strings.TrimLeft(rest[end:], " :"), w, r.Addressed) {
			return true
		}
	}
	return false
}

// forThem tells whether what stands behind the names is an answer.
func forThem(text string, w Want, addressed bool) bool {
	for _, all := range []string{"都", "均", "全"} {
		text = strings.TrimPrefix(text, all)
	}
	switch w.Kind {
	case Single, Multiple, Order, TrueFalse, Number:
		if _, led := cutLeads(text); !led && !addressed {
			return false
		}
	case Blank:
		if _, said := blankLead(text, addressed); !said {
			return false
		}
	}
	if text == "" {
		return false
	}
	a, v := Reply{Text: text, raw: text, Addressed: addressed}.read(w)
	return v == OK && !a.Weak
}

// things are what notices are about, and no names: 文件、通知收到.
const things = "文件 材料 通知 附件 资料 会议 邮件 信息 消息 短信 表格 内容 精神 要求 任务 大家 全部 全体 领导 好的 谢谢 已经"

// isPerson tells whether a word can be the name of somebody, or two joined
// (张三和李四).
func isPerson(s string) bool {
	if s == "我" || s == "他" || s == "她" {
		return true
	}
	if one, other, ok := strings.Cut(s, "和"); ok && isPerson(one) && isPerson(other) {
		return true
	}
	n := utf8.RuneCountInString(s)
	if n < 2 || n > 4 || strings.Contains(things, s) || strings.HasSuffix(s, "们") {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool { return !unicode.Is(unicode.Han, c) })
}
