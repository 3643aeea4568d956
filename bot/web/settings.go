package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"branchbot/bot/locale"
)

// The page settings shows what features add as parts and, to the top unit's secretaries,
// the rules of conduct and points, as they stand in the configuration.

// Section is a part of the configuration, as its file has it.
type Section struct {
	Name string // its key: conduct, points
	Text string // with the key; "" when the file has none
	File string
	Line int    // of the key, from 1; 0 when there is none
	Base string // stands for this state of the file
	Why  string // why it cannot be changed here; "" when it can
}

// editable are the sections that can be changed at the page.
var editable = []string{"conduct", "points"}

// ErrChanged tells that somebody else has changed the file meanwhile.
var ErrChanged = errors.New("somebody else has changed the configuration meanwhile")

// settings is what the page shows.
type settings struct {
	Sections []Section
	Faults   []string // what is wrong with the text that was handed in
	Changed  bool     // somebody else was quicker
	Tried    string   // the section that was handed in
}

func showSettings(r *Request) error { return r.settings(settings{}, "") }

// settings shows the page; text stands in the place of the section that was
// tried.
func (r *Request) settings(d settings, text string) (err error) {
	if r.Top {
		for _, name := range editable {
			section, err := r.server.Section(name)
			if err != nil {
				return err
			}
			if name == d.Tried {
				section.Text = text
			}
			d.Sections = append(d.Sections, section)
		}
	}
	return r.Show(d)
}

func changeSettings(r *Request) error {
	if did, err := r.PostPart("settings"); did || err != nil {
		return err
	}
	switch r.Field("do") {
	case "edit":
		return r.editSection()
	}
	return UserError(http.StatusBadRequest, "console.old_form")
}

// editSection takes a changed section in, if it is right: else the one before
// stays, and the page says what is wrong.
func (r *Request) editSection() error {
	name := r.Field("section")
	if !r.Top || !slices.Contains(editable, name) {
		return UserError(http.StatusForbidden, "console.not_found")
	}
	if err := r.Audit("settings", name); err != nil {
		return err
	}
	text := strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n")
	err := r.server.SetSection(name, text, r.Field("base"))
	if err == nil {
		if err := r.Say("console.settings.taken"); err != nil {
			return err
		}
		return r.Back("settings")
	}
	d := settings{Tried: name, Changed: errors.Is(err, ErrChanged)}
	if !d.Changed {
		d.Faults = locale.Faults(r.Lang, err)
	}
	return r.Again(func(r *Request) error { return r.settings(d, text) })
}
