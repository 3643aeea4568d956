package web

import "strings"

// Group is a group of pages in the navigation.
type Group int

// The groups, in the order of the navigation. Settings and Mine stand below the five.
const (
	Nowhere Group = iota
	Today
	Publish
	People
	Life
	Library
	Settings
	Mine
)

// Nav is where a page stands in the navigation.
type Nav struct {
	Group Group
	Order int
}

// groups are those of the navigation with their icons.
var groups = []struct {
	group Group
	title string // key of the catalogue
	icon  string
}{
	{Today, "console.group.today", "today"},
	{Publish, "console.group.publish", "publish"},
	{People, "console.group.people", "people"},
	{Life, "console.group.life", "life"},
	{Library, "console.group.library", "library"},
	{Settings, "console.group.settings", "settings"},
	{Mine, "console.group.mine", "me"},
}

// Tab is a page in the navigation.
type Tab struct {
	Title, To string
	Here      bool
}

// TabGroup is a group of pages that the member may open here.
type TabGroup struct {
	Title, Icon string
	To          string // of its first page
	Here        bool   // the present page is one of it
	Low         bool   // it stands below the others
	Tabs        []Tab
}

// Groups are the groups with pages that the member may open in this unit. A group
// without one is not shown.
func (r *Request) Groups() []TabGroup {
	if r.Unit == nil || r.Member == nil {
		return nil
	}
	here := strings.Split(r.page.Path, "/")[0]
	var all []TabGroup
	for _, g := range groups {
		shown := TabGroup{Title: r.T(g.title), Icon: g.icon, Low: g.group >= Settings}
		for _, p := range r.server.pages {
			if p.Nav.Group != g.group || r.Role < p.Role || p.Top && !r.Top {
				continue
			}
			to := r.To(p.Path)
			if p.Own {
				to = Root + p.Path
			}
			tab := Tab{r.T(p.Title), to, p.Path == here}
			shown.Tabs, shown.Here = append(shown.Tabs, tab), shown.Here || tab.Here
		}
		if len(shown.Tabs) > 0 {
			shown.To = shown.Tabs[0].To
			all = append(all, shown)
		}
	}
	return all
}
