package report_test

import (
	"testing"

	"branchbot/bot/bottest"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	bottest.Scripts(t, "testdata")
}
