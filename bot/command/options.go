package command

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Option is what a command can be told beside its text: 回执, 截止 18:00, 限20人.
type Option struct {
	Name  string
	Words []string // folded; the first one is how people are told of it
	Takes Value
	// Loose words make one ask when they stand anywhere in the text, others only as
	// a word of their own.
	Loose bool
	Alone bool // its amount may be missing: 多选
}

// Value is what stands behind the word of an option.
type Value int

const (
	Nothing Value = iota
	Time
	Amount
	List // up to a blank
)

// Options are those of a command as it was typed.
type Options struct {
	Names []string // in the order in which they stand
	Until time.Time
	N     int // of an amount; 0 when none is told
	List  []string

	Fault string // the option whose value could not be read; "" when all could
	Value string // what stood there

	Text string // without the options
	Left string // an option's word that still stands in the text; "" when there is none
}

// Has tells whether an option was told.
func (o *Options) Has(name string) bool { return slices.Contains(o.Names, name) }

// ReadOptions takes the options off the front and the end of what was typed; of a
// title, that is short, wherever they stand. Blanks, signs and brackets part them.
func ReadOptions(text string, known []Option, title bool, now time.Time) Options {
	r := &optionReader{known: known, now: now, typed: []rune(strings.ToValidUTF8(clean(text), ""))}
	r.text = make([]rune, len(r.typed))
	for i, c := range r.typed {
		r.text[i] = timeRune(c)
	}
	from, to := r.front(0), len(r.typed)
	if r.Fault == "" && !title {
		to = r.end(from)
	}
	kept := r.typed[from:to]
	if r.Fault == "" && title {
		kept = r.within(from)
	}
	r.Text = strings.TrimSpace(string(kept))
	if r.Fault == "" {
		r.left()
	}
	return r.Options
}

type optionReader struct {
	Options
	known       []Option
	now         time.Time
	typed, text []rune
}

func opens(r rune) bool  { return strings.ContainsRune("[【(（「<《", r) }
func closes(r rune) bool { return strings.ContainsRune("]】)）」>》", r) }

// bound tells whether a word begins or ends at a place.
func (r *optionReader) bound(at int) bool {
	if at <= 0 || at >= len(r.text) {
		return true
	}
	return ends(r.text[at]) || ends(r.text[at-1]) && !ends(r.text[at])
}

func ends(r rune) bool {
	return parting(r) || opens(r) || closes(r) || strings.ContainsRune("!。~/|", r)
}

// skip is the place behind what parts words.
func (r *optionReader) skip(at int, more func(rune) bool) int {
	for at < len(r.text) && (parting(r.text[at]) || more(r.text[at])) {
		at++
	}
	return at
}

// front takes options from a place on; it returns where the text begins.
func (r *optionReader) front(at int) int {
	for {
		end, ok := r.option(r.skip(at, opens))
		if !ok {
			return r.skip(at, func(rune) bool { return false })
		}
		if r.Fault != "" {
			return end
		}
		at = r.skip(end, closes)
	}
}

// tailRunes is how much of the end is looked at for options.
const tailRunes = 80

// end takes options off the end; it returns where the text ends.
func (r *optionReader) end(from int) int {
	was := r.Options
	for i := max(from+1, len(r.text)-tailRunes); i < len(r.text); i++ {
		if !ends(r.text[i-1]) {
			continue
		}
		r.Options = was
		if end := r.front(i); r.Fault == "" && len(r.Names) > len(was.Names) && r.skip(end, func(c rune) bool { return ends(c) }) == len(r.text) {
			for i > from && (parting(r.text[i-1]) || opens(r.text[i-1])) {
				i--
			}
			return i
		}
	}
	r.Options = was
	return len(r.text)
}

// within takes options out of a title.
func (r *optionReader) within(from int) []rune {
	trim := func(kept []rune) []rune {
		return []rune(strings.TrimRightFunc(string(kept), func(c rune) bool { return parting(c) && c != '。' || opens(c) }))
	}
	var kept []rune
	for i := from; i < len(r.text); {
		if i == from || ends(r.text[i-1]) {
			if end, ok := r.option(r.skip(i, opens)); r.Fault != "" {
				return nil
			} else if ok {
				kept, i = trim(kept), r.skip(end, closes)
				if len(kept) > 0 && i < len(r.text) {
					kept = append(kept, ' ')
				}
				continue
			}
		}
		kept = append(kept, r.typed[i])
		i++
	}
	return trim(kept)
}

