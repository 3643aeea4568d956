package command

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// half is the NFKC form without unseen characters. What groups mostly write
// (ASCII, Chinese, full-width forms, emoji) is mapped rune by rune.
func half(s string) string {
	at := strings.IndexFunc(s, func(r rune) bool { return quick(r) != r })
	if at < 0 {
		return s
	}
	var space [256]byte
	out := append(space[:0], s[:at]...)
	for _, r := range s[at:] {
		switch q := quick(r); q {
		case slow:
			return norm.NFKC.String(clean(s))
		case drop:
		default:
			out = utf8.AppendRune(out, q)
		}
	}
	return string(out)
}

// What quick says of a rune instead of its half-width form.
const (
	drop rune = -1
	slow rune = -2
)

// quick is the NFKC form of a rune that is one rune and does not combine with
// its neighbours.
func quick(r rune) rune {
	switch {
	case r >= 0x4E00 && r <= 0x9FFF, r >= ' ' && r < 0x7F, r == '\n':
		return r
	case unseen(r):
		return drop
	case r == 0x3000, r == 0xA0, r == 0x2005, r == '\t':
		return ' '
	case r >= 0xFF01 && r <= 0xFF5E:
		return r - 0xFEE0
	case r >= 0x3001 && r <= 0x3003, r >= 0x3008 && r <= 0x3011, r >= 0x2010 && r <= 0x2015 && r != 0x2011,
		r >= 0x2018 && r <= 0x201F, r >= 0x2190 && r <= 0x21FF, r >= 0x2600 && r <= 0x27BF, r >= 0x1F300 && r <= 0x1FAFF:
		return r
	}
	return slow
}

// unseen characters show nothing by themselves: controls, zero-width
// characters, marks that turn the direction of writing, selectors of an
// emoji's look, broken UTF-8.
func unseen(r rune) bool {
	switch {
	case r < 0x7F:
		return r < ' ' && r != '\n' && r != '\t'
	case r < 0xA0, r == 0xAD, r == 0x34F, r == 0x61C, r == 0x115F, r == 0x1160, r == 0x180E, r == 0x20E3, r == 0x3164:
		return true
	}
	return r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060 && r <= 0x206F ||
		r >= 0xFE00 && r <= 0xFE0F || r == 0xFEFF || r == 0xFFA0 || r == utf8.RuneError || r >= 0xE0000 && r <= 0xE0FFF
}

func blank(r rune) bool { return unicode.IsSpace(r) || unseen(r) }

// clean removes what is unseen.
func clean(s string) string { return without(s, unseen) }

// cleanArgs leaves in what emoji are made of, for the text goes on to others.
func cleanArgs(s string) string {
	return without(s, func(r rune) bool { return unseen(r) && r != 0x200D && r != 0xFE0F && r != 0x20E3 })
}

func without(s string, gone func(rune) bool) string {
	if !strings.ContainsFunc(s, gone) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if gone(r) {
			return -1
		}
		return r
	}, s)
}

const (
	traditional = "對錯確誤沒簽報參請來個閱讀學習選謝項題畢為幫龍瞭後鐘時兩號點應該認覺會準們這種麼嗎還無過給現開關間門車電話張陳劉楊黃趙吳孫馬國華東員總記書長動廠黨組織導領區義務產藍綠紅顏維護醫藥險災滅煙訓練規則條約製場擔負責實際質設備運輸轉達聽見說講論議決傳單雙萬億內從眾節貫徹執進連續減壓氣溫濕環風雲飛機體術業農鄉鎮縣歷創紀檢監審財稅經濟買賣費錢銀銅鐵鋼鋁標誌樣圖畫線邊階級層幹臺灣廣寧滬漢藝館園遊覽劃計戰爭軍隊強調軟盤網絡視頻樂聲聞聯繫絕緣纜燈閉斷構築橋樑樓頂棄舊換觸獎勵懲罰獨與親愛勞勝敗優勢難勸試驗證據舉辦屆補償貸閒餘飯兒婦歲齡壽終歸隻"
	simplified  = "对错确误没签报参请来个阅读学习选谢项题毕为帮龙了后钟时两号点应该认觉会准们这种么吗还无过给现开关间门车电话张陈刘杨黄赵吴孙马国华东员总记书长动厂党组织导领区义务产蓝绿红颜维护医药险灾灭烟训练规则条约制场担负责实际质设备运输转达听见说讲论议决传单双万亿内从众节贯彻执进连续减压气温湿环风云飞机体术业农乡镇县历创纪检监审财税经济买卖费钱银铜铁钢铝标志样图画线边阶级层干台湾广宁沪汉艺馆园游览划计战争军队强调软盘网络视频乐声闻联系绝缘缆灯闭断构筑桥梁楼顶弃旧换触奖励惩罚独与亲爱劳胜败优势难劝试验证据举办届补偿贷闲余饭儿妇岁龄寿终归只"
)

