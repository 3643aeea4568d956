package misconduct

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// plain takes the usual disguises from a folded text: traditional characters, signs and
// blanks between the characters, characters that sound or look alike, characters or whole
// words in pinyin, digits in the place of letters or characters. It returns the text as it
// was read in each way, a line each; and whether words are written wholly in pinyin or by
// its initials, which may mean something else.
func plain(text string) (lines string, spelt bool) {
	d := disguises()
	text = strings.Map(func(r rune) rune {
		if to, ok := d.runes[r]; ok {
			return to
		}
		return r
	}, text)
	if n := letters(text); n > 2 || n > 0 && han.MatchString(text) {
		text, spelt = unspell(text)
	}
	joined := squeeze(text)
	lines = text + "\n" + joined
	if strings.ContainsAny(joined, "0123456789") {
		lines += "\n" + forNumerals.Replace(joined)
	}
	return d.respelt.Replace(lines), spelt
}

// unspell takes out what is written in letters.
func unspell(text string) (out string, spelt bool) {
	d := disguises()
	text = mixed.ReplaceAllStringFunc(text, func(word string) string {
		if letters(word) < 3 || letters(word) == len(word) {
			return word
		}
		return word + " " + forLetters.Replace(word)
	})
	spelt = d.spelt.MatchString(text)
	if !han.MatchString(text) {
		return text, spelt
	}
	for _, s := range d.syllables {
		text = s.in.ReplaceAllStringFunc(text, func(word string) string {
			if han.MatchString(word) {
				return s.word
			}
			return word
		})
	}
	return text, spelt
}

var (
	mixed       = regexp.MustCompile(`[a-z0-9@$]+`)
	han         = regexp.MustCompile(`\p{Han}`)
	forLetters  = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "9", "g", "@", "a", "$", "s")
	forNumerals = strings.NewReplacer("0", "零", "1", "一", "2", "二", "3", "三", "4", "四", "5", "五", "6", "六", "7", "七", "8", "八", "9", "九")
)

func letters(word string) (n int) {
	for _, r := range word {
		if 'a' <= r && r <= 'z' {
			n++
		}
	}
	return n
}

// squeeze leaves out what is no letter and no digit. A mark that parts sentences stays, as a
// comma, unless it stands beside a single character: 受，贿.
func squeeze(text string) string {
	var out strings.Builder
	run, mark := 0, false // the length of the run of letters before, and whether a mark is after it
	for i, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if mark && run != 1 && !alone(text[i:]) {
				out.WriteByte(',')
			}
			if mark {
				run = 0
			}
			mark = false
			run++
			out.WriteRune(r)
		case strings.ContainsRune("，。！？；：,!?;:\n", r):
			mark = true
		}
	}
	return out.String()
}

// alone tells whether one letter or digit stands by itself at the beginning of a text.
func alone(text string) bool {
	n := 0
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		if n++; n > 1 {
			return false
		}
	}
	return n == 1
}

// syllables is a word of which some characters are in pinyin.
type syllables struct {
	in   *regexp.Regexp
	word string
}

var disguises = sync.OnceValue(func() (d struct {
	runes     map[rune]rune
	respelt   *strings.Replacer
	syllables []syllables
	spelt     *regexp.Regexp
}) {
	d.runes = map[rune]rune{}
	for _, pair := range strings.Fields(otherForms) {
		r := []rune(pair)
		for _, from := range r[1:] {
			d.runes[from] = r[0]
		}
	}
	var pairs []string
	for _, entry := range strings.Fields(soundAlike) {
		right, wrong, _ := strings.Cut(entry, "=")
		for _, w := range strings.Split(wrong, ",") {
			pairs = append(pairs, w, right)
		}
	}
	d.respelt = strings.NewReplacer(pairs...)
	var whole []string
	for _, entry := range strings.Fields(inPinyin) {
		word, sounds, _ := strings.Cut(entry, "=")
		var either, all []string
		for i, sound := range strings.Split(sounds, "-") {
			either = append(either, "(?:"+string([]rune(word)[i])+"|"+sound+")")
			all = append(all, sound)
		}
		const between = `[^\p{L}\p{N}]*` // signs and blanks
		d.syllables = append(d.syllables, syllables{regexp.MustCompile(strings.Join(either, between)), word})
		whole = append(whole, strings.Join(all, between))
	}
	whole = append(whole, strings.Fields(initials)...)
	d.spelt = regexp.MustCompile(`\b(?:` + strings.Join(whole, "|") + `)\b|` + withInitials)
	return d
})

