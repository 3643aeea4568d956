package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"branchbot/bot/feature/material"
	"branchbot/content"
	"branchbot/content/packs"
	"branchbot/store"
)

// imports are the content packs that were taken in at the console. Each is one file,
// data/packs/ID.zip, so that it is replaced whole or not at all. Several processes
// share the folder; each looks every few seconds whether it has changed.
type packStore struct {
	bot *Bot
	dir string

	mu    sync.Mutex // one change of the library at a time
	stamp string     // of the folder as it was read
}

// packsEvery is how often a process looks for what another has taken in.
const packsEvery = 5 * time.Second

func newPackStore(b *Bot) *packStore {
	return &packStore{bot: b, dir: absolute(packsBeside(b.db.Path()))}
}

// packsBeside is where the packs of a database lie.
func packsBeside(path string) string { return filepath.Join(filepath.Dir(path), "packs") }

// PacksFolder is that of the settings' database.
func (s *Settings) PacksFolder() string {
	if store.IsPostgres(s.Database) {
		return packsBeside(filepath.Join(s.DataFolder(), "name"))
	}
	return packsBeside(strings.TrimPrefix(s.DatabaseSource(), "sqlite:"))
}

func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir // there is no present folder
}

// importedPacks are the files of a folder, in order, and a text that changes when
// they do.
func importedPacks(dir string) (files []string, stamp string, err error) {
	dir = absolute(dir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("look for packs: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || !strings.HasSuffix(e.Name(), ".zip") {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) { // replaced this moment
			continue
		}
		if err != nil {
			return nil, "", fmt.Errorf("look for packs: %w", err)
		}
		files = append(files, filepath.Join(dir, e.Name()))
		stamp += fmt.Sprintln(e.Name(), info.Size(), info.ModTime().UnixNano())
	}
	return files, stamp, nil
}

// Imported tells whether a pack was taken in at the console.
func (p *packStore) Imported(pack *content.Pack) bool { return filepath.Dir(pack.From) == p.dir }

// with is the library with a pack in the place of the imported one of its id, or
// without that when pack is nil, checked as a whole.
func (p *packStore) with(id string, pack *content.Pack) (*content.Library, *content.Pack, error) {
	all := p.bot.features.library.Load().Packs()
	i := slices.IndexFunc(all, func(o *content.Pack) bool { return o.ID == id })
	var old *content.Pack
	switch {
	case i >= 0 && !p.Imported(all[i]):
		return nil, nil, material.ErrPackTaken
	case i >= 0:
		old = all[i]
		all = slices.Delete(all, i, i+1)
	case pack == nil:
		return nil, nil, material.ErrNoPack
	}
	if pack != nil {
		all = append(all, pack)
	}
	library, err := content.NewLibrary(all)
	if err == nil {
		err = errors.Join(checkContent(p.bot.features.settings.Load(), library)...)
	}
	return library, old, err
}

// Try implements material.Packs.
func (p *packStore) Try(zip []byte) (pack, old *content.Pack, base string, err error) {
	if pack, err = content.LoadZip(zip, ""); err != nil {
		return nil, nil, "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if base, err = p.standing(pack.ID); err != nil {
		return nil, nil, "", err
	}
	_, old, err = p.with(pack.ID, pack)
	return pack, old, base, err
}

