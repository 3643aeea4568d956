package board

import (
	"errors"
	"time"

	"branchbot/store"
)

// wordOf is the secret word of a unit's board; "" when it has none.
func wordOf(tx *store.Tx, unit string) (word string, err error) {
	err = tx.QueryRow(`SELECT word FROM board WHERE unit = $1`, unit).Scan(&word)
	if errors.Is(err, store.ErrNoRows) {
		return "", nil
	}
	return word, err
}

// unitOf is the unit whose board has a word; "" when none has.
func unitOf(tx *store.Tx, word string) (unit string, err error) {
	err = tx.QueryRow(`SELECT unit FROM board WHERE word = $1`, word).Scan(&unit)
	if errors.Is(err, store.ErrNoRows) {
		return "", nil
	}
	return unit, err
}

func openedAt(tx *store.Tx, unit string) (time.Time, error) {
	var at int64
	err := tx.QueryRow(`SELECT opened_at FROM board WHERE unit = $1`, unit).Scan(&at)
	return time.UnixMilli(at), err
}

func put(tx *store.Tx, unit, word string, by int64) error {
	_, err := tx.Exec(`INSERT INTO board (unit, word, opened_at, opened_by) VALUES ($1, $2, $3, $4)
		ON CONFLICT (unit) DO UPDATE SET word = excluded.word, opened_at = excluded.opened_at, opened_by = excluded.opened_by`,
		unit, word, tx.Millis(), by)
	return err
}

func remove(tx *store.Tx, unit string) error {
	_, err := tx.Exec(`DELETE FROM board WHERE unit = $1`, unit)
	return err
}

// newestPoster is the name of the last poster that was posted since a day; ""
// when there was none.
func newestPoster(tx *store.Tx, unit, since string) (name string, err error) {
	var week string
	err = tx.QueryRow(`SELECT week FROM poster WHERE unit = $1 AND day >= $2 ORDER BY day DESC LIMIT 1`, unit, since).Scan(&week)
	if errors.Is(err, store.ErrNoRows) {
		return "", nil
	}
	return unit + "." + week + ".png", err
}
