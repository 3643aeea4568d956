package web

import (
	"net/http"
	"slices"
	"strconv"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/feature/leave"
	"branchbot/bot/feature/shift"
	"branchbot/bot/roster"
	"branchbot/content"
)

// The roster: found by name, unit, status, role; files in and out; one member
// with what is known of him.
var (
	membersPage = page{path: "members", title: "console.title.members", role: engine.Secretary, nav: true, view: "members",
		get: showMembers, post: changeMembers}
	memberPage = page{path: "members/{id}", title: "console.title.member", role: engine.Secretary, view: "member",
		get: showMember, post: changeMember}
	membersExport = page{path: "members/export", title: "console.title.members", role: engine.Secretary, get: exportMembers}
)

// members is what the roster's page shows.
type members struct {
	roster.Chosen
	Paging   Paging
	Filter   roster.Filter
	Filtered bool
	Waiting  int
	Removals []roster.Removal // that can still be undone
	Statuses []string
	Roles    []string
	Person   roster.Person // of the form that adds one
	Units    [][2]string   // id, name
}

func (r *Request) filter() roster.Filter {
	one := func(name string, of []string) string {
		if v := r.URL.Query().Get(name); slices.Contains(of, v) {
			return v
		}
		return ""
	}
	return roster.Filter{Text: r.Query(), Status: one("status", roster.Statuses), Role: one("role", roster.Roles), Bound: one("bound", []string{"yes", "no"})}
}

func showMembers(r *Request) (err error) {
	d := members{Filter: r.filter(), Statuses: roster.Statuses, Roles: roster.Roles, Person: roster.Person{Unit: r.Unit.ID, Status: "full"}}
	d.Filtered = d.Filter != roster.Filter{}
	paging := r.Paging(1 << 20) // how many there are is known afterwards
	if d.Chosen, err = roster.Choose(r.Tx, r.Unit.ID, d.Filter, paging.Size, paging.Offset()); err != nil {
		return err
	}
	d.Paging = r.Paging(d.Total)
	if d.Units, err = unitNames(r); err != nil {
		return err
	}
	if d.Removals, err = roster.Removals(r.Tx, r.Unit.ID); err != nil {
		return err
	}
	w, err := r.waitingPeople()
	if err != nil {
		return err
	}
	d.Waiting = len(w.Asking) + len(w.Strangers)
	return r.Show(d)
}

// unitNames are the unit and those right under it, for a choice.
func unitNames(r *Request) ([][2]string, error) {
	names := [][2]string{{r.Unit.ID, r.Unit.Name}}
	below, err := unitsUnder(r.Tx, r.Unit.ID, 200)
	for _, u := range below {
		names = append(names, [2]string{u.ID, u.Name})
	}
	return names, err
}

func changeMembers(r *Request) error {
	switch r.Field("do") {
	case "add":
		return r.put("members", "")
	case "import":
		return r.importTable()
	case "restore":
		id, err := strconv.ParseInt(r.Field("change"), 10, 64)
		if err != nil {
			return complain(http.StatusBadRequest, "console.old_form")
		}
		return r.do(r.Field("change"), "members", func(t *engine.Turn) error { return feature[*roster.Feature](r.server).Restore(t, id) })
	}
	return complain(http.StatusBadRequest, "console.old_form")
}

// importTable shows what a roster or a table of shifts would do; its buttons
// then take it in as a whole, or drop it.
func (r *Request) importTable() error {
	files, err := r.files("file")
	if err != nil {
		return err
	}
	if len(files) != 1 || !content.IsTableFile(files[0].Name, files[0].Data) {
		return complain(http.StatusBadRequest, "console.members.file_how")
	}
	return r.backToRoster("members", func() error {
		_, err := r.Act("import", engine.Act{Files: files})
		return err
	})
}

// put adds a member, or changes him with the version that the form was made of.
func (r *Request) put(back, version string) error {
	p := roster.Person{Staff: r.line("staff"), Name: r.line("name"), Unit: r.Field("unit"), Status: r.Field("status"),
		JoinedOn: r.Field("joined_on"), Phone: r.line("phone")}
	return r.backToRoster(back, func() error {
		_, err := r.Act("", engine.Act{Do: func(t *engine.Turn) error { return feature[*roster.Feature](r.server).Put(t, p, version) }})
		return err
	})
}

func exportMembers(r *Request) error {
	ending, kind := ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	if r.URL.Query().Get("type") == "csv" {
		ending, kind = ".csv", "text/csv; charset=utf-8"
	}
	data, err := roster.Export(r.Tx, r.Unit.ID, "roster"+ending, r.Lang)
	if err != nil {
		return err
	}
	w, err := r.Export("roster", "", r.Unit.Name+ending, kind)
	if err != nil {
		return err
	}
	_, _ = w.Write(data) // or the browser went away
	return nil
}