// option reads one at a place; ok also when its value is at fault.
func (r *optionReader) option(at int) (end int, ok bool) {
	var which *Option
	size := 0
	for i := range r.known {
		for _, w := range r.known[i].Words {
			word := []rune(w)
			if len(word) > size && at+len(word) <= len(r.text) && slices.Equal(r.text[at:at+len(word)], word) {
				which, size = &r.known[i], len(word)
			}
		}
	}
	if which == nil {
		return at, false
	}
	end = at + size
	latin := r.text[at] < 0x80
	if latin && !r.bound(end) {
		return at, false
	}
	switch which.Takes {
	case Nothing:
		if !r.bound(end) {
			return at, false
		}
	case Time:
		end, ok = r.time(which, end, latin)
		if !ok {
			return at, false
		}
	case List:
		end, ok = r.list(end)
		if !ok {
			return at, false
		}
	case Amount:
		end, ok = r.amount(which, end)
		if !ok {
			return at, false
		}
	}
	if r.Fault == "" {
		r.Names = append(r.Names, which.Name)
	}
	return end, true
}

// time reads a deadline behind its word.
func (r *optionReader) time(o *Option, at int, latin bool) (end int, ok bool) {
	value := r.skip(at, func(c rune) bool { return c == '为' || c == '是' })
	until, rest, how := Until(string(r.typed[value:]), r.now)
	switch {
	case how == Clear:
		r.Until = until
		return len(r.typed) - len([]rune(rest)), true
	case how == Unclear || value > at && !latin: // 截止 改天
		r.Fault, r.Value = o.Name, r.word(value)
		return len(r.typed), true
	}
	return at, false
}

// list reads names behind a blank.
func (r *optionReader) list(at int) (end int, ok bool) {
	value := at
	for value < len(r.text) && unicode.IsSpace(r.text[value]) {
		value++
	}
	end = value
	for end < len(r.text) && !unicode.IsSpace(r.text[end]) && !closes(r.text[end]) {
		end++
	}
	if value == at || end == value {
		return at, false
	}
	r.List = append(r.List, strings.FieldsFunc(string(r.typed[value:end]), parting)...)
	return end, true
}

// word is what stands at a place up to the next sign.
func (r *optionReader) word(at int) string {
	end := at
	for end < len(r.text) && end < at+30 && !ends(r.text[end]) {
		end++
	}
	return string(r.typed[at:end])
}

// amount reads a number behind its word: 限20人, 限 20, 可选2项. Apart from it stands
// a number, or what is at fault.
func (r *optionReader) amount(o *Option, at int) (end int, ok bool) {
	value := r.skip(at, func(rune) bool { return false })
	t := &times{typed: r.typed[value:min(value+12, len(r.typed))], text: r.text[value:min(value+12, len(r.typed))]}
	n, counted := t.number()
	switch {
	case counted:
		t.skip("人", "位", "名", "个", "项", "个人", "个名额", "名额")
		if end = value + t.at; r.bound(end) {
			r.N = n
			if n == 0 {
				r.Fault, r.Value = o.Name, r.word(value)
			}
			return end, true
		}
		if value == at && !strings.ContainsRune("0123456789", r.text[at]) {
			return at, false // 限一般人员
		}
	case o.Alone:
		return at, r.bound(at)
	case value == at && value < len(r.text) && r.text[value] != '-':
		return at, false
	}
	r.Fault, r.Value = o.Name, r.word(value)
	return len(r.typed), true
}

// left finds the word of an option that was not told and still stands in the text.
func (r *optionReader) left() {
	text := make([]rune, 0, len(r.Text))
	for _, c := range r.Text {
		text = append(text, timeRune(c))
	}
	in := &optionReader{text: text, typed: text}
	for _, o := range r.known {
		if r.Has(o.Name) {
			continue
		}
		for _, w := range o.Words {
			word := []rune(w)
			for i := 0; i+len(word) <= len(text); i++ {
				if !slices.Equal(text[i:i+len(word)], word) {
					continue
				}
				alone := (i == 0 || ends(text[i-1])) && in.bound(i+len(word)) && word[0] >= 0x80
				amount := o.Takes == Amount && i+len(word) < len(text) && unicode.IsDigit(text[i+len(word)])
				if alone || amount || o.Loose && word[0] >= 0x80 && o.Takes != Amount {
					r.Left = string(word)
					return
				}
			}
		}
	}
}
