package content

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // formats that pictures may have
	_ "image/jpeg" //
	_ "image/png"  //
	"io/fs"
	"path"
	"strings"
)

const (
	maxPicture  = 5 << 20
	maxPictures = 64 << 20   // of a pack together: they are kept in memory
	maxPixels   = 25_000_000 // a client needs four bytes for each, however small the file
)

// picture is a picture that has been checked.
type picture struct {
	data      []byte
	mediaType string // e.g. image/png
}

var pictureTypes = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
}

// picture checks one medium of a lesson or question and keeps it in the pack.
func (l *loader) picture(m Media) []fault {
	var faults []fault
	if m.Alt == "" {
		faults = append(faults, fault{field: "alt", problem: "missing", hint: "say what the picture shows"})
	}
	faults = append(faults, checkText("alt", m.Alt, maxOption, false)...)
	if _, ok := l.pack.pictures[m.File]; ok {
		return faults
	}
	p, problem, hint := l.readPicture(m.File)
	if problem != "" {
		return append(faults, fault{field: "file", problem: problem, hint: hint})
	}
	l.pack.pictures[m.File] = p
	return faults
}

func (l *loader) readPicture(file string) (p picture, problem, hint string) {
	switch {
	case file == "":
		return p, "missing", ""
	case !fs.ValidPath(file) || !strings.HasPrefix(file, "media/") || strings.Contains(file, `\`):
		return p, fmt.Sprintf("%q is no file of the pack", file), "put the picture into the folder media and write media/name.png"
	}
	declared, ok := pictureTypes[strings.ToLower(path.Ext(file))]
	if !ok {
		return p, fmt.Sprintf("%q is no .png, .jpg, .gif or .webp", file), ""
	}
	data, err := readRegular(l.fsys, file, maxPicture)
	if err != nil {
		return p, fmt.Sprintf("%q %v", file, err), ""
	}
	mediaType, width, height, err := measure(data)
	switch {
	case err != nil:
		return p, fmt.Sprintf("%q is damaged or no picture", file), ""
	case mediaType != declared:
		return p, fmt.Sprintf("%q is of the type %s", file, mediaType), "give it the ending of its type"
	case int64(width)*int64(height) > maxPixels:
		return p, fmt.Sprintf("%q has %d × %d pixels, at most 25 million are possible", file, width, height), "make it smaller"
	}
	if l.pictureBytes += len(data); l.pictureBytes > maxPictures {
		return p, fmt.Sprintf("with %q the pictures of the pack are larger than 64 MB together", file), "make them smaller"
	}
	return picture{data, mediaType}, "", ""
}

// measure finds type and size from the head of a picture; it does not decode it.
func measure(data []byte) (mediaType string, width, height int, err error) {
	if len(data) >= 30 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP" {
		width, height, err = measureWebP(data)
		return "image/webp", width, height, err
	}
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	return "image/" + format, c.Width, c.Height, err
}

// measureWebP reads the three kinds of head of a WebP file (RFC 9649); the
// standard library has no decoder for it.
func measureWebP(data []byte) (width, height int, err error) {
	switch string(data[12:16]) {
	case "VP8 ":
		return int(binary.LittleEndian.Uint16(data[26:])) & 0x3fff, int(binary.LittleEndian.Uint16(data[28:])) & 0x3fff, nil
	case "VP8L":
		bits := binary.LittleEndian.Uint32(data[21:])
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1, nil
	case "VP8X":
		return int(binary.LittleEndian.Uint32(data[24:])&0xffffff) + 1, int(binary.LittleEndian.Uint32(data[26:])>>8) + 1, nil
	}
	return 0, 0, errors.New("webp: unknown kind of file")
}

// readRegular reads a file that is one: a link could lead out of the pack.
func readRegular(fsys fs.FS, file string, limit int64) ([]byte, error) {
	for i := range len(file) + 1 {
		if i < len(file) && file[i] != '/' {
			continue
		}
		info, err := fs.Lstat(fsys, file[:i])
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, errors.New("does not exist")
		case err != nil:
			return nil, fmt.Errorf("cannot be read: %w", cause(err))
		case info.Mode()&fs.ModeSymlink != 0:
			return nil, errors.New("is a link, which packs may not hold")
		case i == len(file) && !info.Mode().IsRegular():
			return nil, errors.New("is no file")
		case i == len(file) && info.Size() > limit:
			return nil, fmt.Errorf("is larger than %d MB", limit>>20)
		}
	}
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", cause(err))
	}
	return data, nil
}

// cause drops the path from an error of a file system; ours says it already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
