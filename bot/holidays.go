package bot

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"branchbot/bot/schedule"
	"branchbot/schedules"
	"branchbot/store"
)

func (p *Program) holidaysCommand() *cobra.Command {
	root := &cobra.Command{Use: "holidays", Short: "Show the years whose public holidays are known", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.holidays(c.Context()) }}
	root.AddCommand(&cobra.Command{Use: "import FILE", Short: "Take in the public holidays of a year, also while the bot runs", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.importHolidays(c.Context(), args[0]) }})
	return root
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

func (p *Program) importHolidays(ctx context.Context, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	_, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var year schedules.Year
	err = db.Write(func(tx *store.Tx) error {
		year, err = schedule.ImportHolidays(tx, file, data)
		return err
	})
	if err == nil {
		fmt.Fprintf(p.Out, "imported: %d, %s; a running bot takes it in at once\n", year.Year, summary(year))
	}
	return err
}
