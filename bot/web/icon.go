package web

import (
	"fmt"
	"html/template"
)

// icons are drawn on 20 by 20 with a stroke of 1.6.
var icons = map[string]string{
	"today":    `<circle cx="10" cy="10" r="3.4"/><path d="M10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.5 1.5M14.2 14.2l1.5 1.5M4.3 15.7l1.5-1.5M14.2 5.8l1.5-1.5"/>`,
	"publish":  `<path d="M3 8v4h3l7 4V4L6 8zM6 12v4h2.5v-2.6M15.5 7.5a3.5 3.5 0 0 1 0 5"/>`,
	"people":   `<circle cx="7.5" cy="7" r="3"/><path d="M2 17c0-3.3 2.2-5.2 5.5-5.2S13 13.7 13 17M13 4.3a3 3 0 0 1 0 5.4M15 12.3c2 .8 3 2.4 3 4.7"/>`,
	"life":     `<path d="M5 18V3M5 4h10l-2 3.5 2 3.5H5"/>`,
	"library":  `<path d="M2.5 5.5a1 1 0 0 1 1-1h4l1.7 2h7.3a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1z"/>`,
	"settings": `<circle cx="10" cy="10" r="2.6"/><path d="M10 2.5v2.3M10 15.2v2.3M2.5 10h2.3M15.2 10h2.3M4.7 4.7l1.6 1.6M13.7 13.7l1.6 1.6M4.7 15.3l1.6-1.6M13.7 6.3l1.6-1.6"/><circle cx="10" cy="10" r="5.2"/>`,
	"me":       `<circle cx="10" cy="7" r="3.2"/><path d="M3.5 17.5c0-3.5 2.6-5.5 6.5-5.5s6.5 2 6.5 5.5"/>`,
	"chat":     `<path d="M3 4.5h14v9H9.5L6 16.8v-3.3H3z"/>`,
	"tick":     `<path d="M4 10.5l4 4 8-9"/>`,
	"warning":  `<path d="M10 3l7.5 13.5h-15zM10 8v4M10 14.2v.1"/>`,
	"clock":    `<circle cx="10" cy="10" r="7"/><path d="M10 6v4.2l2.8 1.8"/>`,
	"empty":    `<path d="M5 2.5h7l3.5 3.5v11.5H5zM12 2.5V6h3.5"/>`,
}

// Icon is an icon of the frame; it stands beside a word, or has one of its own.
func (r *Request) Icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true">` + icons[name] + `</svg>`)
}

// Ring is how many of how many have done something: a tick when all have.
func (r *Request) Ring(done, of int) template.HTML {
	share, inside := min(100, 100*done/max(of, 1)), fmt.Sprintf(`<text x="28" y="28">%d</text><text class="of" x="28" y="41">/ %d</text>`, done, of)
	if done >= of {
		inside = `<path d="M20 29l6 6 11-13"/>`
	}
	return template.HTML(fmt.Sprintf(`<svg class="ring" viewBox="0 0 56 56" role="img" aria-label="%d / %d"><circle cx="28" cy="28" r="25"/>`+
		`<circle class="done" cx="28" cy="28" r="25" pathLength="100" stroke-dasharray="%d 100"/>%s</svg>`, done, of, share, inside))
}
