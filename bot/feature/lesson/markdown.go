package lesson

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"branchbot/bot/chat"
	"branchbot/content"
)

// spans turns a lesson's Markdown into styled text: paragraphs, lists,
// headings, bold, italic, code and links. Anything else, HTML too, shows as
// the text that it is.
func spans(markdown string) []chat.Span {
	source := []byte(markdown)
	w := &writer{source: source}
	doc := goldmark.DefaultParser().Parse(text.NewReader(source))
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if n != doc.FirstChild() {
			w.text("\n\n", chat.Plain)
		}
		w.block(n, "")
	}
	return w.out
}

type writer struct {
	source []byte
	out    []chat.Span
}

func (w *writer) text(s string, style chat.Style) {
	if last := len(w.out) - 1; last >= 0 && w.out[last].Style == style && w.out[last].URL == "" {
		w.out[last].Text += s
		return
	}
	w.out = append(w.out, chat.Span{Text: s, Style: style})
}

func (w *writer) block(n ast.Node, indent string) {
	switch n := n.(type) {
	case *ast.List:
		number := n.Start
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			mark := "• "
			if n.IsOrdered() {
				mark = fmt.Sprintf("%d. ", number)
				number++
			}
			if item != n.FirstChild() {
				w.text("\n", chat.Plain)
			}
			w.text(indent+mark, chat.Plain)
			w.children(item, indent+"  ")
		}
	case *ast.Heading:
		w.inline(n, chat.Bold)
	case *ast.Blockquote:
		w.children(n, indent)
	case *ast.Paragraph, *ast.TextBlock:
		w.inline(n, chat.Plain)
	default:
		w.text(strings.TrimSpace(string(n.Lines().Value(w.source))), chat.Plain)
	}
}

// children writes the blocks within a block, one a line.
func (w *writer) children(n ast.Node, indent string) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c != n.FirstChild() {
			w.text("\n", chat.Plain)
		}
		w.block(c, indent)
	}
}

func (w *writer) inline(n ast.Node, style chat.Style) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			w.text(string(c.Value(w.source)), style)
			if c.SoftLineBreak() || c.HardLineBreak() {
				w.text("\n", style)
			}
		case *ast.Emphasis:
			inner := chat.Italic
			if c.Level == 2 {
				inner = chat.Bold
			}
			w.inline(c, inner)
		case *ast.CodeSpan:
			w.inline(c, chat.Code)
		case *ast.Link:
			var label writer
			label.source = w.source
			label.inline(c, style)
			link := chat.Span{Text: chat.Part{Spans: label.out}.Plain(), URL: string(c.Destination)}
			if !content.LinkAllowed(link.URL) { // of a pack that was taken in before links were checked
				link.URL = ""
			}
			w.out = append(w.out, link)
		case *ast.AutoLink:
			url := string(c.URL(w.source))
			w.out = append(w.out, chat.Span{Text: url, URL: url})
		case *ast.RawHTML:
			w.text(string(c.Segments.Value(w.source)), style)
		default:
			w.inline(c, style)
		}
	}
}