// standing tells which file is the imported pack of an id now, also when another process
// has just put it there; "" when there is none.
func (p *packStore) standing(id string) (string, error) {
	_ = p.refresh() // run tells what cannot be read
	data, err := os.ReadFile(filepath.Join(p.dir, id+".zip"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look at the pack %s: %w", id, err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Put implements material.Packs.
func (p *packStore) Put(zip []byte, base string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	pack, err := content.LoadZip(zip, "")
	if err != nil {
		return err
	}
	now, err := p.standing(pack.ID)
	if err != nil {
		return err
	}
	if now != base {
		return material.ErrPackChanged
	}
	pack.From = filepath.Join(p.dir, pack.ID+".zip")
	library, _, err := p.with(pack.ID, pack)
	if err != nil {
		return err
	}
	if err := PutPack(p.dir, pack.ID, zip); err != nil {
		return err
	}
	return p.use(library)
}

// PutPack keeps the .zip file of a pack in the folder, and what stood there before it beside.
// A running bot takes it in within seconds.
func PutPack(dir, id string, zip []byte) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("keep the pack %s: %w", id, err)
	}
	file := filepath.Join(dir, id+".zip")
	was, err := os.ReadFile(file)
	switch {
	case err == nil && !bytes.Equal(was, zip):
		err = store.WriteFile(beforePack(dir, id), was, 0o640)
	case errors.Is(err, fs.ErrNotExist):
		err = removeFile(beforePack(dir, id))
	}
	if err != nil {
		return fmt.Errorf("keep what the pack %s was: %w", id, err)
	}
	if err := store.WriteFile(file, zip, 0o640); err != nil {
		return fmt.Errorf("keep the pack %s: %w", id, err)
	}
	return nil
}

// beforePack is where a pack is kept that the last import has replaced. Files that begin with
// a dot are no packs.
func beforePack(dir, id string) string { return filepath.Join(dir, "."+id+".before") }

func removeFile(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Undoable implements material.Packs.
func (p *packStore) Undoable(pack *content.Pack) bool {
	_, err := os.Stat(beforePack(p.dir, pack.ID))
	return p.Imported(pack) && err == nil
}

// Undo implements material.Packs.
func (p *packStore) Undo(id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	zip, err := os.ReadFile(beforePack(p.dir, id))
	if errors.Is(err, fs.ErrNotExist) {
		return material.ErrNoPack
	}
	if err != nil {
		return fmt.Errorf("bring back the pack %s: %w", id, err)
	}
	pack, err := content.LoadZip(zip, "")
	if err != nil {
		return err
	}
	pack.From = filepath.Join(p.dir, id+".zip")
	library, _, err := p.with(id, pack)
	if err != nil {
		return err
	}
	if err := store.WriteFile(pack.From, zip, 0o640); err != nil {
		return fmt.Errorf("bring back the pack %s: %w", id, err)
	}
	if err := removeFile(beforePack(p.dir, id)); err != nil {
		return fmt.Errorf("bring back the pack %s: %w", id, err)
	}
	return p.use(library)
}

// Drop implements material.Packs.
func (p *packStore) Drop(id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	library, old, err := p.with(id, nil)
	if err != nil {
		return err
	}
	if err := errors.Join(removeFile(old.From), removeFile(beforePack(p.dir, id))); err != nil {
		return fmt.Errorf("remove the pack %s: %w", id, err)
	}
	return p.use(library)
}

// use puts a library into force that has what the folder has.
func (p *packStore) use(library *content.Library) error {
	_, stamp, err := importedPacks(p.dir)
	if err == nil {
		p.stamp = stamp
		p.bot.features.library.Store(library)
	}
	return err
}

// look takes in what another process has changed. A pack that cannot be read
// leaves all as it was.
func (p *packStore) look() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refresh()
}

// refresh is look for who holds the lock.
func (p *packStore) refresh() error {
	files, stamp, err := importedPacks(p.dir)
	if err != nil || stamp == p.stamp {
		return err
	}
	p.stamp = stamp
	all := slices.DeleteFunc(p.bot.features.library.Load().Packs(), p.Imported)
	imported, err := content.Open(files, packs.FS, "")
	if err != nil {
		return err
	}
	library, err := content.NewLibrary(append(all, imported.Packs()...))
	if err == nil {
		p.bot.features.library.Store(library)
	}
	return err
}

func (p *packStore) run(ctx context.Context) {
	tick := time.NewTicker(packsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := p.look(); err != nil {
			p.bot.log.Error("the changed packs are not used, those before stay", "error", err)
		}
	}
}
