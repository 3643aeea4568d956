// Package keystore keeps keys outside the database, so that what must be forgotten
// can be: it is stored encrypted, and destroying its key makes every copy of it
// unreadable, in the tables, in the journal, in the outbox and in all backups.
//
// Rules:
//   - A key is a file of its own in a folder beside the database. Backups do not
//     take that folder along, on purpose.
//   - A key's name is random and is never used twice.
//   - Sealed texts are padded to whole blocks, so that their length tells
//     nothing about a short answer.
//
// What this does not do: whoever can read the folder and the database at the
// same time, while a key lives, can read what is sealed with it. And a file
// that is overwritten and removed may live on in a worn-out part of a disk.
package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"branchbot/store"
)

// ErrGone means that a key has been destroyed, or that it was lost with the
// machine.
var ErrGone = errors.New("the key is gone, what it sealed cannot be read any more")

// block is what sealed texts are padded to.
const block = 4096

// Ring is a folder of keys.
type Ring struct{ dir string }

// Beside is the ring of a database file.
func Beside(database string) *Ring { return &Ring{Folder(database)} }

// Folder is where the ring of a database file keeps its keys.
func Folder(database string) string { return database + ".keys" }

// Make makes a key and returns its name. It is on the disk when Make returns.
func (r *Ring) Make() (string, error) {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return "", fmt.Errorf("make key: %w", err)
	}
	name := rand.Text()
	key := make([]byte, 32)
	rand.Read(key)
	if err := store.CreateFile(r.file(name), key, 0o600); err != nil {
		return "", fmt.Errorf("make key: %w", err)
	}
	return name, nil
}

func (r *Ring) file(name string) string { return filepath.Join(r.dir, name+".key") }

// Seal encrypts a text.
func (r *Ring) Seal(name string, plain []byte) ([]byte, error) {
	box, err := r.box(name)
	if err != nil {
		return nil, err
	}
	size := (len(plain) + 4 + block - 1) / block * block
	padded := binary.BigEndian.AppendUint32(make([]byte, 0, size), uint32(len(plain)))
	padded = append(padded, plain...)[:size]
	return box.Seal(nil, nil, padded, []byte(name)), nil
}

// Open returns what was sealed; ErrGone without the key.
func (r *Ring) Open(name string, sealed []byte) ([]byte, error) {
	box, err := r.box(name)
	if err != nil {
		return nil, err
	}
	padded, err := box.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("open what is sealed: %w", err)
	}
	n := int(binary.BigEndian.Uint32(padded))
	return padded[4 : 4+n], nil
}

func (r *Ring) box(name string) (cipher.AEAD, error) {
	key, err := os.ReadFile(r.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(c)
}

// Destroy overwrites and removes a key; one that is gone already is no error.
func (r *Ring) Destroy(name string) error {
	if err := store.EraseFile(r.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("destroy key: %w", err)
	}
	return nil
}

// codeLetters are easy to tell apart; 32 of them, so that a byte gives one
// without a bias.
const codeLetters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// Code is a random code to be noted down by a person, e.g. 7KQ2M-XH9TP: fifty
// bits.
func Code() string {
	random := make([]byte, 10)
	rand.Read(random)
	for i, b := range random {
		random[i] = codeLetters[int(b)%len(codeLetters)]
	}
	return string(random[:5]) + "-" + string(random[5:])
}
