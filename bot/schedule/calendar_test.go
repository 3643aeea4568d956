package schedule

import (
	"errors"
	"testing"
)

func FuzzReadCalendar(f *testing.F) {
	f.Add([]byte("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270101\r\nDTEND;VALUE=DATE:20270104\r\nSUMMARY:元旦（休）\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))
	f.Add([]byte(`{"holiday":{"01-01":{"holiday":true,"name":"元旦","date":"2027-01-01"}}}`))
	f.Add([]byte(`{"Years":{"2027":[{"Name":"元旦","StartDate":"2027-01-01","EndDate":"2027-01-03","CompDays":["2027-01-10"]}]}}`))
	f.Add([]byte(`{"holidays":{"2027-01-01":"元旦"},"workdays":{"2027-01-10":"元旦"}}`))
	f.Add([]byte(`{"year":2027,"papers":[],"days":[{"name":"元旦","date":"2027-01-01","isOffDay":true}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		years, err := ReadCalendar("calendar", data)
		var fault *CalendarError
		if err != nil && !errors.As(err, &fault) {
			t.Fatalf("an error that no user understands: %v", err)
		}
		for _, y := range years {
			if len(y.Days) == 0 {
				t.Errorf("%d has no days", y.Year.Year)
			}
		}
	})
}
