package content

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What the lines of a question bank are. Blanks are any of Unicode's: Word and web pages
// write U+3000 and U+00A0.

const (
	ws = `[\s\p{Zs}]*`

	// typeWords are the words for types in headings and marks, the longer ones first.
	typeWords = `单项选择|多项选择|不定项选择|单选|单项|多选|多项|不定项|选择|判断改错|判断正误|判断|是非|对错|填空|数字|数值|排序|` + essayWords
	// essayWords are those that nobody can answer with a word in a chat.
	essayWords = `简答|论述|问答|名词解释|名词|材料分析|案例分析|案例|材料|分析|计算|操作|实操|写作|作文|辨析|连线|配对|匹配|主观|综合`
	ordinals   = `[一二三四五六七八九十]{1,3}`
)

var (
	separatorLine = regexp.MustCompile(`^[-—–=_*~·.…─━═＊＝－\s\p{Zs}]{3,}$`)
	pageLine      = regexp.MustCompile(`^.{0,40}(?:第` + ws + `\d{1,4}` + ws + `页|[Pp]age` + ws + `\d{1,4}|共` + ws + `\d{1,4}` + ws + `页|^[-—–]` + ws + `\d{1,4}` + ws + `[-—–]$).{0,20}$`)
	scoreLine     = regexp.MustCompile(`^(?:得分|本题得分|分数|满分)?` + ws + `[:：]?` + ws + `[（(]?\d+(?:\.\d+)?` + ws + `分[)）]?$`)
	digitsLine    = regexp.MustCompile(`^\d{1,4}$`)

	headingLine = regexp.MustCompile(`^(?:#{1,6}` + ws + `|\*\*` + ws + `)?` +
		`(?P<ordinal>第` + ws + `(?:` + ordinals + `|\d{1,2})` + ws + `(?:部分|大题|篇|题|类)?` + ws + `[、.．:：]?` + ws + `|[（(]?` + ordinals + `[)）]?` + ws + `[、.．,，:：]?` + ws + `|\d{1,2}` + ws + `[、.．)）]` + ws + `|[ⅠⅡⅢⅣⅤⅥⅦ]+` + ws + `[、.．]?` + ws + `|[IVX]{1,4}` + ws + `[、.．]` + ws + `)?` +
		`(?P<label>题型` + ws + `[:：]` + ws + `)?[【\[「《（(]?` + ws + `(?P<type>` + typeWords + `)(?P<word>类?(?:小?题|题型)(?:库|部分)?|类|部分)?` + ws + `[】\]」》）)]?` + ws +
		`(?:\(?（?` + ws + `共?` + ws + `\d{1,4}` + ws + `(?:道|个|小?题|分)+` + ws + `[)）]?` + ws + `)?(?:[（(【\[][^（）()【】\[\]]*[)）】\]]` + ws + `[,，。、;；]?` + ws + `)*[:：。.]?` + ws + `(?:\*\*)?$`)
	chapterLine     = regexp.MustCompile(`^(?:#{1,6}` + ws + `|\*\*)?(?:第` + ws + `(?:[一二三四五六七八九十百零]{1,4}|\d{1,3})` + ws + `(?:章|节|篇|编|单元|部分|讲|课|模块|条线|卷|类)|附[录件])[^。？?（）()]{0,40}$`)
	markdownLine    = regexp.MustCompile(`^#{1,6}\s+(.*)$`)
	instructionLine = regexp.MustCompile(`^[（(【\[]?` + ws + `(?:(?:答题)?(?:说明|须知|要求)|注意|注[:：]|请|本(?:部分|大题|题|卷|题库)|以下|下列|每(?:小)?题|在每|判断下列|将|从|单项|多项|正确的(?:打|画|请|在)|对的|凡|选出).*(?:题|选项|答案|分|括号|选|填|打|画|√|×)`)
	// typeMark is a type with the score of the question, in brackets.
	typeMark   = `[【\[（(「]` + ws + `(?:本题)?` + ws + `(` + typeWords + `)(?:题型|小?题)?` + ws + `(?:[,，、;；.:：\s]*[（(]?` + ws + `\d+(?:\.\d+)?` + ws + `分[)）]?)?` + ws + `[】\])）」]`
	markBefore = regexp.MustCompile(`^` + typeMark + ws + `[、.．:：]?` + ws)
	markAfter  = regexp.MustCompile(ws + typeMark + `[。.]?$`)
	bareType   = regexp.MustCompile(`^(` + typeWords + `)题` + ws + `[:：]` + ws)
	scoreMark  = regexp.MustCompile(ws + `[（(【\[]` + ws + `(?:本题|每题)?` + ws + `\d+(?:\.\d+)?` + ws + `分` + ws + `[)）】\]]` + ws)

	numberMark = regexp.MustCompile(`^(?:第` + ws + `(\d{1,5})` + ws + `[题道问]` + ws + `[、.．:：)）]?|[（(]` + ws + `(\d{1,4})` + ws + `[)）]` + ws + `[、.．:：]?|[【\[]` + ws + `(\d{1,5})` + ws + `[】\]]|[QqＱ][.．]?` + ws + `(\d{1,5})` + ws + `[、.．:：)）]|(\d{1,5})` + ws + `([、.．)）:：,，])|(\d{1,5})([\t\x{3000}\x{00a0} ]+))` + ws)
	// numberThenType is a number with the type of the question behind it.
	numberThenType = regexp.MustCompile(`^(\d{1,5})` + ws + typeMark)
	// answerFirst is the bracket for the answer before the number: （ B ）1、
	answerFirst = regexp.MustCompile(`^[（(]` + ws + `([A-Ja-jＡ-Ｊ]{0,10}|√|×|对|错|T|F)` + ws + `[)）]` + ws + `(\d{1,4}` + ws + `[、.．])`)
	listMark    = regexp.MustCompile(`^[-*+>•●▪○◯□☐]+[\s\p{Zs}]*`)
	askMark     = regexp.MustCompile(`^(?:[【\[](?:题目|题干|试题|问题|试题内容|题目内容)[】\]]` + ws + `[:：]?|(?:题目|题干|试题|问题|试题内容|题目内容|[Qq]uestion)` + ws + `\d{0,4}` + ws + `[:：])` + ws)

	// labels, the longer words first. What is behind "ignored" is not read.
	answerWords  = `正确答案|参考答案|标准答案|本题答案|试题答案|答案选项|正确选项|答案|正解|答|ANSWER|Answer|answer|KEY|Key`
	explainWords = `答案解析|试题解析|题目解析|答案说明|考点解析|解析|解释|分析|说明|详解|点评|解答|EXPLAIN|Explain|explain`
	sourceWords  = `法规依据|参考依据|题目来源|试题来源|出处|来源|依据|SOURCE|Source|source`
	tagWords     = `知识点|考点|所属章节|章节|标签|分类|模块|所属知识点`
	ignoredWords = `我的答案|你的答案|您的答案|学生答案|考生答案|作答|难易程度|难易度|难度系数|难度|分值|分数|得分|题号|试题编号|用时|答题时间|正确率|易错项|全站正确率|统计`
	labelWords   = ignoredWords + `|` + answerWords + `|` + explainWords + `|` + sourceWords + `|` + tagWords

	labelMark  = regexp.MustCompile(`^(?:[【\[（(]` + ws + `(?P<boxed>` + labelWords + `)` + ws + `[】\])）]` + ws + `[:：]?|(?P<plain>` + labelWords + `)` + ws + `(?:[:：]|(?:是|为)` + ws + `[:：]?))` + ws + `(?P<rest>.*)$`)
	shortLabel = regexp.MustCompile(`^(?:(?:` + answerWords + `|答)` + ws + `[:：]?` + ws + `|选` + ws + `)([A-Ja-jＡ-Ｊ]{1,10}|对|错|正确|错误|√|×)` + ws + `[。.]?$`)
	// innerLabel begins a line of its own within another: "C.浇水 答案：A", "答案：A 解析：…".
	innerLabel = regexp.MustCompile(`[【\[](?:` + labelWords + `)[】\]]|(?:` + ignoredWords + `|正确答案|参考答案|标准答案|本题答案|试题答案|答案解析|试题解析|题目解析|答案|解析|ANSWER|Answer)` + ws + `[:：]`)

	optionsLabel = regexp.MustCompile(`^[【\[]?(?:备选项|备选答案|选项)[】\]]?` + ws + `[:：]` + ws)
	strongOption = regexp.MustCompile(`^(?:[（(【\[]` + ws + `([A-Za-zＡ-Ｚａ-ｚ])` + ws + `[)）】\]]` + ws + `[.．、:：]?|([A-Za-zＡ-Ｚａ-ｚ])` + ws + `([.．、:：)）]))` + ws)
	weakOption   = regexp.MustCompile(`^([A-JＡ-Ｊ])(?:` + ws + `[,，\-—–]` + ws + `|[\s\p{Zs}]+|)`)

	letterList    = `[A-JＡ-Ｊ](?:` + ws + `[、,，;；/|｜.．和与&+]?` + ws + `[A-JＡ-Ｊ])*`
	lettersLine   = regexp.MustCompile(`^[（(]?` + ws + `(` + letterList + `)` + ws + `[)）]?[。.]?$`)
	answerBracket = regexp.MustCompile(`[（(【\[]` + ws + `(` + letterList + `|对|错|正确|错误|√|×|✓|✔|✗|✘|T|F|V|X|Y|N|t|f|x)` + ws + `[)）】\]]|_{2,}` + ws + `(` + letterList + `)` + ws + `_{2,}`)
	gap           = regexp.MustCompile(`_{2,}|[（(][\s\p{Zs}]*[)）]|[【\[][\s\p{Zs}]*[】\]]`)
)

