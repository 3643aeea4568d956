package content_test

import (
	"testing"

	"branchbot/content"
	"branchbot/content/packs"
)

func TestShippedPack(t *testing.T) {
	t.Parallel()
	l, err := content.Open([]string{"starter"}, packs.FS, "")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(l.Series("starter")); n < 30 {
		t.Errorf("the pack has %d lessons, want at least 30", n)
	}
	if n := len(l.Pool("starter")); n < 120 {
		t.Errorf("the pack has %d questions, want at least 120", n)
	}
	for _, from := range []string{"starter/organisation-life", "starter/safety"} { // of the sample configuration
		if len(l.Series(from)) == 0 || len(l.Pool(from)) == 0 {
			t.Errorf("%s has %d lessons and %d questions, want both", from, len(l.Series(from)), len(l.Pool(from)))
		}
	}
}
