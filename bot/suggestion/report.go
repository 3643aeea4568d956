package suggestion

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/bot/seal"
	"branchbot/store"
)

// Reports of wrongdoing are told by stems of words, which stand in the catalogue.
// One of report_words makes a text a report. One of report_doubt has harmless uses
// too: with somebody who did it (report_who) the text is a report, else its author
// is asked. They are asked as well when the stem stands in a common phrase
// (report_asked), when it says what is prevented (防贪, 严禁赌博), or when the text
// is about a lesson, a film or a rule (report_about). What is in report_harmless is
// no stem at all. It is better to ask once too often than to store a report.

// suspicion is how much a text looks like a report.
type suspicion int

const (
	harmless suspicion = iota
	doubtful
	report
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
	l.words, l.doubt = stemsOf("suggestion.report_words"), stemsOf("suggestion.report_doubt")
	l.who, l.about = stemsOf("suggestion.report_who"), stemsOf("suggestion.report_about")
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
	l.harmless = regexp.MustCompile(either(stemsOf("suggestion.report_harmless")))
	l.asked = regexp.MustCompile(either(stemsOf("suggestion.report_asked")) +
		"|(?:禁止|严禁|防止|预防|防范|杜绝|抵制|远离|拒绝|反对|反|防|禁|拒)" + either(l.words, l.doubt))
	return l
})

// between is what people put between the characters of a word.
var between = strings.NewReplacer(" ", "", "\t", "", "\u3000", "", "*", "", "-", "", "_", "", ".", "", "·", "", "、", "", "/", "", "|", "", "+", "", "~", "")

// suspect reads a text, as it is and without what may stand between characters.
func suspect(text string) suspicion {
	l := lists()
	text = command.Fold(chat.Clean(text))
	text += "\n" + between.Replace(text)
	if !l.words.in(text) && !l.doubt.in(text) {
		return harmless
	}
	text = l.harmless.ReplaceAllString(text, ",")
	if !l.words.in(text) && !l.doubt.in(text) {
		return harmless
	}
	rest := l.asked.ReplaceAllString(text, ",")
	if !l.about.in(text) && (l.words.in(rest) || l.doubt.in(rest) && l.who.in(rest)) {
		return report
	}
	return doubtful
}

// report names the official channels. Not even that somebody asked is kept.
func (f *Feature) report(t *engine.Turn, _ command.Line) error {
	return f.whisper(t, chat.Text(t.T("suggestion.channels")))
}

// Listen implements engine.Listener: who reports something without a command
// is told the same. An answer to a question about bribes is no report.
func (f *Feature) Listen(t *engine.Turn) (func() error, error) {
	if suspect(t.Event.Text) != report {
		return nil, nil
	}
	if is, err := answers(t); is || err != nil {
		return nil, err
	}
	t.Confide()
	return func() error { return f.report(t, command.Line{}) }, nil
}

// held is what somebody has written and is asked about.
type held struct {
	Member int64  `json:"member"`
	Unit   string `json:"unit"`
	Kind   string `json:"kind"` // suggestion, question, care
	Text   string `json:"text"`
}

// heldFor is how long the answer is waited for. Then nobody can read the text any more.
const heldFor = 30 * time.Minute

// doubt asks whether a text is a report. Until the answer the text is kept sealed,
// and so is whose it is.
func (f *Feature) doubt(t *engine.Turn, kind, text string) error {
	key, err := f.Keys.Make()
	if err != nil {
		return err
	}
	plain, err := json.Marshal(held{Member: t.Member.ID, Unit: t.Unit.ID, Kind: kind, Text: text})
	if err != nil {
		return err
	}
	body, err := f.Keys.Seal(key, plain)
	if err != nil {
		return err
	}
	if err := f.forgetAt(t, key, t.Now.Add(heldFor)); err != nil {
		return err
	}
	var id int64
	if err := t.Tx.QueryRow(`INSERT INTO suggestion_held (seal, body) VALUES ($1, $2) RETURNING id`, key, body).Scan(&id); err != nil {
		return err
	}
	m := chat.Text(t.T("suggestion.doubt"))
	m.Buttons = [][]chat.Button{{
		{Label: t.T("suggestion.doubt_report"), Data: fmt.Sprintf("suggestion:report:%d", id)},
		{Label: t.T("suggestion.doubt_no"), Data: fmt.Sprintf("suggestion:submit:%d", id)},
	}}
	return f.whisper(t, m)
}

// Press implements engine.Presser: the answer to doubt.
func (f *Feature) Press(t *engine.Turn, data string) error {
	verb, number, _ := strings.Cut(data, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return engine.Complain("engine.old_button")
	}
	h, key, err := f.heldText(t.Tx, id)
	if err != nil {
		return err
	}
	if h == nil || t.Member == nil || h.Member != t.Member.ID {
		return engine.Complain("engine.old_button")
	}
	t.Confide()
	if err := t.Cancel("suggestion:forget:" + key); err != nil {
		return err
	}
	if err := f.forgetAt(t, key, t.Now); err != nil {
		return err
	}
	if _, err := t.Tx.Exec(`DELETE FROM suggestion_held WHERE id = $1`, id); err != nil {
		return err
	}
	if verb != "submit" {
		return f.report(t, command.Line{})
	}
	if err := t.Enter(h.Unit); err != nil {
		return err
	}
	return f.take(t, h.Kind, h.Text)
}

// heldText is nil when it is gone.
func (f *Feature) heldText(tx *store.Tx, id int64) (*held, string, error) {
	var key string
	var body []byte
	err := tx.QueryRow(`SELECT seal, body FROM suggestion_held WHERE id = $1`, id).Scan(&key, &body)
	if errors.Is(err, store.ErrNoRows) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	plain, err := f.Keys.Open(key, body)
	if errors.Is(err, seal.ErrGone) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	h := &held{}
	return h, key, json.Unmarshal(plain, h)
}
