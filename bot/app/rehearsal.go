package app

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/feature/board"
	"branchbot/bot/points"
	"branchbot/bot/rehearse"
	"branchbot/bot/roster"
	"branchbot/bot/web"
	"branchbot/content"
	"branchbot/schedules"
	"branchbot/store"
)

// rehearsal is the account id of a rehearsal.
const rehearsal = "rehearsal"

// Rehearsal is a bot on a virtual clock, in a database of its own.
type Rehearsal struct {
	*rehearse.Stage
	DB      *store.DB
	Console *web.Server
	Board   *board.Feature
}

// NewRehearsal builds the whole bot of the settings on a database of its own, as
// it would be on a platform, at an instant. open opens the database with the
// clock that it is given.
func NewRehearsal(s *Settings, library *content.Library, open func(store.Options) (*store.DB, error), platform string, at time.Time, log *slog.Logger) (*Rehearsal, error) {
	caps, ok := capabilities()[platform]
	if !ok {
		return nil, fmt.Errorf("--as %q is none of %s", platform, strings.Join(slices.Sorted(maps.Keys(capabilities())), ", "))
	}
	if len(s.Units) == 0 {
		return nil, fmt.Errorf("%s: units: there is none to rehearse", s.File.Name)
	}
	clock := rehearse.NewClock(at)
	db, err := open(store.Options{Now: clock.Now})
	if err != nil {
		return nil, err
	}
	units, users := map[string]string{}, map[chat.UserID]string{}
	stage := &rehearse.Stage{Clock: clock}
	copied := *s // every unit gets one chat, on the one account there is
	copied.Units = slices.Clone(s.Units)
	copied.Backup.Folder = "off"
	for i := range copied.Units {
		u := &copied.Units[i]
		u.Chats = []string{rehearsal + ":" + u.ID}
		units[u.ID] = u.Name
		stage.Units = append(stage.Units, u.ID)
		for _, m := range u.Members {
			user := chat.UserID(m.Staff)
			users[user] = m.Name
			stage.Speakers = append(stage.Speakers, rehearse.Speaker{Name: m.Name, Staff: m.Staff, Unit: u.ID, Roles: m.Roles, User: user})
		}
	}
	stage.Adapter = rehearse.NewAdapter(rehearsal, caps, clock, units, users)
	b, err := Open(&copied, library, db, log, stage.Adapter)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	b.engine.Toast = stage.Adapter.Toast
	b.console.Act = b.engine.HandleAct
	err = db.Write(func(tx *store.Tx) error {
		for _, sp := range stage.Speakers {
			if err := b.bindStaff(tx, rehearsal, string(sp.User), sp.User, rehearse.PrivateChat(sp.User)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	stage.Engine, stage.Sender = b.engine, b.senders[0]
	stage.Zone, err = schedules.Zone(s.Units[0].Timezone)
	return &Rehearsal{stage, db, b.console, b.features.board}, err
}

// Tail writes the ledger and what is still open.
func (r *Rehearsal) Tail(out *rehearse.Transcript) error {
	return r.DB.Read(func(tx *store.Tx) error {
		out.Note("--- 积分流水 / ledger")
		err := points.Each(tx, "", func(e points.Entry) error {
			m, err := roster.Member(tx, e.Member)
			if err != nil {
				return err
			}
			out.Ledger(time.UnixMilli(e.At), m.Name, e.Rule, e.Points, e.Cause)
			return nil
		})
		if err != nil {
			return err
		}
		out.Note("--- 未结束 / open")
		rows, err := tx.Query(`SELECT unit, feature, code FROM prompt WHERE closed_at IS NULL ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var unit, feature string
			var code int
			if err := rows.Scan(&unit, &feature, &code); err != nil {
				return err
			}
			out.Note(fmt.Sprintf("%s %s %d", unit, feature, code))
		}
		return rows.Err()
	})
}
