package chat

import (
	"fmt"
	"slices"
)

// Lacks are kinds of parts that a chat does not take, although its platform has them; a
// set of bits.
type Lacks uint

const (
	LacksPictures Lacks = 1 << iota
	LacksFiles
	LacksPolls
)

// Lack is what a chat lacks that does not take this part; 0 for text, without which
// nothing can be said.
func (p Part) Lack() Lacks {
	switch {
	case p.Poll != nil:
		return LacksPolls
	case p.Media == nil:
		return 0
	case p.Media.file():
		return LacksFiles
	}
	return LacksPictures
}

func (m Media) file() bool { return m.Name != "" || m.AsFile }

// Without is the message for a chat that lacks something: a picture goes as a file, a
// file or a picture of which that was refused too is described in words, and buttons
// take the place of a poll. The second result tells whether anything is different.
func (m Message) Without(l Lacks, w Words) (Message, bool) {
	changed := false
	if l&LacksPolls != 0 && m.Poll != nil {
		m.Poll, changed = nil, true
	}
	media := m.Media
	m.Media = nil
	for _, p := range media {
		if !p.file() && l&LacksPictures != 0 {
			p.AsFile, changed = true, true
		}
		if p.file() && l&LacksFiles != 0 {
			m.Spans = append(slices.Clip(m.Spans), p.inWords(w))
			changed = true
			continue
		}
		m.Media = append(m.Media, p)
	}
	return m, changed
}

// Rest is what is left of the message after the parts that were sent, all of them
// pictures or files, with a lesser one in the place of the part that was refused. false
// when nothing takes its place.
func (m Message) Rest(sent []Part, refused Part, w Words) (Message, bool) {
	if refused.Poll != nil {
		return m.Without(LacksPolls, w)
	}
	media := slices.Clone(m.Media)
	cut := func(p *Media) (Media, bool) {
		i := slices.IndexFunc(media, func(o Media) bool { return p != nil && o.Ref == p.Ref && o.AsFile == p.AsFile })
		if i < 0 {
			return Media{}, false
		}
		found := media[i]
		media = slices.Delete(media, i, i+1)
		return found, true
	}
	for _, p := range sent {
		if _, ok := cut(p.Media); !ok {
			return m, false
		}
	}
	one, ok := cut(refused.Media)
	if !ok {
		return m, false
	}
	lesser, _ := Message{Spans: m.Spans, Media: []Media{one}}.Without(refused.Lack(), w)
	m.Spans, m.Media = lesser.Spans, append(lesser.Media, media...)
	return m, true
}

// inWords is what stands for a picture or a file that cannot be shown.
func (m Media) inWords(w Words) Span {
	text := w.Picture
	if m.Name != "" {
		text = w.File
	}
	return Span{Text: "\n" + fmt.Sprintf(text, Clean(m.Alt))}
}
