package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

// Chart is figures as a picture in a page: bars, with their names and values.
type Chart struct {
	ID     string // unique in the page
	Title  string
	About  string // what it shows, in a sentence, for those who cannot see it
	Labels string // what the bars are, the head of the first column of its table
	Values string // what their values are
	Data   string // "as a table"
	Empty  string // what is said when there are no bars
	Bars   []Bar
}

// Bar is one of a chart.
type Bar struct {
	Label string
	Value float64 // from 0 to 1, the length of the longest being 1
	Text  string  // the value in words: 85%, 3 小时
}

// ChartCSS is the style of charts, light and dark.
//
//go:embed chart.css
var ChartCSS string

// Lying draws lying bars, each under its label: for labels that are long.
func (c Chart) Lying() template.HTML {
	const width, row, top, thick = 400, 46, 6, 16
	return c.figure(width, top+row*len(c.Bars), func(b *strings.Builder) {
		for i, bar := range c.Bars {
			y := top + i*row
			long := length(bar.Value, width-90)
			fmt.Fprintf(b, `<text class="label" x="0" y="%d">%s</text>`, y+14, escaped(short(bar.Label, 44)))
			fmt.Fprintf(b, `<rect class="ground" x="0" y="%d" width="%d" height="%d" rx="3"/>`, y+20, width-90, thick)
			fmt.Fprintf(b, `<rect class="bar" x="0" y="%d" width="%d" height="%d" rx="3"/>`, y+20, long, thick)
			fmt.Fprintf(b, `<text class="value" x="%d" y="%d">%s</text>`, width-80, y+33, escaped(bar.Text))
		}
	})
}

// Standing draws standing bars in the order of time.
func (c Chart) Standing() template.HTML {
	const width, tall, top, foot = 400, 150, 22, 26
	n := max(1, len(c.Bars))
	step := float64(width) / float64(n)
	every := (n + 11) / 12 // labels that have room
	return c.figure(width, top+tall+foot, func(b *strings.Builder) {
		for _, line := range []int{0, 50, 100} {
			y := top + tall - tall*line/100
			fmt.Fprintf(b, `<line class="grid" x1="0" y1="%d" x2="%d" y2="%d"/>`, y, width, y)
		}
		for i, bar := range c.Bars {
			high := length(bar.Value, tall)
			x := float64(i) * step
			fmt.Fprintf(b, `<rect class="bar" x="%.1f" y="%d" width="%.1f" height="%d" rx="2"/>`, x+step*0.15, top+tall-high, step*0.7, high)
			if i%every == 0 {
				fmt.Fprintf(b, `<text class="label middle" x="%.1f" y="%d">%s</text>`, x+step/2, top+tall+18, escaped(short(bar.Label, 8)))
			}
			if n <= 12 {
				fmt.Fprintf(b, `<text class="value middle" x="%.1f" y="%d">%s</text>`, x+step/2, top+tall-high-5, escaped(bar.Text))
			}
		}
	})
}

// figure is the drawing with its words and its table.
func (c Chart) figure(width, height int, draw func(*strings.Builder)) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<figure class="chart"><figcaption>%s</figcaption>`, escaped(c.Title))
	if len(c.Bars) == 0 {
		fmt.Fprintf(&b, `<p>%s</p></figure>`, escaped(c.Empty))
		return template.HTML(b.String())
	}
	id := escaped(c.ID)
	fmt.Fprintf(&b, `<svg role="img" aria-labelledby="%s-title %s-about" viewBox="0 0 %d %d"><title id="%s-title">%s</title><desc id="%s-about">%s</desc>`,
		id, id, width, height, id, escaped(c.Title), id, escaped(c.About))
	draw(&b)
	fmt.Fprintf(&b, `</svg><details><summary>%s</summary><table><thead><tr><th scope="col">%s</th><th scope="col">%s</th></tr></thead><tbody>`,
		escaped(c.Data), escaped(c.Labels), escaped(c.Values))
	for _, bar := range c.Bars {
		fmt.Fprintf(&b, `<tr><th scope="row">%s</th><td>%s</td></tr>`, escaped(bar.Label), escaped(bar.Text))
	}
	b.WriteString(`</tbody></table></details></figure>`)
	return template.HTML(b.String())
}

func escaped(s string) string { return template.HTMLEscapeString(s) }

// length is the part of a length that a value is; what is out of bounds is cut.
func length(value float64, all int) int {
	if !(value > 0) { // not a number is nothing
		return 0
	}
	return int(min(value, 1)*float64(all) + 0.5)
}

// short cuts a text to a width in letters, a Chinese character being two.
func short(s string, width int) string {
	for i, r := range s {
		if width--; r > 0x2e7f {
			width--
		}
		if width < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
