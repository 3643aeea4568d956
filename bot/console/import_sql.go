package console

import (
	"errors"
	"time"

	"branchbot/store"
)

// importLife is how long a pack waits for its confirmation.
const importLife = 24 * time.Hour

// keepImport keeps a pack for the confirmation of its sender, in the place of an
// earlier one.
func keepImport(tx *store.Tx, member int64, pack string, zip []byte) (id int64, err error) {
	if _, err := tx.Exec(`DELETE FROM pack_import WHERE member = $1 OR created_at < $2`, member, tx.Now.Add(-importLife).UnixMilli()); err != nil {
		return 0, err
	}
	err = tx.QueryRow(`INSERT INTO pack_import (member, pack, body, created_at) VALUES ($1, $2, $3, $4) RETURNING id`,
		member, pack, zip, tx.Millis()).Scan(&id)
	return id, err
}

// importOf is nil for a pack that is somebody else's, or waits no longer.
func importOf(tx *store.Tx, member, id int64) (zip []byte, err error) {
	err = tx.QueryRow(`SELECT body FROM pack_import WHERE id = $1 AND member = $2`, id, member).Scan(&zip)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return zip, err
}

func dropImport(tx *store.Tx, member, id int64) error {
	_, err := tx.Exec(`DELETE FROM pack_import WHERE id = $1 AND member = $2`, id, member)
	return err
}
