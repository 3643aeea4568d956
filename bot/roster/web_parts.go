package roster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/web"
	"branchbot/store"
)

// Parts implements web.Partner: on the page of today how many ask to join; among the settings
// who has which role.
func (f *Feature) Parts() []web.Part {
	return []web.Part{
		{Of: "today/notes", View: views.Of("asking"), Data: func(r *web.Request) (any, error) {
			asking, err := f.Asking(r.Tx, r.Unit.ID)
			if len(asking) == 0 {
				return nil, err
			}
			return len(asking), err
		}, Pulse: func(tx *store.Tx, unit string) (string, error) {
			asking, err := f.Asking(tx, unit)
			return fmt.Sprint(len(asking)), err
		}},
		{Of: "settings", View: views.Of("roles"), Data: func(r *web.Request) (any, error) {
			granted, err := Grants(r.Tx, r.Unit.ID)
			return struct {
				Granted []Grant
				Roles   []string
			}{granted, Roles}, err
		}, Post: map[string]func(*web.Request) error{"appoint": appoint, "dismiss": dismiss}},
	}
}

func appoint(r *web.Request) error {
	return r.Command(r.Field("role"), "settings", "/名单", "任命", web.OneWord(r.Field("who")), roleWord(r))
}

func dismiss(r *web.Request) error {
	return r.Command(r.Field("role"), "settings", "/名单", "免职", web.OneWord(r.Field("who")), roleWord(r), r.Unit.ID)
}

// roleWord is the chosen role as a command has it.
func roleWord(r *web.Request) string {
	if role := r.Field("role"); slices.Contains(Roles, role) {
		return r.Word("member.role.", role)
	}
	return ""
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{
		{Name: "member", Where: "id = $1"},
		{Name: "identity", Where: "member = $1"},
		{Name: "account_binding", Where: "member = $1"},
		{Name: "join_request", Where: "member = $1", Leave: "words"},
		{Name: "role", Where: "member = $1"},
		{Name: "office_ended", Where: "member = $1", Leave: "removal"},
		{Name: "stay", Where: "member = $1"},
		{Name: "join_code", LeftOut: "a secret"},
		{Name: "roster_change", LeftOut: "questions that wait for a secretary, and removals of the last month"},
		{Name: "roster_import", LeftOut: "a list of others that waits for a secretary"},
	}
}

// Media implements engine.MediaMaker: roster:UNIT.csv, preview:ID.xlsx.
func (f *Feature) Media() map[string]engine.MakeMedia {
	return map[string]engine.MakeMedia{
		"roster": func(tx *store.Tx, d engine.Directory, name string) ([]byte, string, error) {
			unit, _, _ := strings.Cut(name, ".")
			u, err := d.Unit(tx, unit)
			if err != nil {
				return nil, "", fmt.Errorf("roster of %s: %w", unit, err)
			}
			data, err := Export(tx, unit, name, u.Language)
			return data, engine.TableType(name), err
		},
		"preview": func(tx *store.Tx, _ engine.Directory, name string) ([]byte, string, error) {
			id, err := strconv.ParseInt(strings.TrimSuffix(name, ".xlsx"), 10, 64)
			if err != nil {
				return nil, "", fmt.Errorf("preview %s: %w", name, err)
			}
			data, err := PreviewFile(tx, id)
			return data, engine.XLSX, err
		},
	}
}

// ByStaff implements web.Roster.
func (d *Directory) ByStaff(tx *store.Tx, staff string) (*engine.Member, error) {
	return ByStaff(tx, staff)
}

// Granted implements web.Roster.
func (d *Directory) Granted(tx *store.Tx, member int64) (map[string][]string, error) {
	return Granted(tx, member)
}

// Memberships implements web.Roster.
func (d *Directory) Memberships(tx *store.Tx, member int64) ([]web.Membership, error) {
	stays, err := StaysOf(tx, member, time.Time{}, tx.Now.Add(time.Hour))
	all := make([]web.Membership, len(stays))
	for i, s := range stays {
		all[i] = web.Membership{Unit: s.Unit, From: s.From, To: s.To}
	}
	return all, err
}

// Rooms implements web.Roster.
func (d *Directory) Rooms(tx *store.Tx, member int64) ([]web.Room, error) {
	open, err := rooms(tx, `member = $1`, member)
	all := make([]web.Room, len(open))
	for i, r := range open {
		all[i] = web.Room{ID: r.ID, Browser: r.Browser, Created: r.Created, Seen: r.Seen}
	}
	return all, err
}
