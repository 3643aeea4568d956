package roster

import (
	"embed"
	"net/http"
	"slices"
	"strconv"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/web"
	"branchbot/content"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Pages implements web.Paged: the roster, found by name, unit, status, role; files in and
// out; one member with what is known of them; and those whom nobody knows yet.
func (f *Feature) Pages() []web.Page {
	return []web.Page{
		{Path: "members", Title: "member.page.title", Role: engine.Secretary, Nav: web.Nav{Group: web.People, Order: 10}, View: views.Of("members"),
			Get: f.showMembers, Post: f.changeMembers},
		{Path: "members/{id}", Title: "member.page.one", Role: engine.Secretary, View: views.Of("member"), Get: f.showMember, Post: f.changeMember},
		{Path: "members/export", Title: "member.page.export_title", Role: engine.Secretary, Get: exportMembers, Tells: web.TellsOfAll},
		{Path: "members/import/{id}", Title: "member.page.import_title", Role: engine.Secretary, View: views.Of("roster"), Get: f.showRoster, Post: f.changeRoster},
		{Path: "members/waiting", Title: "member.page.waiting_title", Role: engine.Secretary, View: views.Of("waiting"), Get: f.showWaiting, Post: f.changeWaiting},
	}
}

// members is what the roster's page shows.
type members struct {
	Chosen
	Paging   web.Paging
	Filter   Filter
	Filtered bool
	Waiting  int
	Removals []Removal // that can still be undone
	Statuses []string
	Roles    []string
	Person   Person      // of the form that adds one
	Units    [][2]string // id, name
}

func filterOf(r *web.Request) Filter {
	one := func(name string, of []string) string {
		if v := r.URL.Query().Get(name); slices.Contains(of, v) {
			return v
		}
		return ""
	}
	return Filter{Text: r.Query(), Status: one("status", Statuses), Role: one("role", Roles), Bound: one("bound", []string{"yes", "no"})}
}

func (f *Feature) showMembers(r *web.Request) (err error) {
	d := members{Filter: filterOf(r), Statuses: Statuses, Roles: Roles, Person: Person{Unit: r.Unit.ID, Status: "full"}}
	d.Filtered = d.Filter != Filter{}
	paging := r.Paging(1 << 20) // how many there are is known afterwards
	if d.Chosen, err = Choose(r.Tx, r.Unit.ID, d.Filter, paging.Size, paging.Offset()); err != nil {
		return err
	}
	d.Paging = r.Paging(d.Total)
	if d.Units, err = r.UnitNames(); err != nil {
		return err
	}
	if d.Removals, err = Removals(r.Tx, r.Unit.ID); err != nil {
		return err
	}
	w, err := f.waitingPeople(r)
	if err != nil {
		return err
	}
	d.Waiting = len(w.Asking) + len(w.Strangers)
	return r.Show(d)
}

func (f *Feature) changeMembers(r *web.Request) error {
	switch r.Field("do") {
	case "add":
		return f.put(r, "members", "")
	case "import":
		return f.importTable(r)
	case "restore":
		id, err := strconv.ParseInt(r.Field("change"), 10, 64)
		if err != nil {
			return web.UserError(http.StatusBadRequest, "console.old_form")
		}
		return r.Do(r.Field("change"), "members", func(t *engine.Turn) error { return f.Restore(t, id) })
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}

// importTable shows what a roster or a table of shifts would do; its buttons
// then take it in as a whole, or drop it.
func (f *Feature) importTable(r *web.Request) error {
	files, err := r.Files("file")
	if err != nil {
		return err
	}
	if len(files) != 1 || !content.IsTableFile(files[0].Name, files[0].Data) {
		return web.UserError(http.StatusBadRequest, "member.page.file_how")
	}
	return f.backToRoster(r, "members", func() error {
		_, err := r.Act("import", engine.Act{Files: files})
		return err
	})
}

// put adds a member, or changes him with the version that the form was made of.
func (f *Feature) put(r *web.Request, back, version string) error {
	p := Person{Staff: r.Line("staff"), Name: r.Line("name"), Unit: r.Field("unit"), Status: r.Field("status"),
		JoinedOn: r.Field("joined_on"), Phone: r.Line("phone")}
	return f.backToRoster(r, back, func() error {
		_, err := r.Act("", engine.Act{Do: func(t *engine.Turn) error { return f.Put(t, p, version) }})
		return err
	})
}

func exportMembers(r *web.Request) error {
	ending, kind := ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	if r.URL.Query().Get("type") == "csv" {
		ending, kind = ".csv", "text/csv; charset=utf-8"
	}
	data, err := Export(r.Tx, r.Unit.ID, "roster"+ending, r.Lang)
	if err != nil {
		return err
	}
	return r.Export("", r.Unit.Name+ending, kind, data)
}

// card is what the page of one member shows.
type card struct {
	*engine.Member
	UnitName string
	Person   Person
	Units    [][2]string
	Statuses []string
	Roles    []string
	Offices  []Office
	Dismiss  map[string]bool // the units of which these can be taken away here
	Accounts []Account
	Open     []engine.OpenItem
}

// theMember is the one in the address, if he is on the roster of the unit.
func (f *Feature) theMember(r *web.Request) (*engine.Member, error) {
	id, err := r.ID()
	if err != nil {
		return nil, err
	}
	m, err := In(r.Tx, r.Unit.ID, id)
	if err == nil && m == nil {
		err = web.UserError(http.StatusNotFound, "console.not_found")
	}
	return m, err
}

func (f *Feature) showMember(r *web.Request) error {
	m, err := f.theMember(r)
	if err != nil {
		return err
	}
	d := card{Member: m, Statuses: Statuses, Roles: Roles}
	u, err := r.Directory().Unit(r.Tx, m.Unit)
	if err != nil {
		return err
	}
	d.UnitName = u.Name
	if d.Person, err = PersonOf(r.Tx, m); err != nil {
		return err
	}
	if d.Units, err = r.UnitNames(); err != nil {
		return err
	}
	if !slices.ContainsFunc(d.Units, func(n [2]string) bool { return n[0] == m.Unit }) {
		d.Units = append(d.Units, [2]string{m.Unit, u.Name})
	}
	if d.Offices, err = Offices(r.Tx, m.ID); err != nil {
		return err
	}
	below, err := r.Directory().Below(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	d.Dismiss = map[string]bool{}
	for _, o := range d.Offices {
		d.Dismiss[o.Unit] = slices.Contains(below, o.Unit)
	}
	if d.Accounts, err = Accounts(r.Tx, m.ID); err != nil {
		return err
	}
	line, err := r.Directory().Line(r.Tx, m.Unit)
	if err != nil {
		return err
	}
	for _, u := range line {
		items, err := r.Turn().Engine().ItemsFor(r.Tx, u.ID, m.ID)
		if err != nil {
			return err
		}
		for _, it := range items {
			if it.ByName {
				it.Title = chat.CleanName(web.Shorten(it.Title, 60))
				d.Open = append(d.Open, it)
			}
		}
	}
	r.Subject = m
	if err := r.Opened(m.ID); err != nil {
		return err
	}
	return r.Show(d)
}

// changeMember does what a form on the page of a member wants. Commands name him
// by his staff number: names are not unique.
func (f *Feature) changeMember(r *web.Request) error {
	var m *engine.Member
	err := r.Read(func() (err error) {
		m, err = f.theMember(r)
		return err
	})
	if err != nil {
		return err
	}
	r.Subject = m
	if did, err := r.PostPart("members/{id}"); did || err != nil {
		return err
	}
	ref, back := r.PathValue("id"), "members/"+r.PathValue("id")
	switch r.Field("do") {
	case "save":
		r.PostForm.Set("staff", m.Staff)
		return f.put(r, back, r.Field("version"))
	case "remove":
		return r.Command(ref, "members", "/名单 移除", m.Staff)
	case "invite":
		return r.Command(ref, back, "/邀请", m.Staff)
	case "appoint":
		return r.Command(ref, back, "/名单 任命", m.Staff, r.Line("role"))
	case "dismiss":
		return r.Command(ref, back, "/名单 免职", m.Staff, r.Line("role"), r.Line("of"))
	case "end":
		return r.Do(ref, back, func(t *engine.Turn) error { return f.EndSessionsOf(t, m) })
	case "unbind":
		id, user := chat.AccountID(r.Field("account")), chat.UserID(r.Field("user"))
		return r.Do(ref, back, func(t *engine.Turn) error {
			if who, err := t.Directory().Who(t.Tx, id, user); err != nil || who == nil || who.ID != m.ID {
				return err
			}
			return f.Unbind(t, id, user)
		})
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}
