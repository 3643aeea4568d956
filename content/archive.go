package content

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/unicode/norm"
)

// Limits of a pack that comes as one file, against files made to fill a machine.
const (
	maxArchive  = 32 << 20
	maxUnpacked = 80 << 20 // the pictures alone may have 64 MB
	maxEntries  = 2000
)

// ArchiveError is why a .zip file is not even looked into.
type ArchiveError struct {
	Kind string // broken, bomb, many, outside, twice, link, locked, nopack
	File string // in the archive; "" = the whole
}

var archiveProblems = map[string]string{
	"broken":  "it is no .zip file that can be read",
	"bomb":    "it unpacks to more than 80 MB",
	"many":    "it holds more than 2,000 files",
	"outside": "the name leads out of the pack",
	"twice":   "the name stands there twice",
	"link":    "links are not taken",
	"locked":  "it is protected by a password",
	"nopack":  "there is no pack.yaml in it",
}

func (e *ArchiveError) Error() string {
	if e.File == "" {
		return archiveProblems[e.Kind]
	}
	return strconv.Quote(e.File) + ": " + archiveProblems[e.Kind]
}

// Unzip makes a .zip file of strangers into one that holds the files of a pack
// and nothing else: names are sound and in UTF-8, a single folder around all of
// them is left out, nothing unpacks to more than is allowed. Faults are of type
// *ArchiveError.
func Unzip(data []byte) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	switch {
	case err != nil && !errors.Is(err, zip.ErrInsecurePath): // each name is looked at below
		return nil, &ArchiveError{Kind: "broken"}
	case len(z.File) > maxEntries:
		return nil, &ArchiveError{Kind: "many"}
	}
	files := map[string][]byte{}
	folded := map[string]bool{}
	left := int64(maxUnpacked)
	for _, f := range z.File {
		name, err := entryName(f)
		if err != nil {
			return nil, err
		}
		if name == "" {
			continue
		}
		if folded[strings.ToLower(name)] {
			return nil, &ArchiveError{"twice", name}
		}
		folded[strings.ToLower(name)] = true
		body, err := unpack(f, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(body))
		files[name] = body
	}
	top, ok := topFolder(files)
	if !ok {
		return nil, &ArchiveError{Kind: "nopack"}
	}
	return zipped(files, top)
}

// entryName is the name of a file; "" for a folder, and for what systems leave
// behind. Windows writes names in GBK.
func entryName(f *zip.File) (string, error) {
	name := f.Name
	if !utf8.ValidString(name) {
		decoded, err := simplifiedchinese.GB18030.NewDecoder().String(name)
		if err != nil {
			return "", &ArchiveError{Kind: "broken"}
		}
		name = decoded
	}
	switch {
	case f.Mode()&fs.ModeSymlink != 0:
		return "", &ArchiveError{"link", name}
	case strings.ContainsAny(name, "\\\x00:") || !fs.ValidPath(strings.TrimSuffix(name, "/")):
		return "", &ArchiveError{"outside", name}
	case f.Flags&1 != 0:
		return "", &ArchiveError{"locked", name}
	case strings.HasSuffix(name, "/") || strings.HasPrefix(name, "__MACOSX/") || ignored(path.Base(name)):
		return "", nil
	}
	return name, nil
}

// unpack reads a file, whatever size its head claims.
func unpack(f *zip.File, limit int64) ([]byte, error) {
	if f.UncompressedSize64 > uint64(limit) {
		return nil, &ArchiveError{Kind: "bomb"}
	}
	r, err := f.Open()
	if err != nil {
		return nil, &ArchiveError{Kind: "broken"}
	}
	defer r.Close()
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case int64(len(body)) > limit:
		return nil, &ArchiveError{Kind: "bomb"}
	case err != nil:
		return nil, &ArchiveError{Kind: "broken"}
	}
	return body, nil
}

// topFolder is the folder that has pack.yaml, with its slash; "" when that lies
// on top.
func topFolder(files map[string][]byte) (string, bool) {
	if _, ok := files["pack.yaml"]; ok {
		return "", true
	}
	top := ""
	for name := range files {
		folder, _, ok := strings.Cut(name, "/")
		if !ok || top != "" && folder+"/" != top {
			return "", false
		}
		top = folder + "/"
	}
	_, ok := files[top+"pack.yaml"]
	return top, ok
}

// zipped packs files, whose names lose the folder top.
func zipped(files map[string][]byte, top string) ([]byte, error) {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range names {
		f, err := w.CreateHeader(&zip.FileHeader{Name: strings.TrimPrefix(name, top), Method: zip.Deflate})
		if err != nil {
			return nil, fmt.Errorf("pack %q: %w", name, err)
		}
		if _, err := f.Write(files[name]); err != nil {
			return nil, fmt.Errorf("pack %q: %w", name, err)
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// PackID makes the id of a pack of a file's name: of Chinese ones a hash.
func PackID(file string) string {
	name := PackTitle(file)
	id := strings.Trim(notID.ReplaceAllString(strings.ToLower(norm.NFKC.String(name)), "-"), "-._")
	if idPattern.MatchString(id) && !strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return id
	}
	return "bank-" + hash(name)[:8]
}

var notID = regexp.MustCompile(`[^a-z0-9._-]+`)

// PackTitle is the title of a file's pack: its name without its ending.
func PackTitle(file string) string {
	name := path.Base(strings.ReplaceAll(file, `\`, "/"))
	for _, ending := range []string{path.Ext(name), ".aiken"} {
		name = strings.TrimSuffix(name, ending)
	}
	return strings.TrimSpace(name)
}

// Wrap makes one file of questions, or one lesson, into the .zip file of a pack.
// It returns false when such files are not read.
func Wrap(id, title, file string, data []byte) ([]byte, bool, error) {
	lower := strings.ToLower(file)
	folder := ""
	for _, ending := range []string{".yaml", ".gift", ".aiken.txt", ".csv", ".xlsx"} {
		if strings.HasSuffix(lower, ending) {
			folder = "questions/"
		}
	}
	if strings.HasSuffix(lower, ".md") {
		folder = "lessons/"
	}
	if folder == "" {
		return nil, false, nil
	}
	name := path.Base(strings.ReplaceAll(file, `\`, "/"))
	if !fs.ValidPath(name) || ignored(name) {
		name = "import" + lower[strings.LastIndexByte(lower, '.'):]
	}
	head := fmt.Sprintf("id: %s\ntitle: %s\n", strconv.Quote(id), strconv.Quote(title))
	out, err := zipped(map[string][]byte{"pack.yaml": []byte(head), folder + name: data}, "")
	return out, true, err
}

// LoadZip reads a pack out of what Unzip or Wrap has made; name is how errors
// call it. See Load.
func LoadZip(data []byte, name string) (*Pack, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, &ArchiveError{Kind: "broken"}
	}
	return Load(z, name)
}
