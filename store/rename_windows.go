package store

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// renameFor is how long a file may be in somebody else's way. Readers and virus
// scanners hold one for a moment.
const renameFor = 3 * time.Second

func rename(from, to string) error {
	began := time.Now()
	for pause := time.Millisecond; ; pause *= 2 {
		err := os.Rename(from, to)
		held := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if !held || time.Since(began)+pause > renameFor {
			return err
		}
		time.Sleep(pause)
	}
}