// toSimple has the simplified form of traditional characters, from U+4E00 on; 0 for
// others. An array, because a search for each character of all talk is slow.
var toSimple = func() (table [0x5200]uint16) {
	to := []rune(simplified)
	for i, r := range []rune(traditional) {
		table[r-0x4E00] = uint16(to[i])
	}
	return table
}()

// simple is the simplified form of a traditional character that is common in
// answers and times. Both take three bytes, so that offsets stay.
func simple(r rune) rune {
	if i := int(r) - 0x4E00; i >= 0 && i < len(toSimple) && toSimple[i] != 0 {
		return rune(toSimple[i])
	}
	return r
}

// canonical is the form in which answers are compared.
func canonical(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0x1F130 && r <= 0x1F189 && (r-0x1F130)%0x20 < 26: // in a square or circle
			return 'A' + (r-0x1F130)%0x20
		case r >= 0x2E80:
			return simple(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

// tails are the thanks that people add after an answer.
var tails = []string{"谢谢", "谢谢你", "谢谢您", "感谢", "多谢", "辛苦了", "THANKS", "THX"}

// closing trims punctuation, thanks, emoticon codes and emoji at the end of a
// canonical text, as long as something is left.
func closing(s string) string {
	for {
		s = strings.TrimSpace(s)
		rest := s
		last, size := utf8.DecodeLastRuneInString(s)
		switch {
		case last == ']':
			rest = cutEmoticon(s)
		case strings.ContainsRune("。.!~〜,;；、…", last), isEmoji(last):
			rest = s[:len(s)-size]
		case strings.ContainsRune("谢你您了SX", last):
			for _, t := range tails {
				if before, ok := strings.CutSuffix(s, t); ok {
					rest = before
				}
			}
		}
		if rest == s || strings.TrimSpace(rest) == "" {
			return s
		}
		s = rest
	}
}

// cutEmoticon drops a code such as [强] or [OK] at the end.
func cutEmoticon(s string) string {
	open := strings.LastIndexByte(s, '[')
	if open < 0 {
		return s
	}
	n := 0
	for _, r := range s[open+1 : len(s)-1] {
		if n++; n > 8 || !unicode.Is(unicode.Han, r) && (r < 'A' || r > 'Z') {
			return s
		}
	}
	return s[:open]
}

// isEmoji tells what decorates; a tick or a cross is an answer by itself.
func isEmoji(r rune) bool {
	return r >= 0x1F000 && r <= 0x1FAFF || r >= 0x2600 && r <= 0x27BF && !(r >= 0x2713 && r <= 0x2718) && r != '✅' && r != '❌' && r != '❎' && r != '☑'
}

// unquote drops the block that WeChat's desktop clients put before a quoting
// reply: 「…」, then a line of dashes.
func unquote(s string) string {
	if !strings.HasPrefix(s, "「") {
		return s
	}
	for rest := s; ; {
		i := strings.Index(rest, "」\n")
		if i < 0 {
			return s
		}
		rest = rest[i+len("」\n"):]
		dashes, reply, ok := strings.Cut(rest, "\n")
		if ok && strings.Trim(dashes, "-— ") == "" && strings.Count(dashes, "-")+strings.Count(dashes, "—") >= 4 {
			return strings.TrimLeftFunc(reply, blank)
		}
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' }
