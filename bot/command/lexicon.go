package command

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sense is what a phrase of a lexicon says. A text is read as a row of phrases,
// and says all that they say.
type sense uint8

const (
	aside  sense = 0         // courtesy, a greeting, a promise: says nothing
	weak   sense = 1 << iota // ordinary talk as well
	strong                   // said of nothing else
	back                     // takes an answer back
)

// lexicon holds the phrases of one kind of answer, in the form of squeeze.
type lexicon struct {
	phrases map[string]sense
	longest int           // bytes
	first   map[rune]bool // with which a phrase begins
	stems   []string      // one of them is in every strong phrase that is asked about
}

func newLexicon(stems string, says map[sense]string, more ...string) *lexicon {
	l := &lexicon{phrases: map[string]sense{}, first: map[rune]bool{}, stems: strings.Fields(stems)}
	add := func(list string, s sense) {
		for phrase := range strings.FieldsSeq(list) {
			if _, there := l.phrases[phrase]; !there {
				l.phrases[phrase] = s
				l.longest = max(l.longest, len(phrase))
				l.first[firstRune(phrase)] = true
			}
		}
	}
	for _, s := range []sense{back, strong, weak, aside} {
		add(says[s], s)
	}
	for _, list := range more {
		add(list, aside)
	}
	return l
}

// courtesy is what people put around an answer of any kind.
const courtesy = `- -- 3Q 谢谢啦 感谢啦 谢谢书记提醒 感谢书记提醒 谢谢领导提醒 感谢领导提醒 谢谢书记通知 书记辛苦 书记辛苦了 领导辛苦 领导辛苦了 辛苦书记 辛苦领导 均 谢谢 谢 谢谢你 谢谢您 谢谢大家 谢谢提醒 谢谢通知 感谢 多谢 非常感谢 十分感谢 感谢提醒 感谢组织 辛苦 辛苦了 您辛苦了 你辛苦了 大家辛苦了 辛苦啦 麻烦了
	麻烦您了 麻烦你了 不好意思 抱歉 来晚了 回复晚了 刚看到 才看到 刚刚看到 刚才没看到 THANKS THANK YOU THANKYOU THX SIR PLEASE
	早 早上好 上午好 中午好 下午好 晚上好 大家好 大家早 各位早 各位好 你好 您好 HI HELLO 报告 汇报 回复
	我 本人 俺 咱 我这边 这边 我这里 已 已经 也 刚 刚刚 刚才 正在 的 了 啊 呀 哦 噢 喔 哈 哈哈 嘿嘿 啦 咯 喽 嘞 哒 滴 哟 诶 哎 唉 呐 呢 哇 额 呃 嗯嗯嗯
	今天 今日 早班 中班 夜班 晚班 白班 大夜班 小夜班`

// vocatives are whom one speaks to. They stand at the end of a clause, else they are
// whom one speaks of: 大家签到.
var vocatives = strings.Fields(`各位领导 领导 同志们 同志 大家 各位 小助手 支部小助手 助手 机器人`)

// titles are vocatives too, and may stand behind a surname: 王书记, 李工.
var titles = []string{"书记", "支书", "主任", "班长", "组长", "老师", "经理", "部长", "科长", "处长", "厂长", "队长", "主席", "师傅", "委员", "工长", "站长", "段长", "所长",
	"总", "工", "姐", "哥", "叔", "姨", "同志"}

// starts tells whether a text can be a row of phrases, by its first character alone: so
// most talk is done with.
func (l *lexicon) starts(s, self string) bool {
	for _, r := range s {
		if !squeezed(r) {
			return l.first[r] || isSurname[r] || isEmoji(r) || self != "" && strings.HasPrefix(self, string(r)) || strings.ContainsRune("各领同大小支助机书主班组老经部科处厂队师委工站段所", r)
		}
		if r == '[' || isEmoji(r) {
			return true
		}
	}
	return true
}

// holds tells whether a stem is in a text.
func (l *lexicon) holds(s string) bool {
	for _, stem := range l.stems {
		if strings.Contains(s, stem) {
			return true
		}
	}
	return false
}

// read tells what a squeezed text says; false when it is not made of phrases
// alone. self is the sender's name, which says nothing.
func (l *lexicon) read(text, self string) (sense, bool) {
	if text == "" || len(text) > maxPhrases {
		return 0, false
	}
	// at[i] has a bit for each set of senses in which text[:i] can be read.
	var at [maxPhrases + 1]uint16
	at[0] = 1
	for i, r := range text {
		if at[i] == 0 {
			continue
		}
		step := func(n int, s sense) {
			for had := range sense(16) {
				if at[i]&(1<<had) != 0 {
					at[i+n] |= 1 << (had | s>>1)
				}
			}
		}
		rest := text[i:]
		for n := utf8.RuneLen(r); n <= min(len(rest), l.longest); {
			if s, ok := l.phrases[rest[:n]]; ok {
				step(n, s)
			}
			_, size := utf8.DecodeRuneInString(rest[n:])
			if n += size; size == 0 {
				break
			}
		}
		if self != "" && strings.HasPrefix(rest, self) {
			step(len(self), aside)
		}
		if r == clauseEnd {
			step(1, aside)
		}
		if n := vocative(rest); n > 0 {
			step(n, aside)
		}
	}
	// What takes back comes first, then the strongest.
	best, ok := sense(0), false
	for had := range sense(16) {
		if at[len(text)]&(1<<had) != 0 && (!ok || had > best) {
			best, ok = had, true
		}
	}
	return best << 1, ok
}

