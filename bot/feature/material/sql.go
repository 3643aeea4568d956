package material

import (
	"errors"
	"time"

	"branchbot/store"
)

// importLife is how long a pack waits for its confirmation.
const importLife = 24 * time.Hour

// keepImport keeps a pack for the confirmation of its sender, in the place of an
// earlier one.
func keepImport(tx *store.Tx, member int64, pack string, zip []byte, leftOut string) (id int64, err error) {
	if _, err := tx.Exec(`DELETE FROM pack_import WHERE member = $1 OR created_at < $2`, member, tx.Now.Add(-importLife).UnixMilli()); err != nil {
		return 0, err
	}
	err = tx.QueryRow(`INSERT INTO pack_import (member, pack, body, left_out, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
		member, pack, zip, leftOut, tx.Millis()).Scan(&id)
	return id, err
}

// importOf is nil for a pack that is somebody else's, or waits no longer; what of it was left
// out is there for a day.
func importOf(tx *store.Tx, member, id int64) (zip []byte, leftOut string, err error) {
	err = tx.QueryRow(`SELECT body, left_out FROM pack_import WHERE id = $1 AND member = $2`, id, member).Scan(&zip, &leftOut)
	if errors.Is(err, store.ErrNoRows) {
		return nil, "", nil
	}
	return zip, leftOut, err
}

// lastLeft is the number of a member's import that was taken in with something left out; 0
// when there is none.
func lastLeft(tx *store.Tx, member int64) (id int64, leftOut string, err error) {
	err = tx.QueryRow(`SELECT id, left_out FROM pack_import WHERE member = $1 AND body = $2 AND created_at >= $3`,
		member, []byte{}, tx.Now.Add(-importLife).UnixMilli()).Scan(&id, &leftOut)
	if errors.Is(err, store.ErrNoRows) {
		return 0, "", nil
	}
	return id, leftOut, err
}

// takenImport drops the pack of an import, and keeps what was left out of it.
func takenImport(tx *store.Tx, member, id int64) error {
	if _, err := tx.Exec(`UPDATE pack_import SET body = $1 WHERE id = $2 AND member = $3`, []byte{}, id, member); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM pack_import WHERE id = $1 AND member = $2 AND left_out = ''`, id, member)
	return err
}

func dropImport(tx *store.Tx, member, id int64) error {
	_, err := tx.Exec(`DELETE FROM pack_import WHERE id = $1 AND member = $2`, id, member)
	return err
}
