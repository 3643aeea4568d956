package web

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/feature/basics"
	"branchbot/bot/points"
	"branchbot/store"
)

// What is kept about the member, who has read it, and all of it as a file.
var (
	mydataPage = page{path: "me/data", title: "console.title.mydata", own: true, role: engine.OnRoster, view: "mydata", get: showMydata}
	mydataFile = page{path: "me/data.zip", title: "console.title.mydata", own: true, role: engine.OnRoster, get: exportMydata}
)

// mydata is what the page shows.
type mydata struct {
	Kept     []string // lines, as /我的数据 tells them
	Readings []reading
	Most     int
}

func (r *Request) mydata() (d mydata, units []*engine.Unit, err error) {
	d.Most = mostReadings
	if d.Kept, err = basics.Kept(r.Turn()); err != nil {
		return d, nil, err
	}
	stays, units, err := r.server.staysOf(r.Tx, r.Member.ID)
	if err != nil {
		return d, nil, err
	}
	d.Readings, err = readingsOf(r.Tx, r.Member.ID, stays)
	return d, units, err
}

func showMydata(r *Request) error {
	d, _, err := r.mydata()
	if err != nil {
		return err
	}
	return r.Show(d)
}

// What tells what somebody did with what is kept, in words.
func (r *Request) What(a reading) string {
	switch a.Act {
	case "open":
		return r.T("console.read.open")
	case "roster", "ledger", "signup":
		return r.T("console.read." + a.Act)
	}
	return r.T("console.read.change", "Act", r.ActName(a.Act))
}

// Stamp tells a time for a paper that is kept, where "today" means nothing later.
func (r *Request) Stamp(ms int64) string {
	return time.UnixMilli(ms).In(r.Unit.Zone).Format("2006-01-02 15:04")
}

// reopened is how long a page of a member counts as opened once.
const reopened = time.Hour

// opened notes that the member's page of somebody else was opened.
func (r *Request) opened(id int64) error {
	if id == r.Member.ID {
		return nil
	}
	lately, err := openedSince(r.Tx, r.Member.ID, fmt.Sprint(id), r.Now.Add(-reopened))
	if err != nil || lately {
		return err
	}
	return r.Audit("open", fmt.Sprint(id))
}

// ownTable is a table with rows about members.
type ownTable struct {
	name  string
	where string // $1 is the member
	leave string // columns that are left out: secrets, and what only the program can use
}

// ownTables are all that have rows about members, but for the ledger; notOwn are
// those that have a column member and are left out, each with the reason. The
// pages read them whole, so that nothing that is kept is forgotten here.
var ownTables = []ownTable{
	{"member", "id = $1", ""},
	{"identity", "member = $1", ""},
	{"account_binding", "member = $1", ""},
	{"join_request", "member = $1", "words"},
	{"role", "member = $1", ""},
	{"office_ended", "member = $1", "removal"},
	{"stay", "member = $1", ""},
	{"leave", "member = $1", ""},
	{"shift", "member = $1", ""},
	{"answer", "member = $1", ""},
	{"answer_late", "member = $1", ""},
	{"asked", "member = $1", ""},
	{"asked_command", "member = $1", ""},
	{"checkin_entry", "member = $1", ""},
	{"lesson_done", "member = $1", ""},
	{"notice_reader", "member = $1 AND acked_at IS NOT NULL", ""},
	{"signup_entry", "member = $1", ""},
	{"survey_voted", "member = $1", ""},
	{"survey_named", "member = $1", ""},
	{"suggestion", "member = $1 AND member <> 0", ""},
	{"honour", "member = $1", ""},
	{"console_session", "member = $1", "hash flash roles"},
	{"console_audit", "member = $1", ""},
}

var notOwn = map[string]string{
	"ledger":           "read along the chains; see ledger.Last",
	"ledger_sum":       "the sum of the ledger",
	"join_code":        "a secret",
	"console_link":     "a secret",
	"console_password": "a secret",
	"console_known":    "a secret",
	"survey_draft":     "sealed",
	"care":             "sealed, and told to nobody else, not even to who looks over his shoulder",
	"selection":        "ticks that were not submitted; gone at the close",
	"answer_message":   "numbers of messages; gone at the close",
	"notice_draft":     "files that wait for a secretary's next notice",
	"roster_change":    "questions that wait for a secretary, and removals of the last month",
	"roster_import":    "a list of others that waits for a secretary",
	"shift_import":     "a list of others that waits for a secretary",
	"pack_import":      "a pack that waits for a secretary",
	"retired":          "a unit's decision about content",
}

// rowsAbout are the rows of a table about a member, each by its columns; times
// in UTC.
func rowsAbout(tx *store.Tx, t ownTable, member int64) ([]map[string]any, error) {
	rows, err := tx.Query(`SELECT * FROM `+t.name+` WHERE `+t.where, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	all := []map[string]any{}
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
			if strings.Contains(" "+t.leave+" ", " "+name+" ") {
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
	return all, rows.Err()
}

//go:embed mydata.html
var mydataHTML string

var mydataTemplate = template.Must(template.New("mydata").Parse(mydataHTML))

// exportMydata is a .zip file with all that is kept: as a program reads it, and
// as people do.
func exportMydata(r *Request) error {
	d, units, err := r.mydata()
	if err != nil {
		return err
	}
	entries, err := points.Last(r.Tx, units, r.Member.ID, 1<<20)
	if err != nil {
		return err
	}
	tables := map[string]any{"ledger": entries}
	for _, t := range ownTables {
		rows, err := rowsAbout(r.Tx, t, r.Member.ID)
		if err != nil {
			return fmt.Errorf("read %s: %w", t.name, err)
		}
		if len(rows) > 0 {
			tables[t.name] = rows
		}
	}
	data, err := json.MarshalIndent(map[string]any{"made_at": r.Now.UTC().Format(time.RFC3339), "tables": tables, "read_by": d.Readings}, "", "  ")
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := mydataTemplate.Execute(&page, struct {
		*Request
		D       mydata
		Entries []points.Entry
	}{r, d, entries}); err != nil {
		return err
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, file := range []struct {
		name string
		body []byte
	}{{"index.html", page.Bytes()}, {"data.json", data}} {
		f, err := z.Create(file.name)
		if err != nil {
			return err
		}
		if _, err := f.Write(file.body); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	w, err := r.Export("mydata", "", r.T("console.title.mydata")+"-"+r.Member.Name+".zip", "application/zip")
	if err != nil {
		return err
	}
	_, _ = w.Write(out.Bytes()) // or the browser went away
	return nil
}
