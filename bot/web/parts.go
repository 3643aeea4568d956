package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"branchbot/bot/engine"
	"branchbot/store"
)

// View is the template of a page, of a part or of a form: {{define "main"}} of one file.
// Its dot is the *Request, .Data what is shown.
type View struct {
	name string
	tmpl *template.Template
}

// Views are the templates of a folder by the names of their files, without .html. The
// templates of layout.html, and of files of the folder whose names begin with _, can be used
// in all of them.
type Views map[string]*View

// ParseViews reads the templates page/*.html of a feature. It panics where one is wrong,
// which is a mistake of the program.
func ParseViews(files embed.FS) Views { return parseViews(files, "page") }

func parseViews(files fs.FS, folder string) Views {
	names, err := fs.Glob(files, folder+"/*.html")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	shared, views := template.Must(layout.Clone()), Views{}
	for _, file := range names {
		if strings.HasPrefix(path.Base(file), "_") {
			template.Must(shared.ParseFS(files, file))
		}
	}
	for _, file := range names {
		if name := strings.TrimSuffix(path.Base(file), ".html"); name[0] != '_' && name != "layout" {
			views[name] = &View{name, template.Must(template.Must(shared.Clone()).ParseFS(files, file))}
		}
	}
	return views
}

var layout = template.Must(template.ParseFS(assets, "assets/layout.html"))

// Of is the view of a file; it panics when there is none.
func (v Views) Of(name string) *View {
	if v[name] == nil {
		panic("there is no view " + name)
	}
	return v[name]
}

// Render makes HTML of a view with other data than the page's.
func (r *Request) Render(v *View, data any) (template.HTML, error) {
	inner := *r
	inner.Data = data
	var out bytes.Buffer
	if err := v.tmpl.ExecuteTemplate(&out, "main", &inner); err != nil {
		return "", fmt.Errorf("view %s: %w", v.name, err)
	}
	return template.HTML(out.String()), nil
}

// Part is what a feature brings to a page that belongs to no feature, or to another.
type Part struct {
	// Of is the place: PAGE or PAGE/PLACE; see the templates that ask for parts.
	Of   string
	View *View
	// Data reads what the view shows; nil leaves the part out. On a member's page
	// r.Subject is the member.
	Data func(r *Request) (any, error)
	// Post does what the forms of the part want, by the value of their field "do".
	Post map[string]func(*Request) error
	// Pulse is as that of Page; nil: the part does not change by itself.
	Pulse func(tx *store.Tx, unit string) (string, error)
}

// Partner is a feature that brings parts of pages.
type Partner interface {
	Parts() []Part
}

// partsOf are the parts of a page, of all its places, in the order of the features.
func (s *Server) partsOf(page string) []Part {
	var all []Part
	for _, p := range s.parts {
		if p.Of == page || strings.HasPrefix(p.Of, page+"/") {
			all = append(all, p)
		}
	}
	return all
}

// Parts are the parts of a place as HTML.
func (r *Request) Parts(of string) ([]template.HTML, error) {
	var all []template.HTML
	for _, p := range r.server.parts {
		if p.Of != of {
			continue
		}
		data, err := p.Data(r)
		if err != nil {
			return nil, err
		}
		if data == nil {
			continue
		}
		html, err := r.Render(p.View, data)
		if err != nil {
			return nil, err
		}
		all = append(all, html)
	}
	return all, nil
}

// PostPart does what a form of a part of the page wants; false when it is of no part.
func (r *Request) PostPart(page string) (bool, error) {
	for _, p := range r.server.partsOf(page) {
		if do := p.Post[r.Field("do")]; do != nil {
			return true, do(r)
		}
	}
	return false, nil
}

// pulseOf is the pulse of all parts of a page.
func (s *Server) pulseOf(page string, tx *store.Tx, unit string) (string, error) {
	all := ""
	for _, p := range s.partsOf(page) {
		if p.Pulse == nil {
			continue
		}
		text, err := p.Pulse(tx, unit)
		if err != nil {
			return "", err
		}
		all += text + "\n"
	}
	return all, nil
}

// Answered is a feature whose items members answer on their own page.
type Answered interface {
	// AnswerForm is the form below an open item, and how r.Member has answered so far, in
	// words; "" for not yet. r.Answer takes what the form sends.
	AnswerForm(r *Request, it engine.OpenItem) (did string, form template.HTML, err error)
}
