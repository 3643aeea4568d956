package roster

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"branchbot/bot/chat"
)

// How names and staff numbers are written: what is kept, what two of them are
// compared by.

const (
	longestStaff = 32 // bytes
	longestName  = 32 // characters
)

// TidyStaff is a staff number as it is kept: half-width, without what does not
// show.
func TidyStaff(s string) string { return unquoted(norm.NFKC.String(chat.Clean(s))) }

// StaffKey is what staff numbers are compared by; letters have no case.
func StaffKey(s string) string { return strings.ToLower(TidyStaff(s)) }

// staffFault is what is wrong with a tidy staff number, as a key under
// member.fault; "" when it is fine.
func staffFault(staff string) string {
	switch {
	case staff == "":
		return "empty"
	case len(staff) > longestStaff, strings.ContainsFunc(staff, unicode.IsSpace):
		return "staff"
	case scientific.MatchString(staff):
		return "number"
	}
	return ""
}

// scientific is a long number as spreadsheets show it: its last digits are lost.
var scientific = regexp.MustCompile(`(?i)^\d+(\.\d+)?e\+\d+$`)

// TidyName is a name as it is kept: without what does not show, and without the
// blanks that align Chinese names of two characters.
func TidyName(s string) string {
	words := strings.Fields(unquoted(chat.Clean(s)))
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			before, _ := utf8.DecodeLastRuneInString(words[i-1])
			after, _ := utf8.DecodeRuneInString(w)
			if !inChinese(before) || !inChinese(after) {
				b.WriteByte(' ')
			}
		}
		b.WriteString(w)
	}
	return b.String()
}

func inChinese(r rune) bool {
	return unicode.Is(unicode.Han, r) || strings.ContainsRune("·•・‧", r)
}

// unquoted is a name without the quotes around it, which programs and people put there.
func unquoted(name string) string {
	return strings.TrimFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("\"'“”‘’「」『』＂＇", r)
	})
}

// nameFault is what is wrong with a tidy name, as a key under member.fault; ""
// when it is fine.
func nameFault(name string) string {
	switch {
	case name == "":
		return "empty"
	case utf8.RuneCountInString(name) > longestName:
		return "name"
	}
	return ""
}

// Skeleton is the same of two names that a reader cannot tell apart: letters of
// other scripts that look the same, kinds of dots, blanks and signs that do not
// show make no difference.
func Skeleton(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKC.String(chat.Clean(name)) {
		switch same, is := looksLike[r]; {
		case is:
			b.WriteRune(same)
		case unicode.IsSpace(r), unicode.Is(unicode.Mn, r), strings.ContainsRune("·•・‧∙⋅●.。•", r):
		default:
			b.WriteRune(r)
		}
	}
	return strings.ToLower(b.String())
}

// looksLike maps letters to those of another script that look the same.
var looksLike = func() map[rune]rune {
	same := map[rune]rune{}
	for _, pair := range [][2]string{
		{"АВЕКМНОРСТУХІЅЈԜԚаеорсухіѕјһԁԛԝ", "ABEKMHOPCTYXISJWQaeopcyxisjhdqw"}, // Cyrillic
		{"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαονρικυχγ", "ABEZHIKMNOPTYXaovpikuxy"},                 // Greek
		{"ロカニハエタトミ", "口力二八工夕卜三"},                                               // Katakana
		{"ー—–─―‒○◯", "一一一一一一〇〇"},
	} {
		to := []rune(pair[1])
		for i, r := range []rune(pair[0]) {
			same[r] = to[i]
		}
	}
	return same
}()
