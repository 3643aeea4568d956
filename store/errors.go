package store

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrorCode is what went wrong in the database, for those who act on it.
type ErrorCode string

const (
	Other        ErrorCode = ""
	Unique       ErrorCode = "unique"
	Busy         ErrorCode = "busy"
	Full         ErrorCode = "full"
	ReadOnly     ErrorCode = "read_only"
	CannotOpen   ErrorCode = "cannot_open"
	Corrupt      ErrorCode = "corrupt"
	NotADatabase ErrorCode = "not_a_database"
	IO           ErrorCode = "io"
	Misuse       ErrorCode = "misuse"   // e.g. no transaction is active
	Conflict     ErrorCode = "conflict" // with another transaction: begin anew
	Gone         ErrorCode = "gone"     // the server, or the connection to it
)

// Code reads the driver's error code, never its text.
func Code(err error) ErrorCode {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return postgresCode(err)
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return Unique
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return Busy
	case sqlite3.SQLITE_FULL:
		return Full
	case sqlite3.SQLITE_READONLY:
		return ReadOnly
	case sqlite3.SQLITE_CANTOPEN:
		return CannotOpen
	case sqlite3.SQLITE_CORRUPT:
		return Corrupt
	case sqlite3.SQLITE_NOTADB:
		return NotADatabase
	case sqlite3.SQLITE_IOERR:
		return IO
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE:
		return Misuse
	}
	return Other
}

// checkHeader refuses a file that is no SQLite database before SQLite could
// write to it. A missing or empty file is fine.
func checkHeader(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if n == 0 && errors.Is(err, io.EOF) {
		return nil
	}
	if string(head) != "SQLite format 3\x00" {
		return fmt.Errorf("this file is not a database of branchbot; it is left as it is")
	}
	return nil
}

// uri writes a path for SQLite's file: URIs, where ?, # and % have a meaning.
func uri(path string) string {
	return (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
}
