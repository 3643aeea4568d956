package content

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"branchbot/content/strict"
)

// ParseGIFT reads the subset of Moodle's GIFT format (question/format/gift)
// that has a counterpart here: true/false, one or several right options, short
// answer (a blank) and numbers. Full-width signs typed by an input method
// are taken for the half-width ones. Matching and essay are reported.
func ParseGIFT(file, text string) ([]*Question, error) {
	var out []*Question
	var errs []error
	tag := ""
	for _, b := range giftBlocks(text) {
		if rest, ok := strings.CutPrefix(b.text, "$CATEGORY:"); ok {
			parts := strings.Split(strings.TrimSpace(rest), "/")
			tag = parts[len(parts)-1]
			continue
		}
		q, err := giftQuestion(b.text)
		if err == nil {
			err = Check(q)
		}
		if err != nil {
			errs = append(errs, &strict.Error{File: file, Line: b.line, Problem: err.Error()})
			continue
		}
		q.At = Position{file, b.line}
		if q.ID == "" {
			q.ID = "q-" + q.Hash()[:10]
		}
		if tag != "" {
			q.Tags = []string{tag}
		}
		out = append(out, q)
	}
	return out, errors.Join(errs...)
}

type giftBlock struct {
	text string
	line int
}

// giftBlocks parts the text at blank lines and drops comments.
func giftBlocks(text string) []giftBlock {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	var blocks []giftBlock
	var lines []string
	start := 0
	flush := func() {
		if len(lines) > 0 {
			blocks = append(blocks, giftBlock{strings.Join(lines, "\n"), start})
			lines = nil
		}
	}
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "":
			flush()
		case strings.HasPrefix(trimmed, "//"):
		case strings.HasPrefix(trimmed, "$CATEGORY:"):
			flush()
			blocks = append(blocks, giftBlock{trimmed, i + 1})
		default:
			if len(lines) == 0 {
				start = i + 1
			}
			lines = append(lines, trimmed)
		}
	}
	flush()
	return blocks
}

var (
	giftWide    = strings.NewReplacer("｛", "{", "｝", "}", "＝", "=", "～", "~", "＃", "#", "：：", "::", "—>", "->", "→", "->")
	giftEscape  = strings.NewReplacer(`\~`, "\x01", `\=`, "\x02", `\#`, "\x03", `\{`, "\x04", `\}`, "\x05", `\:`, "\x06", `\\`, "\x07", `\n`, "\n")
	giftRestore = strings.NewReplacer("\x01", "~", "\x02", "=", "\x03", "#", "\x04", "{", "\x05", "}", "\x06", ":", "\x07", `\`)
	giftName    = regexp.MustCompile(`^::(.*?)::`)
	giftFormat  = regexp.MustCompile(`^\[(html|plain|markdown|moodle)\]`)
	giftWeight  = regexp.MustCompile(`^%(-?[\d.]+)%`)
	giftID      = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
)

func plainGift(s string) string { return strings.TrimSpace(giftRestore.Replace(s)) }

func giftQuestion(text string) (*Question, error) {
	text = giftWide.Replace(giftEscape.Replace(text))
	q := &Question{}
	if m := giftName.FindStringSubmatch(text); m != nil {
		if name := plainGift(m[1]); giftID.MatchString(name) {
			q.ID = name
		}
		text = strings.TrimSpace(text[len(m[0]):])
	}
	text = giftFormat.ReplaceAllString(text, "")
	stem, rest, ok := strings.Cut(text, "{")
	body, tail, closed := strings.Cut(rest, "}")
	if !ok || !closed {
		return nil, fmt.Errorf("question %q: the answers in { } are missing", brief(plainGift(text)))
	}
	if tail = strings.TrimSpace(tail); tail != "" {
		stem += "____" + tail
	}
	q.Ask = plainGift(stem)
	if err := giftAnswers(q, strings.TrimSpace(body)); err != nil {
		return nil, fmt.Errorf("question %q: %w", brief(q.Ask), err)
	}
	return q, nil
}

func giftAnswers(q *Question, body string) error {
	if general := strings.Index(body, "####"); general >= 0 {
		q.Explain = plainGift(body[general+4:])
		body = strings.TrimSpace(body[:general])
	}
	key, feedback, _ := strings.Cut(body, "#")
	switch strings.ToUpper(strings.TrimSpace(key)) {
	case "T", "TRUE", "F", "FALSE":
		q.Type, q.Answer = TrueFalse, strings.TrimSpace(key)
		if q.Explain == "" {
			q.Explain = plainGift(strings.ReplaceAll(feedback, "#", " "))
		}
		return nil
	case "":
		if feedback != "" {
			return giftNumber(q, feedback)
		}
		return errors.New("essay questions are not supported")
	}
	if strings.Contains(body, "->") {
		return errors.New("matching questions are not supported")
	}
	return giftChoices(q, body)
}

// giftNumber reads 12, 12:0.5 and 11..13.
func giftNumber(q *Question, s string) error {
	q.Type = Number
	s = plainGift(strings.TrimPrefix(strings.TrimSpace(s), "="))
	if low, high, ok := strings.Cut(s, ".."); ok {
		a, err1 := strconv.ParseFloat(low, 64)
		b, err2 := strconv.ParseFloat(high, 64)
		if err1 != nil || err2 != nil {
			return fmt.Errorf("the range %q is none", s)
		}
		q.Answer = strconv.FormatFloat((a+b)/2, 'f', -1, 64) + "±" + strconv.FormatFloat((b-a)/2, 'f', -1, 64)
		return nil
	}
	q.Answer = strings.Replace(s, ":", "±", 1)
	return nil
}

func giftChoices(q *Question, body string) error {
	var right []string
	wrong := false
	marks := strings.FieldsFunc(body, func(r rune) bool { return r == '=' || r == '~' })
	at := 0
	for _, m := range marks {
		at = strings.Index(body[at:], m) + at
		mark := body[max(at-1, 0)]
		at += len(m)
		text := strings.TrimSpace(m)
		good := mark == '='
		if w := giftWeight.FindStringSubmatch(text); w != nil {
			text = text[len(w[0]):]
			good = !strings.HasPrefix(w[1], "-") && strings.Trim(w[1], "0.") != ""
		}
		text, _, _ = strings.Cut(text, "#")
		wrong = wrong || !good
		if good {
			right = append(right, string(rune('A'+len(q.Options))))
		}
		q.Options = append(q.Options, plainGift(text))
	}
	switch {
	case len(right) == 0:
		return errors.New("no answer is right")
	case !wrong:
		q.Type, q.Accept, q.Options = Blank, q.Options, nil
	case len(right) > 1:
		q.Type = Multiple
	default:
		q.Type = Single
	}
	q.Answer = strings.Join(right, "")
	return nil
}
