// Package font holds the one font that the program draws and prints with, so
// that pictures and PDFs look the same wherever it runs.
package font

import _ "embed"

// TTF is WenQuanYi Micro Hei, cut down by make.sh to the characters of GBK,
// without hinting. Its licence is in LICENSE.txt. Nobody may change it.
//
//go:embed font.ttf
var TTF []byte
