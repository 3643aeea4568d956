package draw

import (
	"fmt"
	"image"
	"math"

	"github.com/skip2/go-qrcode"
	"golang.org/x/image/vector"
)

// Page is a picture that is read on a telephone: a head and cards below it.
type Page struct {
	Kicker string // what it is: 一周学习
	Title  string // whose: the unit's name
	Period string // of when
	Cards  []Card
	Foot   string // a line at the end, in small print
	Link   string // an address that the page leads to; "": no code is shown
	Scan   string // what the code is for
}

// Card is a part of a page; what is empty is left out.
type Card struct {
	Title  string
	Text   string // a paragraph
	Rows   []Row
	Shares []Share
	Bars   []Bar
	Note   string // in small print
}

// Row is a line with what it is about before it.
type Row struct{ Head, Text string }

// Share is how many of those due have done something.
type Share struct {
	Label     string
	Done, Due int
	Text      string // the numbers in words
}

// Bar is a length among others.
type Bar struct {
	Label string
	N, Of int    // Of is the length of a full bar
	Text  string // the number in words
	Right bool   // it is marked
}

// Measures of a page, in pixels.
const (
	pageWidth = 1080
	margin    = 56
	padding   = 48 // within a card
	gap       = 32 // between cards
	inner     = pageWidth - 2*margin - 2*padding
	maxRows   = 60 // of one card; more are cut, for a picture has to end
)

var (
	kickerStyle = style{size: 34, ink: straw}
	titleStyle  = style{size: 64, bold: true, ink: white}
	periodStyle = style{size: 34, ink: straw}
	headStyle   = style{size: 38, bold: true, ink: red}
	textStyle   = style{size: 34, ink: dark}
	rowStyle    = style{size: 34, ink: dark}
	labelStyle  = style{size: 30, ink: grey}
	numberStyle = style{size: 60, bold: true, ink: red}
	noteStyle   = style{size: 28, ink: grey}
)

// PNG draws the page.
func (p *Page) PNG() ([]byte, error) {
	c, height, err := p.layout()
	if err != nil {
		return nil, err
	}
	return encode(c.draw(pageWidth, height))
}

func (p *Page) layout() (*canvas, int, error) {
	c := newCanvas()
	y := p.head(c) + gap + 8
	for i := range p.Cards {
		y = p.Cards[i].put(c, y) + gap
	}
	y, err := p.foot(c, y)
	return c, y, err
}

// head draws the red field with the title, and returns where it ends.
func (p *Page) head(c *canvas) int {
	title, titled := c.faces.title(printable(p.Title), titleStyle, pageWidth-2*margin)
	kicker, kicked := c.faces.fit(printable(p.Kicker), kickerStyle, pageWidth-2*margin-200, 1, 24)
	period, dated := c.faces.fit(printable(p.Period), periodStyle, pageWidth-2*margin, 1, 24)
	top := 64
	height := top + kicked.leading() + 12 + len(title)*titled.leading() + 12 + dated.leading() + 52
	field := image.Rect(0, 0, pageWidth, height)
	c.rect(field, red)
	c.rays(image.Rect(420, 0, pageWidth, height))
	c.rect(image.Rect(0, height, pageWidth, height+6), gold)
	c.kicker(kicker[0], top, kicked)
	y := c.centred(margin, pageWidth-margin, top+kicked.leading()+12, title, titled)
	c.centred(margin, pageWidth-margin, y+12, period, dated)
	return height + 6
}

// rays draws slanting stripes that are hardly lighter than the red behind them.
func (c *canvas) rays(field image.Rectangle) {
	height := float32(field.Dy())
	c.shape(field, ink{R: 0x12, G: 0x08, B: 0x04, A: 0x12}, func(z *vector.Rasterizer) {
		for i := range 4 {
			x := float32(i * 190)
			z.MoveTo(x, height)
			z.LineTo(x+90, height)
			z.LineTo(x+330, 0)
			z.LineTo(x+200, 0)
			z.ClosePath()
		}
	})
}

// kicker is a line between two stars.
func (c *canvas) kicker(line string, y int, s style) {
	half, middle := c.faces.width(line, s)/2, y+s.leading()/2
	c.centred(0, pageWidth, y, []string{line}, s)
	for _, side := range []int{-1, 1} {
		x := pageWidth/2 + side*(half+36)
		c.star(x, middle, 13, straw)
		from, to := x+side*26, x+side*86
		c.rect(image.Rect(min(from, to), middle-1, max(from, to), middle+1), straw)
	}
}

// put draws the card from y on and returns where it ends.
func (card *Card) put(c *canvas, top int) int {
	x := margin + padding
	content := newCanvas() // drawn above the white field, whose height is known last
	content.faces = c.faces
	y := top + 36
	if card.Title != "" {
		title, s := c.faces.fit(printable(card.Title), headStyle, inner-28, 1, 28)
		content.rounded(image.Rect(x, y+s.leading()/2-18, x+8, y+s.leading()/2+18), 4, gold)
		content.text(x+28, y, title[0], s)
		y += s.leading() + 16
	}
	if card.Text != "" {
		y = content.lines(x, y, c.faces.wrap(printable(card.Text), textStyle, inner, 16), textStyle) + 12
	}
	y = content.rows(card.Rows, x, y)
	y = content.shares(card.Shares, x, y)
	y = content.bars(card.Bars, x, y)
	if card.Note != "" {
		y = content.lines(x, y+8, c.faces.wrap(printable(card.Note), noteStyle, inner, 4), noteStyle)
	}
	y += 32
	c.rounded(image.Rect(margin, top, pageWidth-margin, y), 20, border)
	c.rounded(image.Rect(margin+2, top+2, pageWidth-margin-2, y-2), 18, white)
	c.ops = append(c.ops, content.ops...)
	c.texts = append(c.texts, content.texts...)
	return y
}

