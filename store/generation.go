package store

import (
	"fmt"
	"slices"
)

// What processes keep in memory of rows has a generation: a number that counts up
// with every transaction that changes such rows. Who uses what he keeps reads the
// number first, once a transaction, and reads everything anew when it has changed.
// So a process sees what others, and tools beside it, have committed.

// Changes tells that the transaction changes what is kept under a name. The number
// counts up as its last statement: so nobody waits for it while others wait for him.
func (tx *Tx) Changes(name string) {
	if !tx.Changing(name) {
		tx.changing = append(tx.changing, name)
	}
}

// Changing tells whether this transaction changes what is kept under a name: it
// has to read past it, and must keep nothing that it reads.
func (tx *Tx) Changing(name string) bool {
	return slices.Contains(tx.changing, name)
}

// Generation is the number of a name as this transaction first saw it.
func (tx *Tx) Generation(name string) (int64, error) {
	if n, ok := tx.seen[name]; ok {
		return n, nil
	}
	var n int64
	err := tx.Alone(func() error { return tx.QueryRow(`SELECT n FROM generation WHERE name = $1`, name).Scan(&n) })
	if err != nil {
		return 0, fmt.Errorf("read the generation of %s: %w", name, err)
	}
	if tx.seen == nil {
		tx.seen = map[string]int64{}
	}
	tx.seen[name] = n
	return n, nil
}

func (tx *Tx) countUp() error {
	slices.Sort(tx.changing)
	for _, name := range tx.changing {
		if _, err := tx.Exec(`UPDATE generation SET n = n + 1 WHERE name = $1`, name); err != nil {
			return fmt.Errorf("count up the generation of %s: %w", name, err)
		}
	}
	return nil
}

// Locked runs a query of one table, and keeps the rows that it finds from being changed
// by others until the transaction ends; it waits for those who do. With SQLite there
// are no others.
func (tx *Tx) Locked(query string, args ...any) error {
	if !tx.Parallel {
		return nil
	}
	_, err := tx.Exec(query+` FOR NO KEY UPDATE`, args...)
	return err
}
