package draw

import (
	"cmp"
	"encoding/binary"
	"image"
	"image/color"
	"maps"
	"slices"
)

// Paletted is the picture in its 256 most frequent colours. There are hardly
// more: what is left over are shades at the edges of letters, which take the
// nearest one.
func Paletted(img *image.RGBA) *image.Paletted {
	counts := map[uint32]int{}
	runs(img.Pix, func(from, to int, pixel uint32) { counts[pixel] += to - from })
	frequent := slices.SortedFunc(maps.Keys(counts), func(a, b uint32) int {
		return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b))
	})
	palette := color.Palette{}
	for _, pixel := range frequent[:min(len(frequent), 256)] {
		palette = append(palette, inkOf(pixel))
	}
	index := make(map[uint32]uint8, len(frequent))
	for i, pixel := range frequent {
		if i >= len(palette) {
			i = palette.Index(inkOf(pixel))
		}
		index[pixel] = uint8(i)
	}
	out := image.NewPaletted(img.Bounds(), palette)
	runs(img.Pix, func(from, to int, pixel uint32) {
		if i := index[pixel]; i != 0 {
			for at := from; at < to; at++ {
				out.Pix[at] = i
			}
		}
	})
	return out
}

// runs calls do for each run of pixels of one colour.
func runs(pix []uint8, do func(from, to int, pixel uint32)) {
	from, before := 0, binary.BigEndian.Uint32(pix)
	for at := 1; at < len(pix)/4; at++ {
		if pixel := binary.BigEndian.Uint32(pix[4*at:]); pixel != before {
			do(from, at, before)
			from, before = at, pixel
		}
	}
	do(from, len(pix)/4, before)
}

func inkOf(pixel uint32) ink { return rgb(pixel >> 8) }