// number is the number before a question, with its style ("、", "()", "第", "blank" …).
type number struct {
	n     int
	style string
	rest  string
	doubt bool // it may be a part of the text: 3.5 米; 2012、2017 年
}

// numbered reads the number before a question; ok is false when there is none, or one that
// may be a part of the text.
func numbered(line string) (m number, ok bool) {
	m, ok = numberOf(line)
	return m, ok && !m.doubt
}

func numberOf(line string) (m number, ok bool) {
	if r, _ := utf8.DecodeRuneInString(line); !unicode.IsDigit(r) && !strings.ContainsRune("第（([【QqＱ", r) {
		return m, false
	}
	if at := numberThenType.FindStringSubmatchIndex(line); at != nil { // 1【单选】
		m.n, _ = strconv.Atoi(norm.NFKC.String(line[at[2]:at[3]]))
		m.style, m.rest = "type", line[at[3]:]
		return m, true
	}
	at := numberMark.FindStringSubmatchIndex(line)
	if at == nil {
		return m, false
	}
	group := func(i int) string {
		if at[2*i] < 0 {
			return ""
		}
		return line[at[2*i]:at[2*i+1]]
	}
	styles := []string{1: "第", 2: "()", 3: "[]", 4: "Q", 5: "", 7: "blank"}
	for i, style := range styles {
		if i == 0 || i == 6 || group(i) == "" { // 6 is the sign behind the number
			continue
		}
		m.n, _ = strconv.Atoi(norm.NFKC.String(group(i)))
		m.style = style
		if i == 5 {
			m.style = norm.NFKC.String(group(6))
		}
	}
	m.rest = strings.TrimSpace(line[at[1]:])
	next, _ := utf8.DecodeRuneInString(line[at[1]:])
	if m.style != "第" && m.style != "()" && m.style != "[]" && m.style != "blank" && unicode.IsDigit(next) && !strings.HasSuffix(line[:at[1]], " ") {
		m.doubt = true
	}
	if m.style == "blank" && (m.rest == "" || !unicode.Is(unicode.Han, next) && next != '“' && next != '《' && next != '【' && next != '[' && next != '(' && next != '（') {
		return m, false
	}
	return m, true
}

