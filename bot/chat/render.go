package chat

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Loss is what a platform cannot show of a message; a set of bits.
type Loss uint

const (
	LossStyle   Loss = 1 << iota // bold, italic or code shown as plain text
	LossLink                     // an address written out behind its text
	LossPicture                  // a picture or file replaced by its description
	LossButtons                  // buttons replaced by words to type
	LossSplit                    // the text cut into several messages
)

var lossNames = []string{"style", "link", "picture", "buttons", "split"}

func (l Loss) String() string {
	var names []string
	for i, name := range lossNames {
		if l&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// LossError tells that a message would lose what it refuses to lose.
type LossError struct{ Losses Loss }

func (e *LossError) Error() string {
	return "this chat cannot show the message without losing: " + e.Losses.String()
}

// ErrEmpty is the error of a message with nothing to show.
var ErrEmpty = errors.New("the message is empty")

// Words are what Render adds to a message, in the reader's language.
type Words struct {
	Picture string // a description in the place of a picture, with one %s: "［图片：%s］"
	File    string // the same in the place of a file
	Choose  string // the line above numbered choices: "回复数字选择："
}

// MaxBinding is how long the Text of a Binding may be, in bytes.
const MaxBinding = 48

// Binding says that typing Text means pressing the button with Data.
type Binding struct {
	Text string
	Data string
}

// Rendered is a message as one platform can show it.
type Rendered struct {
	Parts    []Part
	Bindings []Binding
	Losses   Loss
}

// Render turns a message into what a platform with these capabilities can
// show. It is pure, and nothing vanishes silently: pictures become their
// description, buttons become words to type, and each loss is reported. It
// returns ErrEmpty when nothing is left to show and a *LossError when the
// message refuses a loss that it would suffer.
func Render(m Message, c Caps, w Words) (Rendered, error) {
	var r Rendered
	if poll := c.fitting(m.Poll); poll != nil {
		return Rendered{Parts: []Part{{Poll: poll}}}, nil
	}
	spans := clean(m.Spans)
	var pictures []Media
	for _, p := range m.Media {
		p.Alt, p.Name = Clean(p.Alt), Clean(p.Name)
		if !p.file() && c.Pictures || p.file() && c.Files {
			pictures = append(pictures, p)
			continue
		}
		r.Losses |= LossPicture
		spans = append(spans, p.inWords(w))
	}
	buttons := labelled(m.Buttons)
	if len(buttons) > 0 && !c.Buttons {
		r.Losses |= LossButtons
		spans = append(spans, r.typed(buttons, Clean(m.Hint), w))
		buttons = nil
	}
	spans = trim(airy(r.plainer(spans, c)))
	if len(spans) == 0 && len(pictures) == 0 {
		return Rendered{}, ErrEmpty
	}
	r.assemble(spans, pictures, c)
	r.Parts[len(r.Parts)-1].Buttons = buttons
	for i := range r.Parts {
		r.Parts[i].Secret = m.Secret
	}
	if refused := r.Losses & m.Refuse; refused != 0 {
		return Rendered{}, &LossError{refused}
	}
	return r, nil
}

// fitting is the poll with clean texts, as far as the platform has polls; nil
// when it is too long for one. An explanation that is too long is left to the
// message at the close.
func (c Caps) fitting(p *Poll) *Poll {
	if p == nil || len(p.Options) < 2 || len(p.Options) > c.Polls.Options {
		return nil
	}
	shown := *p
	shown.Question, shown.Explain = Clean(p.Question), Clean(p.Explain)
	if c.TextUnit.Len(shown.Question) > c.Polls.Question {
		return nil
	}
	if c.TextUnit.Len(shown.Explain) > c.Polls.Explain {
		shown.Explain = ""
	}
	shown.Options = make([]string, len(p.Options))
	for i, o := range p.Options {
		shown.Options[i] = Clean(o)
		if n := c.TextUnit.Len(shown.Options[i]); n < 1 || n > c.Polls.Option {
			return nil
		}
	}
	return &shown
}

// labelled copies the rows that have buttons, with clean labels.
func labelled(rows [][]Button) [][]Button {
	var out [][]Button
	for _, row := range rows {
		if len(row) == 0 {
			continue
		}
		row = slices.Clone(row)
		for i := range row {
			row[i].Label = Clean(row[i].Label)
		}
		out = append(out, row)
	}
	return out
}

// airy leaves at most one blank line between two lines.
func airy(spans []Span) []Span {
	out := make([]Span, 0, len(spans))
	breaks := 0
	for _, s := range spans {
		s.Text = strings.Map(func(r rune) rune {
			switch {
			case r == '\n':
				if breaks++; breaks > 2 {
					return -1
				}
			case !unicode.IsSpace(r): // a line of spaces is as good as blank
				breaks = 0
			}
			return r
		}, s.Text)
		if s.Text != "" {
			out = append(out, s)
		}
	}
	return out
}

// assemble lays text and pictures out as parts: a short text is the caption of
// the last picture, a long one follows the pictures.
func (r *Rendered) assemble(spans []Span, pictures []Media, c Caps) {
	for i := range pictures {
		r.Parts = append(r.Parts, Part{Media: &pictures[i]})
	}
	if len(spans) == 0 {
		return
	}
	size := 0
	for _, s := range spans {
		size += c.TextUnit.Len(s.Text)
	}
	if n := len(r.Parts); n > 0 && size <= c.CaptionLimit {
		r.Parts[n-1].Spans = spans
		return
	}
	pieces := split(spans, c.TextLimit, c.TextUnit)
	if len(pieces) > 1 {
		r.Losses |= LossSplit
	}
	for _, piece := range pieces {
		r.Parts = append(r.Parts, Part{Spans: piece})
	}
}

// typed says what to type where buttons cannot be shown.
func (r *Rendered) typed(rows [][]Button, hint string, w Words) Span {
	var lines []string
	labels := map[string]int{}
	for _, b := range slices.Concat(rows...) {
		if b.Word != "" {
			continue // the hint tells, and the bot understands it anyway
		}
		n := strconv.Itoa(len(lines) + 1)
		r.Bindings = append(r.Bindings, Binding{Text: n, Data: b.Data})
		lines = append(lines, n+". "+b.Label)
		labels[b.Label]++
	}
	for _, b := range slices.Concat(rows...) { // the words of a choice stand for it too, if they mean only that one
		if b.Word == "" && labels[b.Label] == 1 && len(b.Label) <= MaxBinding {
			r.Bindings = append(r.Bindings, Binding{Text: b.Label, Data: b.Data})
		}
	}
	var text string
	if len(lines) > 0 {
		text = "\n\n" + w.Choose + "\n" + strings.Join(lines, "\n")
	}
	if hint != "" {
		text += "\n\n" + hint
	}
	return Span{Text: text}
}

// plainer takes away styles and links that the platform does not know.
func (r *Rendered) plainer(spans []Span, c Caps) []Span {
	out := make([]Span, 0, len(spans))
	for _, s := range spans {
		if s.Style != Plain && !c.Styles {
			r.Losses |= LossStyle
			s.Style = Plain
		}
		s.URL = Clean(s.URL)
		if s.URL != "" && !c.Links {
			if s.Text != s.URL {
				r.Losses |= LossLink
				s.Text += " (" + s.URL + ")"
			}
			s.URL = ""
		}
		out = append(out, s)
	}
	return out
}

func plain(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}
