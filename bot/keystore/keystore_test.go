package keystore_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"branchbot/bot/keystore"
)

func TestRing(t *testing.T) {
	t.Parallel()
	r := keystore.Beside(filepath.Join(t.TempDir(), "x.db"))
	key, err := r.Make()
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, text := range []string{"", "A", "一段长一点的话"} {
		sealed, err := r.Seal(key, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(sealed))
		if text != "" && bytes.Contains(sealed, []byte(text)) && len(text) > 1 {
			t.Errorf("%q can be read", text)
		}
		if got, err := r.Open(key, sealed); err != nil || string(got) != text {
			t.Errorf("%q: opened %q, %v", text, got, err)
		}
		sealed[len(sealed)/2] ^= 1
		if _, err := r.Open(key, sealed); err == nil {
			t.Errorf("%q: opened although changed", text)
		}
	}
	if sizes[0] != sizes[1] || sizes[1] != sizes[2] {
		t.Errorf("the lengths %v tell something", sizes)
	}
	sealed, err := r.Seal(key, []byte("A"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time is no error
		if err := r.Destroy(key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Open(key, sealed); !errors.Is(err, keystore.ErrGone) {
		t.Errorf("opened without the key: %v", err)
	}
}
