package member

import (
	"fmt"

	"branchbot/store"
)

// Each time that an account is bound to a member there is a row of account_binding,
// which stays. It says how the binding was proved, and what the account has opened
// since names it: codes, sessions, passwords, further accounts of the member. So all
// of that can be ended with it.

// EndSessions ends what a member is let in by without their accounts: sessions of
// the browser room and of the console, links, codes, the password. The accounts of
// platforms stay bound.
func (d *Directory) EndSessions(tx *store.Tx, member int64) error {
	rooms, err := bindings(tx, `SELECT id FROM account_binding WHERE member = $1 AND ended_at IS NULL AND seen_at > 0`, member)
	if err != nil {
		return err
	}
	for _, id := range rooms {
		if err := d.endBinding(tx, id, "dismissed"); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`DELETE FROM join_code WHERE used_at IS NULL AND (member = $1 AND unit = '' OR made_by = $1)`, member)
	if err != nil {
		return fmt.Errorf("end the codes of member %d: %w", member, err)
	}
	return d.ended(tx, member, 0)
}

// ended tells the console to end what a binding of a member has opened there, or for
// binding 0 all that the member has there.
func (d *Directory) ended(tx *store.Tx, member, binding int64) error {
	if d.OnEnded == nil {
		return nil
	}
	return d.OnEnded(tx, member, binding)
}

// endBinding takes an account from its member and ends all that it has opened. how is
// what the record keeps.
func (d *Directory) endBinding(tx *store.Tx, id int64, how string) error {
	d.Changed(tx)
	all, err := bindings(tx, `WITH RECURSIVE opened (id) AS (SELECT id FROM account_binding WHERE id = $1
		UNION SELECT b.id FROM account_binding b JOIN opened o ON b.opened_by = o.id) SELECT id FROM opened`, id)
	if err != nil {
		return err
	}
	for _, one := range all {
		if err := d.endOne(tx, one, how); err != nil {
			return fmt.Errorf("end binding %d: %w", one, err)
		}
	}
	return nil
}

func (d *Directory) endOne(tx *store.Tx, id int64, how string) error {
	var member int64
	err := tx.QueryRow(`SELECT member FROM account_binding WHERE id = $1`, id).Scan(&member)
	if err != nil {
		return err
	}
	// An account that was bound anew since then has a later row.
	_, err = tx.Exec(`DELETE FROM identity WHERE (account, user_id) IN (SELECT account, user_id FROM account_binding
		WHERE id = $1 AND ended_at IS NULL)`, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE account_binding SET ended_at = $1, ended_how = $2 WHERE id = $3 AND ended_at IS NULL`, tx.Millis(), how, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM join_code WHERE used_at IS NULL AND made_by = $1 AND opened_by = $2`, member, id); err != nil {
		return err
	}
	return d.ended(tx, member, id)
}

// bindings are the ids that a query finds.
func bindings(tx *store.Tx, query string, args ...any) ([]int64, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