// rows draws them with their heads in a column of one width.
func (c *canvas) rows(rows []Row, x, y int) int {
	column := 0
	for _, r := range rows {
		if r.Head != "" {
			column = max(column, c.faces.width(printable(r.Head), labelStyle)+28)
		}
	}
	column = min(column, inner*2/5)
	for i, r := range rows {
		if i == maxRows {
			c.text(x, y, "…", rowStyle)
			return y + rowStyle.leading()
		}
		if r.Head != "" {
			head, s := c.faces.fit(printable(r.Head), labelStyle, column-28, 1, 20)
			c.text(x, y+(rowStyle.leading()-s.leading())/2, head[0], s)
		}
		y = c.lines(x+column, y, c.faces.wrap(printable(r.Text), rowStyle, inner-column, 2), rowStyle) + 8
	}
	return y
}

// shares draws them in rows of two, or one below another if there is but one.
func (c *canvas) shares(shares []Share, x, y int) int {
	const columnGap = 56
	width := (inner - columnGap) / 2
	for i, s := range shares {
		left := x + i%2*(width+columnGap)
		c.share(s, left, y, width)
		if i%2 == 1 || i == len(shares)-1 {
			y += shareHeight
		}
	}
	return y
}

const shareHeight = 214

func (c *canvas) share(s Share, x, y, width int) {
	label, labelled := c.faces.fit(printable(s.Label), labelStyle, width, 1, 22)
	c.text(x, y, label[0], labelled)
	c.text(x, y+46, percent(s.Done, s.Due), numberStyle)
	c.bar(x, y+136, width, 12, s.Done, s.Due, red)
	text, small := c.faces.fit(printable(s.Text), noteStyle, width, 1, 18)
	c.text(x, y+154, text[0], small)
}

// percent is a share in whole percent; of nothing it is a dash. Only all is 100 %, and only
// nothing is 0 %.
func percent(done, due int) string {
	if due <= 0 {
		return "—"
	}
	n := int(math.Round(float64(done) * 100 / float64(due)))
	switch {
	case done > 0 && n < 1:
		n = 1
	case done < due && n > 99:
		n = 99
	}
	return fmt.Sprintf("%d%%", min(max(n, 0), 100))
}

// bar draws a part of a length.
func (c *canvas) bar(x, y, width, height, n, of int, fill ink) {
	c.rounded(image.Rect(x, y, x+width, y+height), height/2, track)
	if n > 0 && of > 0 {
		length := max(height, int(float64(width)*min(1, float64(n)/float64(of))))
		c.rounded(image.Rect(x, y, x+length, y+height), height/2, fill)
	}
}

// bars draws each below its label.
func (c *canvas) bars(bars []Bar, x, y int) int {
	for i, b := range bars {
		if i == 0 {
			y += 16
		}
		s, fill := rowStyle, gold
		label := printable(b.Label)
		if b.Right {
			s.ink, s.bold, fill = green, true, green
			label += " ✓"
		}
		number := printable(b.Text)
		width := c.faces.width(number, labelStyle)
		lines := c.faces.wrap(label, s, inner-width-40, 3)
		c.text(x+inner-width, y+(s.leading()-labelStyle.leading())/2, number, labelStyle)
		y = c.lines(x, y, lines, s) + 4
		c.bar(x, y, inner, 14, b.N, b.Of, fill)
		y += 14 + 24
	}
	return y
}

// codeSize is the side of the QR code.
const codeSize = 200

// foot draws the last line and the code, and returns the height of the page.
func (p *Page) foot(c *canvas, y int) (int, error) {
	if p.Link == "" {
		foot, s := c.faces.fit(printable(p.Foot), noteStyle, pageWidth-2*margin, 2, 20)
		return c.centred(margin, pageWidth-margin, y, foot, s) + 40, nil
	}
	code, err := qrcode.New(p.Link, qrcode.Medium)
	if err != nil {
		return 0, fmt.Errorf("code of the address %q: %w", p.Link, err)
	}
	code.DisableBorder = true
	left := pageWidth - margin - 20 - codeSize
	c.rounded(image.Rect(left-20, y, pageWidth-margin, y+codeSize+40), 16, white)
	c.image(image.Pt(left, y+20), code.Image(codeSize))
	width := left - 20 - 2*margin
	scan, large := c.faces.fit(printable(p.Scan), textStyle, width, 2, 24)
	foot, small := c.faces.fit(printable(p.Foot), noteStyle, width, 2, 20)
	at := y + (codeSize+40-len(scan)*large.leading()-len(foot)*small.leading()-8)/2
	at = c.lines(margin+8, at, scan, large) + 8
	c.lines(margin+8, at, foot, small)
	return y + codeSize + 40 + 48, nil
}
