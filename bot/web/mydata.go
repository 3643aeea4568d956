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
)

// What is kept about the member, who has read it, and all of it as a file.

// mydata is what the page shows.
type mydata struct {
	Kept     []string // lines, as /我的数据 tells them
	Readings []reading
	Most     int
}

func (r *Request) mydata() (d mydata, err error) {
	d.Most = mostReadings
	if d.Kept, err = r.Turn().Kept(); err != nil {
		return d, err
	}
	stays, err := r.server.staysOf(r.Tx, r.Member.ID)
	if err != nil {
		return d, err
	}
	d.Readings, err = r.server.readingsOf(r.Tx, r.Member.ID, stays)
	return d, err
}

func showMydata(r *Request) error {
	d, err := r.mydata()
	if err != nil {
		return err
	}
	return r.Show(d)
}

// What tells what somebody did with what is kept, in words.
func (r *Request) What(a reading) string {
	switch {
	case a.Act == "open":
		return r.T("console.read.open")
	case strings.HasSuffix(a.Page, "/export"):
		return r.T("console.read.export", "What", r.PageName(a.Page))
	}
	return r.T("console.read.change", "Act", r.ActName(a.Act))
}

// Stamp tells a time for a paper that is kept, where "today" means nothing later.
func (r *Request) Stamp(ms int64) string {
	return time.UnixMilli(ms).In(r.Unit.Zone).Format("2006-01-02 15:04")
}

// reopened is how long a page of a member counts as opened once.
const reopened = time.Hour

// Opened notes that the page of a member was opened by somebody else.
func (r *Request) Opened(id int64) error {
	if id == r.Member.ID {
		return nil
	}
	lately, err := openedSince(r.Tx, r.Member.ID, fmt.Sprint(id), r.Now.Add(-reopened))
	if err != nil || lately {
		return err
	}
	return r.Audit("open", fmt.Sprint(id))
}

// ownTables are those of the console itself.
var ownTables = []engine.PersonalTable{
	{Name: "console_session", Where: "member = $1", Leave: "hash flash roles"},
	{Name: "console_audit", Where: "member = $1"},
	{Name: "console_link", LeftOut: "a secret"},
	{Name: "console_password", LeftOut: "a secret"},
	{Name: "console_known", LeftOut: "a secret"},
}

// tables are all that have rows about members.
func (s *Server) tables() []engine.PersonalTable {
	return append(s.Engine.PersonalTables(), ownTables...)
}

//go:embed mydata.html
var mydataHTML string

var mydataTemplate = template.Must(template.New("mydata").Parse(mydataHTML))

// exportMydata is a .zip file with all that is kept: as a program reads it, and
// as people do.
func exportMydata(r *Request) error {
	d, err := r.mydata()
	if err != nil {
		return err
	}
	tables := map[string]any{}
	for _, t := range r.server.tables() {
		if t.LeftOut != "" {
			continue
		}
		rows, err := t.Of(r.Turn())
		if err != nil {
			return fmt.Errorf("read %s: %w", t.Name, err)
		}
		if rows != nil {
			tables[t.Name] = rows
		}
	}
	data, err := json.MarshalIndent(map[string]any{"made_at": r.Now.UTC().Format(time.RFC3339), "tables": tables, "read_by": d.Readings}, "", "  ")
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := mydataTemplate.Execute(&page, struct {
		*Request
		D mydata
	}{r, d}); err != nil {
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
	return r.Export("", r.T("console.title.mydata")+"-"+r.Member.Name+".zip", "application/zip", out.Bytes())
}
