package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Files are written here and nowhere else, so that the rules of all systems are kept
// in one place:
//   - A file is on the disk only once it and its folder are synced. Windows syncs only
//     what was opened for writing, and cannot sync a folder, nor needs to.
//   - Windows refuses to rename to a file that somebody has open, be it a virus
//     scanner; it is tried again for a while.

// WriteFile replaces a file: others see the old one or the new one, and the new one is
// on the disk when WriteFile returns.
func WriteFile(name string, data []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return Rename(f.Name(), name)
}

// CreateFile writes a new file and has it on the disk; one that is there already is an
// error (fs.ErrExist), and is left alone.
func CreateFile(name string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return syncFolder(filepath.Dir(name))
}

// Rename gives a file that is on the disk another name, in the place of what has that
// name, and has the name on the disk.
func Rename(from, to string) error {
	if err := rename(from, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// EraseFile overwrites a file with zeros and removes it. One that is not there is an
// error (fs.ErrNotExist).
func EraseFile(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	if err := errors.Join(err, f.Sync(), f.Close(), os.Remove(name)); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}

// syncFile has a file that somebody else has written on the disk, and its name.
func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", name, err)
	}
	return syncFolder(filepath.Dir(name))
}

func syncFolder(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
