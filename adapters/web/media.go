package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"branchbot/bot/chat"
)

// Pictures and files of the bot are known by the hash of their bytes, and are kept as long
// as a message shows them: pictures on the shelf, files, which may hold personal data, in
// memory only.

// media is what a message shows.
type media struct {
	Hash string `json:"hash"`
	Alt  string `json:"alt"`
	Name string `json:"name,omitempty"` // a file, not a picture
}

type blob struct {
	Type string `json:"type"`
	Data []byte `json:"data"`
}

// maxPictures is how many bytes of pictures are held in memory: those that browsers ask
// for just now.
const maxPictures = 32 << 20

// On the shelf stand the bytes of a picture, and each message that shows it. The folder f/
// is of versions before 2026-12 and holds pictures of older messages.
func pictureKey(hash string) string { return "p/" + hash }
func shownKey(hash string, in chat.ChatID, seq int64) string {
	return fmt.Sprintf("%s%s/%020d", shownPrefix(hash), in, seq)
}
func shownPrefix(hash string) string { return "s/" + hash + "/" }

// keepMedia keeps what a message shows, and returns what is to be put on the shelf with it.
// It is called with keeping held for reading until that is done and the room shows it.
func (a *Adapter) keepMedia(m *message, p chat.Part) (items []chat.Item, err error) {
	sum := sha256.Sum256(p.Media.Data)
	hash := hex.EncodeToString(sum[:])
	m.Media = &media{Hash: hash, Alt: p.Media.Alt, Name: p.Media.Name}
	b := blob{Type: p.Media.Type, Data: p.Media.Data}
	if p.Media.Name != "" || p.Secret {
		a.mu.Lock()
		a.files[hash] = b
		a.mu.Unlock()
		return nil, nil
	}
	a.mu.Lock()
	kept := a.kept[hash]
	a.mu.Unlock()
	items = []chat.Item{{Key: shownKey(hash, m.Room, m.Seq), Value: []byte{}}}
	if !kept {
		text, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		items = append(items, chat.Item{Key: pictureKey(hash), Value: text})
		a.cache(hash, b)
	}
	return items, nil
}

// dropFile frees what a message showed that is held in memory, unless another one shows
// it too. It tells whether it is held there.
func (a *Adapter) dropFile(hash string) bool {
	a.keeping.Lock()
	defer a.keeping.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, held := a.files[hash]; !held {
		return false
	}
	for _, r := range a.rooms {
		if slices.ContainsFunc(r.messages, func(m *message) bool { return m.Media != nil && m.Media.Hash == hash }) {
			return true
		}
	}
	delete(a.files, hash)
	return true
}

// dropPicture frees a picture that a message showed which is gone, unless another one
// shows it too.
func (a *Adapter) dropPicture(ctx context.Context, in chat.Shelf, hash string) error {
	shown, err := in.List(ctx, shownPrefix(hash), 1)
	if err != nil || len(shown) > 0 {
		return err
	}
	a.keeping.Lock() // and looked again, while no message is about to show it
	defer a.keeping.Unlock()
	if shown, err = in.List(ctx, shownPrefix(hash), 1); err != nil || len(shown) > 0 {
		return err
	}
	a.mu.Lock()
	delete(a.pictures, hash)
	delete(a.kept, hash)
	a.mu.Unlock()
	return in.Delete(ctx, pictureKey(hash))
}

// cache holds a picture in memory.
func (a *Adapter) cache(hash string, b blob) {
	a.mu.Lock()
	defer a.mu.Unlock()
	size := len(b.Data)
	for _, other := range a.pictures {
		size += len(other.Data)
	}
	if size > maxPictures {
		clear(a.pictures)
	}
	a.pictures[hash] = b
}

// find returns a picture or file; false when there is none any more.
func (a *Adapter) find(ctx context.Context, hash string) (b blob, found bool, err error) {
	a.mu.Lock()
	for _, held := range []map[string]blob{a.pictures, a.files} {
		if b, found = held[hash]; found {
			break
		}
	}
	a.mu.Unlock()
	if found {
		return b, true, nil
	}
	in, err := a.in()
	if err != nil {
		return blob{}, false, err
	}
	for _, key := range []string{pictureKey(hash), "f/" + hash} {
		text, err := in.Get(ctx, key)
		if err != nil {
			return blob{}, false, err
		}
		if text == nil {
			continue
		}
		if err := json.Unmarshal(text, &b); err != nil {
			return blob{}, false, fmt.Errorf("shelf entry %s: %w", key, err)
		}
		a.cache(hash, b)
		return b, true, nil
	}
	return blob{}, false, nil
}

// media serves pictures, and files for saving, by their hash, which nobody can
// guess.
func (a *Adapter) media(w http.ResponseWriter, r *http.Request, _ Persona) {
	b, found, err := a.find(r.Context(), r.PathValue("hash"))
	if err != nil {
		a.fail(w, err)
		return
	}
	if !found {
		http.Error(w, a.text("gone"), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", b.Type)
	w.Header().Set("Content-Length", strconv.Itoa(len(b.Data)))
	if !strings.HasPrefix(b.Type, "image/") {
		w.Header().Set("Content-Disposition", "attachment")
	} else {
		w.Header().Set("Cache-Control", "private, max-age=86400, immutable")
	}
	_, _ = w.Write(b.Data)
}
