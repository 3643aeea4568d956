// Package draw draws the pictures that the bot sends: pages (the weekly
// poster, the result of a round, a roll of honour) and certificates. It knows
// nothing of what they say; texts and numbers are handed in.
//
// Rules:
//   - The same input is the same picture, byte for byte, on every machine.
//   - No text leaves its place, whatever it is: it is wrapped by the rules of
//     Chinese typesetting, made smaller, and at last cut with an ellipsis.
//   - No character vanishes: what the font lacks is a box.
package draw

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Type is the media type of all pictures.
const Type = "image/png"

type ink = color.RGBA

func rgb(hex uint32) ink { return ink{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff} }

var (
	paper  = rgb(0xfbf7f0) // warm white, behind all
	white  = rgb(0xffffff)
	red    = rgb(0xb01f24)
	wine   = rgb(0x96171d) // a darker red
	gold   = rgb(0xc99a3f)
	straw  = rgb(0xf7e3b0) // gold on red
	dark   = rgb(0x2b2522) // text
	grey   = rgb(0x7d746d) // text that is less important
	track  = rgb(0xf1e9dd) // what a bar runs in
	border = rgb(0xeee4d5)
	green  = rgb(0x2e7d4f) // the right answer
)

// canvas collects what a picture consists of; how large it has to be is known
// when all is there.
type canvas struct {
	faces faces
	ops   []func(*image.RGBA)
	texts []placed
}

// placed is a line of text and the place that it takes.
type placed struct {
	text string
	at   image.Rectangle
}

func newCanvas() *canvas { return &canvas{faces: faces{}} }

// text puts a line with its left upper corner at (x, y).
func (c *canvas) text(x, y int, line string, s style) {
	if line == "" {
		return
	}
	face := c.faces.of(s.size)
	c.texts = append(c.texts, placed{line, image.Rect(x, y, x+c.faces.width(line, s), y+s.leading())})
	baseline := y + (s.leading()+s.size*3/4)/2 // three quarters are the height of Latin capitals, and of the body of Chinese
	c.ops = append(c.ops, func(img *image.RGBA) {
		for shift := range s.weight() + 1 {
			d := font.Drawer{Dst: img, Src: image.NewUniform(s.ink), Face: face, Dot: fixed.P(x+shift, baseline)}
			for _, r := range line { // without the kerning that DrawString looks for at each pair
				dr, mask, at, advance, _ := face.Glyph(d.Dot, r)
				draw.DrawMask(img, dr, d.Src, image.Point{}, mask, at, draw.Over)
				d.Dot.X += advance
			}
		}
	})
}

// lines puts lines below each other, left-aligned, and returns where they end.
func (c *canvas) lines(x, y int, lines []string, s style) int {
	for _, line := range lines {
		c.text(x, y, line, s)
		y += s.leading()
	}
	return y
}

// centred puts lines below each other between left and right.
func (c *canvas) centred(left, right, y int, lines []string, s style) int {
	for _, line := range lines {
		c.text((left+right-c.faces.width(line, s))/2, y, line, s)
		y += s.leading()
	}
	return y
}

func (c *canvas) rect(r image.Rectangle, fill ink) {
	c.ops = append(c.ops, func(img *image.RGBA) { draw.Draw(img, r, image.NewUniform(fill), image.Point{}, draw.Over) })
}

// frame draws the border of a rectangle, inwards.
func (c *canvas) frame(r image.Rectangle, thick int, fill ink) {
	c.rect(image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+thick), fill)
	c.rect(image.Rect(r.Min.X, r.Max.Y-thick, r.Max.X, r.Max.Y), fill)
	c.rect(image.Rect(r.Min.X, r.Min.Y, r.Min.X+thick, r.Max.Y), fill)
	c.rect(image.Rect(r.Max.X-thick, r.Min.Y, r.Max.X, r.Max.Y), fill)
}

// rounded fills a rectangle with round corners.
func (c *canvas) rounded(r image.Rectangle, radius int, fill ink) {
	radius = min(radius, r.Dx()/2, r.Dy()/2)
	c.rect(image.Rect(r.Min.X+radius, r.Min.Y, r.Max.X-radius, r.Max.Y), fill)
	c.rect(image.Rect(r.Min.X, r.Min.Y+radius, r.Min.X+radius, r.Max.Y-radius), fill)
	c.rect(image.Rect(r.Max.X-radius, r.Min.Y+radius, r.Max.X, r.Max.Y-radius), fill)
	for _, corner := range []struct{ x, y, cx, cy int }{
		{r.Min.X, r.Min.Y, 1, 1}, {r.Max.X - radius, r.Min.Y, 0, 1}, {r.Min.X, r.Max.Y - radius, 1, 0}, {r.Max.X - radius, r.Max.Y - radius, 0, 0},
	} {
		q := float32(radius)
		cx, cy := q*float32(corner.cx), q*float32(corner.cy) // the centre of the circle within the square
		ax, ay := q-cx, q-cy                                 // the corner that is cut off
		k := float32(0.5523)                                 // control points of a quarter of a circle
		c.shape(image.Rect(corner.x, corner.y, corner.x+radius, corner.y+radius), fill, func(z *vector.Rasterizer) {
			z.MoveTo(cx, cy)
			z.LineTo(ax, cy)
			z.CubeTo(ax, cy+(ay-cy)*k, cx+(ax-cx)*k, ay, cx, ay)
			z.ClosePath()
		})
	}
}

// star fills a star of five points around a centre.
func (c *canvas) star(x, y, radius int, fill ink) {
	r := image.Rect(x-radius, y-radius, x+radius, y+radius)
	c.shape(r, fill, func(z *vector.Rasterizer) {
		for i := range 10 {
			length := float64(radius)
			if i%2 == 1 {
				length *= 0.382
			}
			angle := float64(i)*math.Pi/5 - math.Pi/2
			px, py := float32(float64(radius)+length*math.Cos(angle)), float32(float64(radius)+length*math.Sin(angle))
			if i == 0 {
				z.MoveTo(px, py)
			} else {
				z.LineTo(px, py)
			}
		}
		z.ClosePath()
	})
}

func (c *canvas) shape(r image.Rectangle, fill ink, path func(*vector.Rasterizer)) {
	c.ops = append(c.ops, func(img *image.RGBA) {
		z := vector.NewRasterizer(r.Dx(), r.Dy())
		path(z)
		z.Draw(img, r, image.NewUniform(fill), image.Point{})
	})
}

func (c *canvas) image(at image.Point, src image.Image) {
	r := src.Bounds().Sub(src.Bounds().Min).Add(at)
	c.ops = append(c.ops, func(img *image.RGBA) { draw.Draw(img, r, src, src.Bounds().Min, draw.Src) })
}

// draw paints all that was collected.
func (c *canvas) draw(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	for _, op := range c.ops {
		op(img)
	}
	return img
}

// encode writes a PNG with a palette: a quarter of the bytes, and written sooner.
func encode(img *image.RGBA) ([]byte, error) {
	var out bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	err := e.Encode(&out, Paletted(img))
	return out.Bytes(), err
}
