package web

import (
	"branchbot/bot/locale"
)

// The page audit shows who changed or exported what, in the unit and under it.

// auditRow is one act of somebody.
type auditRow struct {
	At               int64
	Name, Unit, Page string
	Act, Ref         string
}

func showAudit(r *Request) error {
	total, err := countAudit(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	paging := r.Paging(total)
	rows, err := auditRows(r.Tx, r.Unit.ID, paging)
	if err != nil {
		return err
	}
	return r.Show(struct {
		Rows   []auditRow
		Paging Paging
	}{rows, paging})
}

// PageName is the title of a page that the audit names by its path.
func (r *Request) PageName(path string) string {
	if p := r.server.pageAt(path); p != nil {
		return r.T(p.Title)
	}
	return "–"
}

// ActName is an act in words; a command stands for itself.
func (r *Request) ActName(act string) string {
	if key := "console.act." + act; locale.Has(key) {
		return r.T(key)
	}
	return act
}
