package console

import (
	"fmt"

	"branchbot/store"
)

// Paths are the paths of all pages, those of a unit as u/UNIT/….
func Paths(unit string) []string {
	var all []string
	for _, p := range pages {
		if p.own {
			all = append(all, Root+p.path)
		} else {
			all = append(all, Root+"u/"+unit+"/"+p.path)
		}
	}
	return all
}

// Pulse asks all pages for their pulse.
func (s *Server) Pulse(unit string) error {
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
