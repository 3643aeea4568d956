package notice

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the pictures of which the size is read
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "golang.org/x/image/webp" // as above

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/store"
)

const (
	draftLife = 30 * time.Minute // how long a file waits for its notice
	maxFiles  = 9
	maxBytes  = 5 << 20 // of a file
	// maxPixels bounds a picture: one of few bytes may unpack to gigabytes on every
	// phone of the branch. Phones take photographs of up to 50 million.
	maxPixels = 60_000_000
)

// tables, sent by themselves, are for imports: rosters, questions.
var tables = []string{".xlsx", ".xls", ".csv"}

// pictures are what every platform shows.
var pictures = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// content is what was found out of a file.
type content struct {
	hash   string
	kind   string
	pixels int
}

// Parse implements engine.Filer.
func (f *Feature) Parse(file chat.File) any {
	if len(file.Data) > maxBytes {
		return &content{}
	}
	sum := sha256.Sum256(file.Data)
	kind, pixels := kindOf(file.Data)
	return &content{hex.EncodeToString(sum[:]), kind, pixels}
}

// File implements engine.Filer: what a secretary sends goes along with the
// notice under which it stands, or with his next one.
func (f *Feature) File(t *engine.Turn, file chat.File, parsed any) (bool, error) {
	_, captioned := command.Parse(t.Event.Text, t.Engine().Names...)
	if !captioned && slices.Contains(tables, strings.ToLower(filepath.Ext(file.Name))) {
		return false, nil
	}
	n, err := addDraft(t, "", file, parsed.(*content))
	if err != nil || captioned {
		return true, err
	}
	m := chat.Text(t.T("notice.file_taken", "Files", n, "Minutes", int(draftLife.Minutes())))
	m.Buttons = [][]chat.Button{{{Label: t.T("notice.files_drop"), Data: "notice:files:drop"}}}
	return true, t.Reply(m)
}

// kindOf is the type of a file by what is in it, and the size of a picture. What
// only begins like a picture is none.
func kindOf(data []byte) (kind string, pixels int) {
	kind = http.DetectContentType(data)
	if !slices.Contains(pictures, kind) {
		return kind, 0
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return "application/octet-stream", 0
	}
	return kind, c.Width * c.Height
}

// addDraft keeps a file for its sender's next notice, or for that of a form on a
// page, and returns how many wait there. Files of which no notice came are
// forgotten by the way.
func addDraft(t *engine.Turn, form string, file chat.File, c *content) (n int, err error) {
	if len(file.Data) > maxBytes {
		return 0, engine.Complain("notice.file_too_big", "Max", maxBytes>>20)
	}
	if c.pixels > maxPixels {
		return 0, engine.Complain("notice.picture_too_big", "Max", maxPixels/1_000_000)
	}
	if err := forget(t.Tx, `at < $1`, t.Now.Add(-draftLife).UnixMilli()); err != nil {
		return 0, err
	}
	_, err = t.Tx.Exec(`INSERT INTO notice_file (hash, type, data) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, c.hash, c.kind, file.Data)
	if err != nil {
		return 0, fmt.Errorf("store file: %w", err)
	}
	_, err = t.Tx.Exec(`INSERT INTO notice_draft (member, hash, name, at, draft) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (member, hash) DO UPDATE SET name = excluded.name, at = excluded.at, draft = excluded.draft`,
		t.Member.ID, c.hash, fileName(file.Name), t.Tx.Millis(), form)
	if err != nil {
		return 0, err
	}
	err = t.Tx.QueryRow(`SELECT COUNT(*) FROM notice_draft WHERE member = $1 AND draft = $2`, t.Member.ID, form).Scan(&n)
	if err == nil && n > maxFiles {
		err = engine.Complain("notice.too_many_files", "Max", maxFiles)
	}
	return n, err
}

// fileName keeps a name's ending when it is shortened.
func fileName(name string) string {
	name = filepath.Base(strings.ReplaceAll(name, `\`, "/"))
	ending := filepath.Ext(name)
	if len(ending) > 8 {
		ending = ""
	}
	return chat.CleanName(strings.TrimSuffix(name, ending)) + chat.Clean(ending)
}

// drafts are the files that wait for a member's notice, or for that of a form, in
// the order in which they were sent.
func drafts(tx *store.Tx, member int64, form string) ([]chat.Media, error) {
	rows, err := tx.Query(`SELECT d.hash, d.name, f.type FROM notice_draft d JOIN notice_file f ON f.hash = d.hash
		WHERE d.member = $1 AND d.draft = $3 AND d.at >= $2 ORDER BY d.at, d.name`, member, tx.Now.Add(-draftLife).UnixMilli(), form)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []chat.Media
	for rows.Next() {
		var hash, name, kind string
		if err := rows.Scan(&hash, &name, &kind); err != nil {
			return nil, err
		}
		m := chat.Media{Ref: "notice:" + hash, Alt: name}
		if !slices.Contains(pictures, kind) {
			m.Name = name
		}
		out = append(out, m)
	}
	return out, rows.Err()
}

// useDrafts ends the waiting of files that go along with a notice.
func useDrafts(tx *store.Tx, member int64, form string) error {
	_, err := tx.Exec(`DELETE FROM notice_draft WHERE member = $1 AND draft = $2`, member, form)
	return err
}

// forgetDrafts drops the files that a member does not want to send after all.
func forgetDrafts(tx *store.Tx, member int64, form string) error {
	return forget(tx, `member = $1 AND draft = $2`, member, form)
}

// forget drops drafts, and the bytes that nothing else needs.
func forget(tx *store.Tx, where string, args ...any) error {
	rows, err := tx.Query(`DELETE FROM notice_draft WHERE `+where+` RETURNING hash`, args...)
	if err != nil {
		return err
	}
	var hashes []string
	for rows.Next() {
		var hash string
		if err := rows.Scan(&hash); err != nil {
			rows.Close()
			return err
		}
		hashes = append(hashes, hash)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, hash := range hashes {
		_, err := tx.Exec(`DELETE FROM notice_file WHERE hash = $1 AND NOT EXISTS (SELECT 1 FROM notice_draft WHERE hash = $1)
			AND NOT EXISTS (SELECT 1 FROM notice WHERE files LIKE '%' || $1 || '%')`, hash)
		if err != nil {
			return err
		}
	}
	return nil
}

// Media are the bytes of a file by their hash, for the sender.
func Media(tx *store.Tx, hash string) (data []byte, mediaType string, err error) {
	err = tx.QueryRow(`SELECT data, type FROM notice_file WHERE hash = $1`, hash).Scan(&data, &mediaType)
	if err != nil {
		return nil, "", fmt.Errorf("file %s of a notice: %w", hash, err)
	}
	return data, mediaType, nil
}
