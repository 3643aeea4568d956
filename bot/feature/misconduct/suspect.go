package misconduct

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/locale"
)

// Reports of wrongdoing are told by stems of words, which stand in the catalogue.
// One of misconduct.words makes a text a report. One of misconduct.doubt has harmless uses
// too: with somebody who did it (misconduct.who) the text is a report, else its author
// is asked. They are asked as well when the stem stands in a common phrase
// (misconduct.asked), when it says what is prevented (防贪, 严禁赌博), or when the text
// is about a lesson, a film or a rule (misconduct.about). What is in misconduct.harmless is
// no stem at all. It is better to ask once too often than to store a report.
// How people disguise or mistype such words is in disguise.go.

// Suspicion is how much a text looks like a report.
type Suspicion int

// In rising order.
const (
	Harmless Suspicion = iota
	Doubtful
	Report
)

// stems are words by the rune with which they begin.
type stems map[rune][]string

// in tells whether a folded text has one of them.
func (s stems) in(text string) bool {
	for i, r := range text {
		for _, word := range s[r] {
			if strings.HasPrefix(text[i:], word) {
				return true
			}
		}
	}
	return false
}

func stemsOf(key string) stems {
	s := stems{}
	for _, lang := range locale.Languages {
		for _, word := range strings.Fields(locale.Text(lang, key)) {
			r, _ := utf8.DecodeRuneInString(word)
			s[r] = append(s[r], strings.ReplaceAll(word, "_", " "))
		}
	}
	return s
}

// lists are the words of the catalogue.
var lists = sync.OnceValue(func() (l struct {
	words, doubt, who, about stems
	harmless, asked          *regexp.Regexp
}) {
	l.words, l.doubt = stemsOf("misconduct.words"), stemsOf("misconduct.doubt")
	l.who, l.about = stemsOf("misconduct.who"), stemsOf("misconduct.about")
	either := func(all ...stems) string {
		var words []string
		for _, s := range all {
			for _, w := range s {
				for _, word := range w {
					words = append(words, regexp.QuoteMeta(word))
				}
			}
		}
		return "(?:" + strings.Join(words, "|") + ")"
	}
	l.harmless = regexp.MustCompile(either(stemsOf("misconduct.harmless")))
	l.asked = regexp.MustCompile(either(stemsOf("misconduct.asked")) +
		"|(?:禁止|严禁|防止|预防|防范|杜绝|抵制|远离|拒绝|反对|反|防|禁|拒)" + either(l.words, l.doubt))
	return l
})

// Suspect reads a text, as it is and without its disguise.
func Suspect(text string) Suspicion {
	l := lists()
	text, spelt := plain(command.Fold(chat.Clean(text)))
	if !spelt && !l.words.in(text) && !l.doubt.in(text) {
		return Harmless
	}
	text = l.harmless.ReplaceAllString(text, ",")
	if !spelt && !l.words.in(text) && !l.doubt.in(text) {
		return Harmless
	}
	rest := l.asked.ReplaceAllString(text, ",")
	if !l.about.in(text) && (l.words.in(rest) || (spelt || l.doubt.in(rest)) && l.who.in(rest)) {
		return Report
	}
	return Doubtful
}
