package notice

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/store"
)

// publish is /公示 NUMBER and /公示 撤下 NUMBER: a notice is shown on the unit's
// board, which people outside the group can see, only when a secretary wants it.
func (f *Feature) publish(t *engine.Turn, line command.Line) error {
	words := line.Fields()
	down := slices.ContainsFunc(words, isDown)
	words = slices.DeleteFunc(words, isDown)
	if len(words) == 0 {
		return engine.Complain("notice.publish_how")
	}
	n, g, err := f.named(t, strings.Join(words, " "))
	if err != nil {
		return err
	}
	if down {
		if err := g.publish(t.Tx, n.ID, false); err != nil {
			return err
		}
		return t.Say("notice.unpublished", "Number", g.number())
	}
	if n.State == recalled {
		return engine.Complain("notice.recalled_already", "Number", g.number())
	}
	if err := g.publish(t.Tx, n.ID, true); err != nil {
		return err
	}
	return t.Say("notice.published", "Number", g.number())
}

func isDown(word string) bool {
	word = command.Fold(word)
	return word == "撤下" || word == "off"
}

// Public is a notice as the board shows it.
type Public struct {
	ID        int64
	Number    string // 2026-017
	Text      string
	Corrected bool
	At        time.Time // when it was published
}

func (g *target) publish(tx *store.Tx, id int64, yes bool) error {
	query := `UPDATE notice_target SET published_at = NULL WHERE notice = $1 AND unit = $2`
	args := []any{id, g.Unit}
	if yes { // one that is published already keeps its time
		query, args = `UPDATE notice_target SET published_at = COALESCE(published_at, $3) WHERE notice = $1 AND unit = $2`, append(args, tx.Millis())
	}
	_, err := tx.Exec(query, args...)
	return err
}

// IsPublished tells whether a unit shows a notice on its board.
func IsPublished(tx *store.Tx, id int64, unit string) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM notice_target WHERE notice = $1 AND unit = $2 AND published_at IS NOT NULL`, id, unit).Scan(&n)
	return n > 0, err
}

// Published are the notices that a unit shows on its board, newest first. A
// notice that was recalled is not shown any more.
func Published(tx *store.Tx, unit, lang string, most int) ([]Public, error) {
	rows, err := tx.Query(`SELECT n.id, g.year, g.seq, n.text, n.earlier, g.published_at FROM notice_target g JOIN notice n ON n.id = g.notice
		WHERE g.unit = $1 AND g.published_at IS NOT NULL AND n.state <> 'recalled' ORDER BY g.published_at DESC, n.id DESC LIMIT $2`, unit, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Public
	for rows.Next() {
		var p Public
		var g target
		var n notice
		var earlier string
		var at int64
		if err := rows.Scan(&p.ID, &g.Year, &g.Seq, &n.Text, &earlier, &at); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(earlier), &n.Earlier); err != nil {
			return nil, fmt.Errorf("notice %d: earlier texts: %w", p.ID, err)
		}
		p.Number, p.Text, p.Corrected, p.At = g.number(), chat.Clean(n.body(lang)), len(n.Earlier) > 0, time.UnixMilli(at)
		out = append(out, p)
	}
	return out, rows.Err()
}