// otherForms are characters, each before those that stand for it: traditional and older
// forms, vowels with tones, signs.
const otherForms = `
aāáǎà eēéěè iīíǐì oōóǒò uūúǔùüǖǘǚǜ
贪貪 贿賄 赂賂 财財 报報 举舉擧 检檢 发發髮 罚罰 骚騷 扰擾 领領 导導 钱錢💰💵💴 货貨 赌賭 骗騙 诈詐 盗盜 窃竊 红紅 殴毆 滥濫 权權 职職 务務 违違
纪紀 规規 礼禮 占佔 克剋尅 关關 系係 后後 门門 强強 奸姦 亵褻 伤傷 杀殺 胁脅 压壓 复復複 诉訴 济濟 帐帳 账賬 虚虛 开開 伪偽僞 瞒瞞 谎謊
隐隱 内內 结結 围圍 标標 买買 卖賣 败敗 长長 书書 记記 经經 处處 厂廠 队隊 组組 车車 间間 师師 个個 们們 这這 话話 电電 动動 脚腳 对對 骂罵
体體 绑綁 贩販 驾駕 传傳 销銷 亲親 购購 烟煙 赠贈 收収 团團 会會 给給 费費 员員 头頭 条條 总總 场場 办辦 实實 据據 揽攬 调調 戏戲 挟挾 资資 产產 额額 独獨 领領
乱亂 养養 妇婦 仓倉 库庫 保 业業 业業 采採 应應 商 单單 价價 质質 优優 厚 为為 党黨 干幹 补補 贴貼 侵 吞 污汙汚 扣釦 回迴囘 款欵 宴讌 请請 吃喫 别別 欺 凌淩 勒 索 猥 强 恐 吓嚇 诬誣 谋謀 徇狥 渎瀆
`

// soundAlike are words, each before the ways in which it is mistyped or disguised. Only what
// stands in no harmless phrase is here: not 摊污 (一摊污水), not 刻扣 (立刻扣分).
const soundAlike = `
受贿=受秽,受烩,受诲,受贝有 行贿=行秽,行烩,行贝有 索贿=索秽,索烩,索贝有 贿赂=会赂,惠赂,汇赂,回赂,秽赂,贝有贝各
贪污=贪屋,贪呜,贪乌,贪吾,贪物受 回扣=回寇,回叩,回蔻,囬扣 吃回扣=吃回口,吃会扣,吃回k,拿回叩
红包=虹包,鸿包,弘包,红苞,🧧 举报=举抱,举爆,举暴 公款=公寛,公宽私用 吃拿卡要=吃那卡要,吃拿咔要,吃纳卡要,吃拿喀要,吃拿卡药
挪用=娜用,挪佣,挪拥 克扣=克寇,克叩 克扣工资=刻扣工资,客扣工资,课扣工资 克扣奖金=刻扣奖金,客扣奖金,课扣奖金
骚扰=搔扰,骚绕,骚饶,烧扰,臊扰 性骚扰=性sr,性s扰,性骚r,姓骚扰,性搔扰 猥亵=猥泄,猥谢,猥屑,委亵,伟亵,萎亵
勒索=勒锁 敲诈=敲炸,敲榨,悄诈,橇诈 赌博=赌搏,赌薄,赌伯,贝者博 家暴=佳暴 霸凌=霸零,罢凌 渎职=黩职,渎值,渎直 徇私=殉私,循私
侵占=浸占,侵沾 小金库=小金裤,小金酷,小今库,小斤库,晓金库,小紧库 打击报复=打击抱复,打击保复,打击暴复,打击报负,打鸡报复
以权谋私=以全谋私,已权谋私,以权某私,以权谋司,以权牟私,以拳谋私,以权谋丝 假公济私=假公挤私,假公济斯,假工济私
虚报冒领=须报冒领,虚报冒岭,虚抱冒领 好处费=好处废,好出费,好除费 威胁=威协,微胁,危胁,威肋 恐吓=恐赫 偷拍=偷啪 强奸=强歼,强煎,强女干了
嫖娼=嫖猖,瓢娼 黑钱=嘿钱 潜规则=浅规则,潜龟则 走后门=走候门,走厚门 穿小鞋=穿小斜,穿晓鞋
中饱私囊=中饱思囊,终饱私囊,中抱私囊 优亲厚友=优亲后友,忧亲厚友 偷工减料=偷工剪料,偷公减料 吃空饷=吃空响,吃空晌
任人唯亲=任人为亲,任人惟亲 滥用职权=烂用职权,乱用职权,滥用值权 玩忽职守=玩乎职守,玩忽职手 侵吞=浸吞 截留=劫留 送礼=送li 收礼=收li
`

// inPinyin are words with the sound of each character. Wholly in pinyin they may mean
// something else.
const inPinyin = `
受贿=shou-hui 行贿=xing-hui 索贿=suo-hui 贿赂=hui-lu 贪污=tan-wu 回扣=hui-kou 红包=hong-bao 举报=ju-bao 挪用=nuo-yong 公款=gong-kuan
骚扰=sao-rao 敲诈=qiao-zha 勒索=le-suo 偷盗=tou-dao 赌博=du-bo 吸毒=xi-du 霸凌=ba-ling 威胁=wei-xie 强奸=qiang-jian 黑钱=hei-qian 小金库=xiao-jin-ku
打击报复=da-ji-bao-fu 以权谋私=yi-quan-mou-si 吃拿卡要=chi-na-ka-yao 猥亵=wei-xie 偷拍=tou-pai 侵占=qin-zhan 渎职=du-zhi 嫖娼=piao-chang 好处费=hao-chu-fei
骗补=pian-bu 腐败=fu-bai 克扣=ke-kou 假账=jia-zhang 家暴=jia-bao 虚报=xu-bao
`

// initials are those of words, where they are rarely anything else.
const initials = `nygk xsr yqms cnky djbf xjk twfb`

// withInitials are words of which the object is written by its initials.
const withInitials = `[收塞吃拿送](?:hb|hk)\b`
