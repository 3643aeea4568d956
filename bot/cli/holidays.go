package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"branchbot/bot/schedule"
	"branchbot/schedules"
	"branchbot/store"
)

func (p *Program) holidaysCommand() *cobra.Command {
	return &cobra.Command{Use: "holidays", Short: "Show the years whose public holidays are known; import takes in another", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.holidays(c.Context()) }}
}

func (p *Program) holidays(ctx context.Context) error {
	_, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Read(func(tx *store.Tx) error {
		years, err := schedule.HolidayYears(tx)
		for _, y := range years {
			fmt.Fprintf(p.Out, "%d  %s  %s  %s\n", y.Year, summary(y), y.File, strings.Join(y.Papers, " "))
		}
		return err
	})
}

// summary counts the days of a year's holidays.
func summary(y schedules.Year) string {
	off := 0
	for _, d := range y.Days {
		if d.Off {
			off++
		}
	}
	return fmt.Sprintf("%d days off, %d days worked for them", off, len(y.Days)-off)
}
