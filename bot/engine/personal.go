package engine

import (
	"strings"
	"time"
)

// Personal is a feature that keeps something about members.
type Personal interface {
	// Open are lines about what is open for the member now, for /今日.
	Open(t *Turn, m *Member) ([]string, error)
	// Data are lines about all that is stored about the member, for /我的数据.
	Data(t *Turn, m *Member) ([]string, error)
}

// TableKeeper is a feature with tables of its own that have rows about members. A test
// compares what all of them name with the schema, so that nothing that is kept is forgotten
// where members see what is kept about them.
type TableKeeper interface {
	PersonalTables() []PersonalTable
}

// PersonalTable is a table with rows about members, as these can download them.
type PersonalTable struct {
	Name  string
	Where string // condition of the rows about the member $1
	Leave string // columns that are left out: secrets, and what only the program can use
	// LeftOut says why nothing of it is given out: a secret, somebody else's; "": it is.
	LeftOut string
	// Read reads what is given out in the place of the rows; nil: the rows.
	Read func(t *Turn) (any, error)
}

// PersonalTables are those of the engine and of all features.
func (e *Engine) PersonalTables() []PersonalTable {
	all := []PersonalTable{
		{Name: "asked", Where: "member = $1"},
		{Name: "asked_command", Where: "member = $1"},
		{Name: "selection", LeftOut: "ticks that were not submitted; gone at the close"},
		{Name: "answer_message", LeftOut: "numbers of messages; gone at the close"},
	}
	for _, f := range e.Features {
		if k, ok := f.(TableKeeper); ok {
			all = append(all, k.PersonalTables()...)
		}
	}
	return all
}

// PersonalLines collects lines about t.Member of all features.
func (t *Turn) PersonalLines(lines func(Personal) ([]string, error)) ([]string, error) {
	var all []string
	for _, f := range t.work.engine.Features {
		p, ok := f.(Personal)
		if !ok {
			continue
		}
		some, err := lines(p)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// Kept are lines about all that is stored about t.Member.
func (t *Turn) Kept() ([]string, error) {
	m := t.Member
	lines := []string{t.T("engine.mydata", "Name", m.Name, "Staff", m.Staff, "Status", strings.Split(t.T("member.status."+m.Status), "/")[0],
		"Unit", t.Unit.Name)}
	accounts, err := t.Directory().Private(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		lines = append(lines, t.T("engine.identity", "Account", a.Account))
	}
	more, err := t.PersonalLines(func(p Personal) ([]string, error) { return p.Data(t, m) })
	if err != nil {
		return nil, err
	}
	lines = append(lines, more...)
	asked, err := AskedAbout(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	if len(asked) > 0 {
		lines = append(lines, t.T("engine.asked", "Codes", strings.Join(asked, t.T("engine.list_comma"))))
	}
	return append(lines, t.T("engine.mydata_note")), nil
}

// Of is what of the table is given out about t.Member: each row by its columns, times in
// UTC; nil for nothing.
func (p PersonalTable) Of(t *Turn) (any, error) {
	if p.Read != nil {
		return p.Read(t)
	}
	rows, err := t.Tx.Query(`SELECT * FROM `+p.Name+` WHERE `+p.Where, t.Member.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all []map[string]any
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := map[string]any{}
		for i, name := range columns {
			if strings.Contains(" "+p.Leave+" ", " "+name+" ") {
				continue
			}
			at, is := values[i].(int64)
			if is && at > 0 && (name == "at" || strings.HasSuffix(name, "_at")) {
				values[i] = time.UnixMilli(at).UTC().Format(time.RFC3339)
			}
			row[name] = values[i]
		}
		all = append(all, row)
	}
	if len(all) == 0 {
		return nil, rows.Err()
	}
	return all, rows.Err()
}
