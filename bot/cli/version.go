package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"branchbot/bot/app"
)

func (p *Program) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Show which version this is", Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) { fmt.Fprintln(p.Out, versionLine()) }}
}

// versionLine is what to say in a report of a fault.
func versionLine() string {
	return fmt.Sprintf("branchbot %s (%s, %s/%s)", app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
