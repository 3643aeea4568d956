package schedule

import (
	"fmt"
	"slices"
	"time"

	"branchbot/schedules"
	"branchbot/store"
)

// HolidayYears are the shipped years and those imported in their place or
// beside them, in order.
func HolidayYears(tx *store.Tx) ([]schedules.Year, error) {
	h, err := loadHolidays(tx)
	if err != nil {
		return nil, err
	}
	return h.Years(), nil
}

func loadHolidays(tx *store.Tx) (*schedules.Holidays, error) {
	rows, err := tx.Query(`SELECT file, text FROM holiday_year ORDER BY year`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	years := slices.Clone(schedules.Shipped())
	for rows.Next() {
		var file, text string
		if err := rows.Scan(&file, &text); err != nil {
			return nil, err
		}
		year, err := schedules.ParseYear(file, []byte(text))
		if err != nil {
			return nil, fmt.Errorf("imported holidays: %w", err)
		}
		years = append(years, year)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return schedules.NewHolidays(years...)
}

// lookAhead is how far ahead an unknown year is worth a warning.
const lookAhead = 31 * 24 * time.Hour

// unknownYears are those of now and the near future of which the holidays are
// not known, if any of the schedules depends on them.
func unknownYears(rows []row, holidays *schedules.Holidays, now time.Time) []int {
	uses := func(s row) bool {
		if s.Days == (schedules.DayRule{}) {
			return false
		}
		spec, _, err := s.parse(holidays)
		return err == nil && spec.UsesHolidays()
	}
	var years []int
	for _, year := range []int{now.Year(), now.Add(lookAhead).Year()} {
		if !holidays.Known(year) && !slices.Contains(years, year) && slices.ContainsFunc(rows, uses) {
			years = append(years, year)
		}
	}
	return years
}
