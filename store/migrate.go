package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

var errOldSchema = errors.New("made by an older branchbot")

// migrate brings the schema up to date, each step in its own transaction; before
// the first one, keep is called with the version that there is. A tool beside a
// running bot only checks (keep is nil): it may not change the schema.
func migrate(ctx context.Context, db *sql.DB, keep func(have int64) error) error {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	sources := p.ListSources()
	want := sources[len(sources)-1].Version
	switch {
	case have > want:
		return fmt.Errorf("its schema is version %d, this program knows version %d: start the newer branchbot that made it", have, want)
	case have == want:
		return nil
	case keep == nil:
		return fmt.Errorf("%w: its schema is version %d, this program wants version %d: start the bot once, it brings the schema up to date", errOldSchema, have, want)
	}
	if have > 0 {
		if err := keep(have); err != nil {
			return fmt.Errorf("keep the database as it was before migrating: %w", err)
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate from version %d to %d: %w", have, want, err)
	}
	return nil
}
