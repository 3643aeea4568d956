package web

import (
	"fmt"
	"slices"

	"branchbot/bot/engine"
	"branchbot/store"
)

// Paths are the paths of all pages but those that are files, those of a unit as u/UNIT/….
func (s *Server) Paths(unit string) []string {
	var all []string
	for _, p := range s.pages {
		switch {
		case p.View == nil: // a file
		case p.Own:
			all = append(all, Root+p.Path)
		default:
			all = append(all, Root+"u/"+unit+"/"+p.Path)
		}
	}
	return all
}

// Pulses asks all pages for their pulse.
func (s *Server) Pulses(unit string) error {
	return s.DB.Read(func(tx *store.Tx) error {
		for _, p := range s.pages {
			if p.Pulse == nil {
				continue
			}
			if text, err := p.Pulse(tx, unit); err != nil || text == "" {
				return fmt.Errorf("pulse of %s: %q %w", p.Path, text, err)
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
func (s *Server) IsLive(path string) bool {
	p := s.pageAt(path)
	return p != nil && p.Pulse != nil
}

// TellsOf tells whether a table is in the download of own data, or left out for
// a reason.
func (s *Server) TellsOf(table string) bool {
	return slices.ContainsFunc(s.tables(), func(t engine.PersonalTable) bool { return t.Name == table })
}

// AllPaths are the paths of all that belongs to a unit, also of files.
func (s *Server) AllPaths(unit string) []string {
	var all []string
	for _, p := range s.pages {
		if !p.Own {
			all = append(all, Root+"u/"+unit+"/"+p.Path)
		}
	}
	return all
}
