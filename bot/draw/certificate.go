package draw

import "image"

// Certificate is a certificate of honour. It bears no seal: that is put on by
// those who may.
type Certificate struct {
	Head   string // 荣誉证书
	Name   string // whose: 张三 同志：
	Before string // what stands before the title
	Title  string // the honour
	After  string // what stands after it
	Unit   string
	Day    string
}

// Measures of a certificate, in pixels.
const (
	certificateWidth  = 1200
	certificateHeight = 848
	certificateMargin = 132
)

// PNG draws the certificate.
func (p *Certificate) PNG() ([]byte, error) {
	return encode(p.layout().draw(certificateWidth, certificateHeight))
}

func (p *Certificate) layout() *canvas {
	c := newCanvas()
	all := image.Rect(0, 0, certificateWidth, certificateHeight)
	c.rect(all, wine)
	c.rect(all.Inset(28), gold)
	c.rect(all.Inset(32), rgb(0xfffbf2))
	c.frame(all.Inset(48), 2, gold)
	for _, corner := range []image.Point{{80, 80}, {certificateWidth - 80, 80}, {80, certificateHeight - 80}, {certificateWidth - 80, certificateHeight - 80}} {
		c.star(corner.X, corner.Y, 16, gold)
	}
	head, s := c.faces.fit(printable(p.Head), style{size: 84, bold: true, ink: red}, certificateWidth-2*certificateMargin, 1, 48)
	y := c.centred(0, certificateWidth, 88, head, s)
	c.rect(image.Rect(certificateWidth/2-120, y+6, certificateWidth/2+120, y+8), gold)
	c.star(certificateWidth/2, y+7, 14, gold)

	for scale := 10; ; scale-- {
		if p.body(c, scale, scale == 5) {
			return c
		}
	}
}

// body puts what is below the head, in tenths of the usual sizes, with the
// space that is left over above and below the title; false when there is none.
func (p *Certificate) body(c *canvas, scale int, anyway bool) bool {
	const top, bottom, width = 262, certificateHeight - 104, certificateWidth - 2*certificateMargin
	sized := func(size int, bold bool, fill ink) style {
		return style{size: size * scale / 10, bold: bold, ink: fill}
	}
	const left, right = certificateMargin, certificateWidth - certificateMargin

	name, named := c.faces.fit(printable(p.Name), sized(44, true, dark), width, 2, 22)
	before, text := c.faces.fit("\u3000\u3000"+printable(p.Before), sized(36, false, dark), width, 3, 20)
	title, titled := c.faces.title(printable(p.Title), sized(62, true, red), width)
	after, small := c.faces.fit(printable(p.After), sized(36, false, dark), width, 1, 20)
	unit, signed := c.faces.fit(printable(p.Unit), sized(34, false, dark), width, 2, 20)
	day, dated := c.faces.fit(printable(p.Day), sized(32, false, dark), width, 1, 20)

	high := len(name)*named.leading() + 8 + len(before)*text.leading() + len(title)*titled.leading() + small.leading() +
		len(unit)*signed.leading() + dated.leading()
	free := (bottom - top - high) / 5
	if free < 8 && !anyway {
		return false
	}
	y := c.lines(left, top, name, named)
	y = c.lines(left, y+8, before, text)
	y = c.centred(left, right, y+free*3/2, title, titled)
	y = c.lines(left, y+free*3/2, after, small)
	y += free * 2
	for _, line := range unit {
		c.text(right-c.faces.width(line, signed), y, line, signed)
		y += signed.leading()
	}
	c.text(right-c.faces.width(day[0], dated), y, day[0], dated)
	return true
}
