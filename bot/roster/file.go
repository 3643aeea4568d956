package roster

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"branchbot/bot/locale"
	"branchbot/content/sheet"
	"branchbot/store"
)

// Person is one row of a roster file.
type Person struct {
	Staff    string   `json:"staff"`
	Name     string   `json:"name"`
	Unit     string   `json:"unit"`
	Status   string   `json:"status"`
	JoinedOn string   `json:"joined_on"`
	Roles    []string `json:"roles"`
	Phone    string   `json:"phone,omitempty"`
}

// Fault is a cell that is wrong.
type Fault struct {
	Row    int
	Column string // a key of the catalogue: member.column.staff …
	Reason string // a key of the catalogue: member.fault.empty …
	Value  string
}

// Text tells the fault in a language.
func (f Fault) Text(lang string) string {
	return locale.Text(lang, "member.fault", "Row", f.Row, "Column", locale.Text(lang, f.Column),
		"Reason", locale.Text(lang, f.Reason, "Value", f.Value))
}

// The columns of a roster file, in the order of an export.
var columnNames = []string{"staff", "name", "unit", "status", "joined_on", "roles", "phone"}

// word finds the value that a text means: the value itself, or its name in one
// of the languages.
func word(prefix string, values []string, text string) string {
	for _, v := range values {
		if strings.EqualFold(text, v) {
			return v
		}
		for _, lang := range locale.Languages {
			for _, name := range strings.Split(locale.Text(lang, prefix+v), "/") {
				if strings.EqualFold(text, name) {
					return v
				}
			}
		}
	}
	return ""
}

// date reads the ways in which days are written in tables, among them the number of days since
// 1900 that Excel stores. whole is false when only a month is given: then it is the first day.
func date(s string) (day string, whole bool) {
	s = strings.TrimSpace(norm.NFKC.String(s))
	s = clockBehind.ReplaceAllString(s, "")
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日", "2006年1月2", "20060102", "2006 1 2"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.DateOnly), true
		}
	}
	for _, layout := range []string{"2006-1", "2006/1", "2006.1", "2006年1月", "2006年1月份", "200601"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.DateOnly), false
		}
	}
	var days int
	if n, err := fmt.Sscanf(s, "%d", &days); err == nil && n == 1 && len(s) == 5 {
		return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days).Format(time.DateOnly), true
	}
	return "", false
}

// clockBehind is the time that exports write behind a day.
var clockBehind = regexp.MustCompile(`[ T]\d{1,2}:\d\d(:\d\d(\.\d+)?)?Z?$`)

// firstPhone is the first telephone number of several; "" when there is none.
func firstPhone(s string) string {
	for part := range strings.FieldsFuncSeq(norm.NFKC.String(s), func(r rune) bool { return strings.ContainsRune("/、,，;； \n或", r) }) {
		if p := Phone(part); len(p) >= 7 {
			return p
		}
	}
	return ""
}

// mobile is a mobile number as people write it.
var mobile = regexp.MustCompile(`^(?:\+?86[- ]?)?(1\d\d)[- ]?(\d{4})[- ]?(\d{4})$`)

// Phone reads a telephone number: digits with blanks, hyphens, brackets and a
// leading + between or before them; "" when it is none. A mobile number is kept as its digits.
func Phone(s string) string {
	if m := mobile.FindStringSubmatch(strings.TrimSpace(s)); m != nil {
		return m[1] + m[2] + m[3]
	}
	digits := 0
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" -()", r) && (r != '+' || i > 0):
			return ""
		}
	}
	if digits < 3 || len(s) > 32 {
		return ""
	}
	return strings.TrimSpace(s)
}

// Export writes the roster of a unit as .csv or .xlsx, by the ending of name;
// an import takes it again.
func Export(tx *store.Tx, unit, name, lang string) ([]byte, error) {
	members, err := Roster(tx, unit)
	if err != nil {
		return nil, err
	}
	header := make([]string, len(columnNames))
	for i, c := range columnNames {
		header[i] = locale.Text(lang, "member.column."+c)
	}
	phones, err := phonesOf(tx, unit)
	if err != nil {
		return nil, err
	}
	rows := make([][]string, len(members))
	for i, m := range members {
		roles, err := Granted(tx, m.ID)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, r := range roles[m.Unit] {
			names = append(names, firstName(lang, "member.role."+r))
		}
		rows[i] = []string{m.Staff, m.Name, m.Unit, firstName(lang, "member.status."+m.Status), m.JoinedOn, strings.Join(names, "、"), phones[m.ID]}
	}
	if strings.HasSuffix(strings.ToLower(name), ".csv") {
		return sheet.WriteCSV(header, rows)
	}
	return sheet.WriteXLSX(locale.Text(lang, "member.sheet"), header, rows)
}

// phonesOf are the telephone numbers of a unit's members that have one.
func phonesOf(tx *store.Tx, unit string) (map[int64]string, error) {
	rows, err := tx.Query(Under+`SELECT id, phone FROM member WHERE unit IN (SELECT id FROM below) AND phone <> ''`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	phones := map[int64]string{}
	for rows.Next() {
		var id int64
		var phone string
		if err := rows.Scan(&id, &phone); err != nil {
			return nil, err
		}
		phones[id] = phone
	}
	return phones, rows.Err()
}

// firstName is the usual one of the names that a value has in the catalogue.
func firstName(lang, key string) string {
	name, _, _ := strings.Cut(locale.Text(lang, key), "/")
	return name
}