// heading reads a heading that gives a type: "" when it leaves that open; "essay". sure tells
// that nothing but a heading looks so.
func heading(line string) (typed Type, sure, ok bool) {
	if len(line) > 240 || len(line) > 60 && !strings.Contains(line, "题") || !strings.ContainsAny(line, "选断空数序答述释析算作案合料线对配观操是词") {
		return "", false, false
	}
	m := headingLine.FindStringSubmatch(line)
	if m == nil {
		return "", false, false
	}
	word := func(name string) string { return m[headingLine.SubexpIndex(name)] }
	return typeWord(word("type")), word("ordinal") != "" || word("label") != "" || word("word") != "", true
}

// essay marks questions that nobody can answer with a word in a chat.
const essay Type = "essay"

var isEssay = regexp.MustCompile(`^(?:` + essayWords + `)$`)

// typeWord is the type of one of typeWords; "" where the questions themselves tell it.
func typeWord(s string) Type {
	switch {
	case isEssay.MatchString(s):
		return essay
	case s == "选择":
		return ""
	case strings.HasPrefix(s, "判断"), s == "是非", s == "对错":
		return TrueFalse
	}
	return typeOf(s)
}

// labelBegins are the characters with which labels begin; most lines begin with others.
var labelBegins = func() string {
	all := "【[（(选答"
	for w := range strings.SplitSeq(labelWords, "|") {
		r, _ := utf8.DecodeRuneInString(w)
		all += string(r)
	}
	return all
}()

