package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"branchbot/bot/app"

	"branchbot/bot/keystore"
	"branchbot/bot/points"
	"branchbot/store"
)

// A database that is missing or empty was perhaps there before: then the bot must not
// begin an empty one in silence, which would know nobody.

// openOwn opens the database to act as the bot. It begins an empty one only where
// nothing is left of an earlier one, or with --new.
func (p *Program) openOwn(ctx context.Context, s *app.Settings) (*store.DB, error) {
	return store.Open(ctx, s.DatabaseSource(), store.Options{Folder: s.DataFolder(), Begin: func(path string) error {
		left, backup, err := remains(s, path)
		switch {
		case err != nil || len(left) == 0:
			return err
		case p.anew:
			return setAside(path)
		}
		return fmt.Errorf("it is missing or empty, but this is left of an earlier one: %s. Put the database back, or restore a backup: branchbot restore %s. "+
			"To begin with an empty one, add --new", strings.Join(left, ", "), backup)
	}})
}

// remains are the files that a database has left behind, and the newest backup of it;
// FILE where there is none.
func remains(s *app.Settings, path string) (left []string, backup string, err error) {
	dir, base := filepath.Split(path)
	files, err := os.ReadDir(filepath.Clean(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", err
	}
	for _, f := range files {
		switch ending, ok := strings.CutPrefix(f.Name(), base); {
		case !ok:
		case ending == points.HeadsBeside(""), ending == "-wal", ending == keystore.Folder(""), strings.HasPrefix(ending, ".version-"), strings.HasPrefix(ending, ".before-"):
			if info, err := f.Info(); err == nil && info.Size() > 0 {
				left = append(left, dir+f.Name())
			}
		}
	}
	backup = "FILE"
	folder := s.BackupFolder(path)
	names, err := app.ListBackups(folder)
	if err == nil && len(names) > 0 {
		backup = filepath.Join(folder, names[0])
		left = append(left, backup)
	}
	return left, backup, err
}

// setAside puts what would be taken for a part of the new database into a folder. Keys
// and backups stay: the database before can be restored with them.
func setAside(path string) error {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.before-new-%d", path, n)
		if err := os.Mkdir(aside, 0o700); errors.Is(err, fs.ErrExist) {
			continue
		} else if err != nil {
			return err
		}
		for _, file := range []string{points.HeadsBeside(path), path + "-wal", path + "-shm"} {
			err := store.Rename(file, filepath.Join(aside, filepath.Base(file)))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("set aside what is left of the database before: %w", err)
			}
		}
		return nil
	}
}
