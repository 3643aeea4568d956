// Package packs holds the packs that are shipped with the program.
package packs

import "embed"

// FS has one folder a pack.
//
//go:embed starter
var FS embed.FS
