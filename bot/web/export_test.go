package web

import (
	"fmt"
	"slices"

	"branchbot/store"
)

// Paths are the paths of all pages but those that are files, those of a unit as u/UNIT/….
func Paths(unit string) []string {
	var all []string
	for _, p := range pages {
		switch {
		case p.view == "": // a file
		case p.own:
			all = append(all, Root+p.path)
		default:
			all = append(all, Root+"u/"+unit+"/"+p.path)
		}
	}
	return all
}

// Pulses asks all pages for their pulse.
func (s *Server) Pulses(unit string) error {
	return s.DB.Read(func(tx *store.Tx) error {
		for _, p := range pages {
			if p.pulse == nil {
				continue
			}
			if text, err := p.pulse(s, tx, unit); err != nil || text == "" {
				return fmt.Errorf("pulse of %s: %q %w", p.path, text, err)
			}
		}
		return nil
	})
}

// Look does what Run does each second.
func (s *Server) Look() error { return s.live.look(true) }

// Pulse is what a page that is watched asks each second.
func (s *Server) Pulse(page, unit string) (pulse string, err error) {
	err = s.DB.Read(func(tx *store.Tx) error {
		pulse, err = s.live.pulse(tx, watch{unit, page})
		return err
	})
	return pulse, err
}

// IsLive tells whether a page is told of changes.
func IsLive(path string) bool {
	i := slices.IndexFunc(pages, func(p page) bool { return p.path == path })
	return i >= 0 && pages[i].pulse != nil
}

// TellsOf tells whether a table is in the download of own data, or left out for
// a reason.
func TellsOf(table string) bool {
	return notOwn[table] != "" || slices.ContainsFunc(ownTables, func(t ownTable) bool { return t.name == table })
}

// AllPaths are the paths of all that belongs to a unit, also of files.
func AllPaths(unit string) []string {
	var all []string
	for _, p := range pages {
		if !p.own {
			all = append(all, Root+"u/"+unit+"/"+p.path)
		}
	}
	return all
}