// card is what the page of one member shows.
type card struct {
	*engine.Member
	UnitName string
	Person   roster.Person
	Units    [][2]string
	Statuses []string
	Roles    []string
	Offices  []roster.Office
	Dismiss  map[string]bool // the units of which these can be taken away here
	Accounts []roster.Account
	Open     []ask
	Leave    []string
	Shifts   []string
	Today    string
}

// theMember is the one in the address, if he is on the roster of the unit.
func (r *Request) theMember() (*engine.Member, error) {
	id, err := r.id()
	if err != nil {
		return nil, err
	}
	m, err := roster.In(r.Tx, r.Unit.ID, id)
	if err == nil && m == nil {
		err = complain(http.StatusNotFound, "console.not_found")
	}
	return m, err
}

func showMember(r *Request) error {
	m, err := r.theMember()
	if err != nil {
		return err
	}
	d := card{Member: m, Statuses: roster.Statuses, Roles: roster.Roles, Today: r.Day()}
	u, err := r.server.Engine.Directory.Unit(r.Tx, m.Unit)
	if err != nil {
		return err
	}
	d.UnitName = u.Name
	if d.Person, err = roster.PersonOf(r.Tx, m); err != nil {
		return err
	}
	if d.Units, err = unitNames(r); err != nil {
		return err
	}
	if !slices.ContainsFunc(d.Units, func(n [2]string) bool { return n[0] == m.Unit }) {
		d.Units = append(d.Units, [2]string{m.Unit, u.Name})
	}
	if d.Offices, err = roster.Offices(r.Tx, m.ID); err != nil {
		return err
	}
	below, err := r.server.Engine.Directory.Below(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	d.Dismiss = map[string]bool{}
	for _, o := range d.Offices {
		d.Dismiss[o.Unit] = slices.Contains(below, o.Unit)
	}
	if d.Accounts, err = roster.Accounts(r.Tx, m.ID); err != nil {
		return err
	}
	line, err := r.server.Engine.Directory.Line(r.Tx, m.Unit)
	if err != nil {
		return err
	}
	for _, u := range line {
		asks, err := asksOf(r.Tx, u.ID, m.ID)
		if err != nil {
			return err
		}
		d.Open = append(d.Open, asks...)
	}
	for i := range d.Open {
		d.Open[i].Title = heading(&d.Open[i].item)
	}
	if d.Leave, err = feature[*leave.Feature](r.server).Data(r.Turn(), m); err != nil {
		return err
	}
	if d.Shifts, err = feature[*shift.Feature](r.server).Data(r.Turn(), m); err != nil {
		return err
	}
	if err := r.opened(m.ID); err != nil {
		return err
	}
	return r.Show(d)
}

// changeMember does what a form on the page of a member wants. Commands name him
// by his staff number: names are not unique.
func changeMember(r *Request) error {
	var m *engine.Member
	err := r.look(func() (err error) {
		m, err = r.theMember()
		return err
	})
	if err != nil {
		return err
	}
	ref, back := r.PathValue("id"), "members/"+r.PathValue("id")
	switch r.Field("do") {
	case "save":
		r.PostForm.Set("staff", m.Staff)
		return r.put(back, r.Field("version"))
	case "remove":
		return r.Command(ref, "members", "/名单 移除", m.Staff)
	case "invite":
		return r.Command(ref, back, "/邀请", m.Staff)
	case "appoint":
		return r.Command(ref, back, "/名单 任命", m.Staff, r.line("role"))
	case "dismiss":
		return r.Command(ref, back, "/名单 免职", m.Staff, r.line("role"), r.line("of"))
	case "leave":
		return r.takeLeave(m, ref, back)
	case "back":
		return r.do(ref, back, func(t *engine.Turn) error { return feature[*leave.Feature](r.server).End(t, m) })
	case "shift":
		return r.Command(ref, back, "/排班", m.Staff, r.line("pattern"), r.day("from"))
	case "end":
		return r.do(ref, back, func(t *engine.Turn) error { return feature[*roster.Feature](r.server).EndSessionsOf(t, m) })
	case "unbind":
		id, user := chat.AccountID(r.Field("account")), chat.UserID(r.Field("user"))
		return r.do(ref, back, func(t *engine.Turn) error {
			if who, err := t.Directory().Who(t.Tx, id, user); err != nil || who == nil || who.ID != m.ID {
				return err
			}
			return feature[*roster.Feature](r.server).Unbind(t, id, user)
		})
	}
	return complain(http.StatusBadRequest, "console.old_form")
}

// takeLeave enters leave for a member: days, or a half of one.
func (r *Request) takeLeave(m *engine.Member, ref, back string) error {
	days, half := r.day("from"), r.Field("half")
	if days == "" || !slices.Contains([]string{"", "上午", "下午"}, half) {
		return complain(http.StatusBadRequest, "console.member.leave_how")
	}
	days += half
	if to := r.day("to"); to != "" && to != r.day("from") {
		days += "到" + to
	}
	reason := r.line("reason")
	return r.do(ref, back, func(t *engine.Turn) error { return feature[*leave.Feature](r.server).Enter(t, m, days, reason) })
}