// vocative is the length of the one that a text begins with; 0 when with none.
func vocative(s string) int {
	ends := func(n int) bool { return n == len(s) || s[n] == clauseEnd }
	for _, v := range vocatives {
		if strings.HasPrefix(s, v) && ends(len(v)) {
			return len(v)
		}
	}
	first, size := utf8.DecodeRuneInString(s)
	for _, title := range titles {
		switch {
		case len(title) > 3 && strings.HasPrefix(s, title) && ends(len(title)):
			return len(title)
		case strings.HasPrefix(s[size:], title) && ends(size+len(title)) && isSurname[first]:
			return size + len(title)
		}
	}
	return 0
}

// maxPhrases bounds a text of phrases, in bytes.
const maxPhrases = 150

// surnames are the commonest; they tell a name from a thing.
const surnames = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"

var isSurname = func() map[rune]bool {
	is := map[rune]bool{}
	for _, r := range surnames {
		is[r] = true
	}
	return is
}()

// clauseEnd stands in a squeezed text for what parts its clauses.
const clauseEnd = '|'

// squeeze is the form in which phrases are compared: a canonical text with one
// clauseEnd for all blanks, punctuation, quotes, brackets, emoji and codes of
// emoticons between two clauses. 收 到 and GOT IT are one.
func squeeze(s string) string {
	if strings.IndexFunc(s, squeezed) < 0 {
		return s
	}
	var space [256]byte
	out := space[:0]
	singles, clause, gap := true, 0, false
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if n := emoticon(s[i:]); n > 0 {
			gap = true
			i += n
			continue
		}
		if squeezed(r) {
			gap = true
			i += size
			continue
		}
		if gap && len(out) > 0 && !(r < 0x80 && out[len(out)-1] < 0x80 && (s[i-1] == ' ' || s[i-1] == '\'')) {
			out = append(out, clauseEnd)
			clause = 0
		}
		gap = false
		out = utf8.AppendRune(out, r)
		if clause++; clause > 1 {
			singles = false
		}
		i += size
	}
	text := string(out)
	if singles {
		text = joined(text)
	}
	return text
}

// joined is a squeezed text as one clause.
func joined(s string) string { return strings.ReplaceAll(s, string(clauseEnd), "") }

func squeezed(r rune) bool {
	if r < 0x80 {
		return !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '+' || r == '-' || r == '%')
	}
	return isEmoji(r) || unicode.IsSpace(r) || r >= 0x2010 && r <= 0x203F || r >= 0x3000 && r <= 0x303F && r != 0x3007 || r == '·' || r == '•' || r == '﹏'
}

// emoticon is the length of a code such as [强] at the start; 0 when there is
// none. [OK] and the like are words of their own.
func emoticon(s string) int {
	if s[0] != '[' {
		return 0
	}
	end := strings.IndexByte(s, ']')
	if end < 0 || cutEmoticon(s[:end+1]) != "" {
		return 0
	}
	switch s[1:end] {
	case "签到", "收到", "已阅", "报名", "已学", "打卡", "对", "错", "到", "参加":
		return 0
	}
	if end == 2 && isLetter(s[1]) {
		return 0
	}
	return end + 1
}

// asks tells whether a text asks, rather than says something.
func asks(s string) bool {
	if strings.ContainsAny(s, "?？") {
		return true
	}
	s = strings.TrimRight(s, " 。.!~,")
	for _, tail := range []string{"吗", "么", "没", "没有", "不", "吧啊", "否", "嘛"} {
		if strings.HasSuffix(s, tail) && !strings.HasSuffix(s, "是不") {
			return true
		}
	}
	for _, word := range []string{"谁", "怎么", "什么", "为啥", "为什么", "哪", "是不是", "有没有", "能不能", "可不可以", "要不要", "多少", "几个人", "咋"} {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

// denies tells whether a text says that something is not so, or speaks of
// others or of another time.
func denies(s string) bool {
	for _, word := range []string{"没问题", "没事", "不好意思", "不见不散", "不客气", "没错", "不会迟到", "不迟到", "不缺席"} {
		s = strings.ReplaceAll(s, word, "")
	}
	return strings.ContainsAny(s, "没未不别无忘漏莫勿") || mentionsOthers(s)
}

func mentionsOthers(s string) bool {
	for _, word := range []string{"你", "他", "她", "您", "们", "谁", "人都", "有人", "请", "记得", "提醒", "帮", "替", "代", "费", "快递", "短信", "工资", "货", "发票", "钱"} {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}