// labelled reads a line such as 答案：B, 【解析】…; kind is answer, explain, source, tags, ignored.
func labelled(line string) (kind, rest string, ok bool) {
	if r, _ := utf8.DecodeRuneInString(line); !strings.ContainsRune(labelBegins, r) {
		return "", "", false
	}
	if m := shortLabel.FindStringSubmatch(line); m != nil {
		return "answer", m[1], true
	}
	m := labelMark.FindStringSubmatch(line)
	if m == nil {
		return "", "", false
	}
	word := m[labelMark.SubexpIndex("boxed")] + m[labelMark.SubexpIndex("plain")]
	rest = strings.TrimSpace(m[labelMark.SubexpIndex("rest")])
	for _, k := range []struct{ kind, words string }{{"ignored", ignoredWords}, {"answer", answerWords}, {"explain", explainWords}, {"source", sourceWords}, {"tags", tagWords}} {
		for w := range strings.SplitSeq(k.words, "|") {
			if w == word {
				return k.kind, rest, true
			}
		}
	}
	return "", "", false
}

// apart parts a line at the labels within it.
func apart(line string) []string {
	if strings.Contains(line, "答案") { // "D.蓝色 答案 B"
		line = answerEnd.ReplaceAllString(line, " 答案：$1")
	}
	boxes, colons := strings.ContainsAny(line, "】]"), strings.Count(line, ":")+strings.Count(line, "：")
	if !boxes && colons == 0 {
		return []string{line}
	}
	if r, _ := utf8.DecodeRuneInString(line); !boxes && colons == 1 && strings.ContainsRune(labelBegins, r) {
		if _, _, ok := labelled(line); ok {
			return []string{line}
		}
	}
	all := innerLabel.FindAllStringIndex(line, -1)
	var parts []string
	from := 0
	for _, at := range all {
		if at[0] > from && strings.TrimSpace(line[from:at[0]]) != "" {
			if before := strings.TrimSpace(line[from:at[0]]); !labelEnds(before) {
				parts = append(parts, before)
				from = at[0]
			}
		}
	}
	return append(parts, strings.TrimSpace(line[from:]))
}

var answerEnd = regexp.MustCompile(`[\s\p{Zs}](?:正确|参考|标准)?答案[\s\p{Zs}]*(` + letterList + `)[。.]?$`)

// labelEnds tells of text that goes on with the label: "下列" before "答案：", a quote.
func labelEnds(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	return strings.ContainsRune("“\"‘《（(", r)
}

// pageNumber tells of the header or footer of a page.
func pageNumber(line string) bool {
	if len(line) > 240 || !strings.ContainsAny(line, "页Pp-—–") || utf8.RuneCountInString(line) > 60 || !pageLine.MatchString(line) {
		return false
	}
	_, isNumber := numbered(line)
	return !isNumber && !strongOption.MatchString(line) && !strings.ContainsAny(line, "？?（）()")
}

// titleWords stand in the titles of banks.
var titleWords = []string{"题库", "试题", "试卷", "考试", "测试", "测验", "竞赛", "考核", "练习", "题集", "知识", "答题", "问答", "大全", "汇编"}

func hasTitleWord(line string) bool {
	return slices.ContainsFunc(titleWords, func(w string) bool { return strings.Contains(line, w) })
}

// titleLike tells of a line that heads a bank and asks nothing.
func titleLike(line string) bool {
	return utf8.RuneCountInString(line) <= 40 && !strings.ContainsAny(line, "。？?！!；;_") && !gap.MatchString(line) && !answerBracket.MatchString(line)
}
