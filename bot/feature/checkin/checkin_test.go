package checkin_test

import (
	"testing"

	"branchbot/bot/testkit/script"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	script.Scripts(t, "testdata")
}
