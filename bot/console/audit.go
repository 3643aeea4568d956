package console

import (
	"branchbot/bot/engine"
)

// auditPage shows who changed or exported what, in the unit and under it.
var auditPage = page{path: "audit", title: "console.title.audit", role: engine.Secretary, nav: true, view: "audit", get: showAudit}

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
