package roster

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/store"
)

// codeLife is how long a code waits for its member.
const codeLife = 7 * 24 * time.Hour

// Maker is who made a code; the zero Maker is the program's own command.
type Maker struct {
	Member   int64
	OpenedBy int64 // the binding of the account at which they made it
}

// Code makes a one-time code that binds an account to a member.
func Code(tx *store.Tx, member int64, by Maker) (string, error) { return newCode(tx, member, "", by) }

// newCode makes a one-time code of a member: for their account, or for the group
// chat of a unit.
func newCode(tx *store.Tx, member int64, unit string, by Maker) (string, error) {
	random := make([]byte, 10) // of 32 letters: 50 bits
	rand.Read(random)
	for i, b := range random {
		random[i] = command.CodeLetters[int(b)%len(command.CodeLetters)]
	}
	code := string(random)
	_, err := tx.Exec(`INSERT INTO join_code (hash, member, unit, expires_at, made_by, opened_by) VALUES ($1, $2, $3, $4, $5, $6)`,
		codeHash(code), member, unit, tx.Now.Add(codeLife).UnixMilli(), by.Member, by.OpenedBy)
	return code[:5] + "-" + code[5:], err
}

func codeHash(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

// goodCode is a code that is neither spent nor too old.
type goodCode struct {
	Member int64
	Maker
}

// codeOf finds the good code of a text; nil when there is none.
func codeOf(tx *store.Tx, text string) (*goodCode, error) {
	c := &goodCode{}
	err := tx.QueryRow(`SELECT member, made_by, opened_by FROM join_code WHERE hash = $1 AND unit = '' AND used_at IS NULL AND expires_at > $2`,
		codeHash(text), tx.Millis()).Scan(&c.Member, &c.Maker.Member, &c.OpenedBy)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return c, err
}

// IsCode tells whether a text is a code that would let somebody in.
func IsCode(tx *store.Tx, text string) (bool, error) {
	code := command.ReadCode(text)
	if code == "" {
		return false, nil
	}
	c, err := codeOf(tx, code)
	return c != nil, err
}

// Redeem spends a code; the member is nil when it is unknown, spent or too old. The
// proof is what Bind is to keep.
func (f *Feature) Redeem(tx *store.Tx, text string) (*engine.Member, Proof, error) {
	code := command.ReadCode(text)
	c, err := codeOf(tx, code)
	if err != nil || c == nil {
		return nil, Proof{}, err
	}
	n, err := tx.Exec(`UPDATE join_code SET used_at = $1 WHERE hash = $2 AND used_at IS NULL`, tx.Millis(), codeHash(code))
	if err != nil || n == 0 { // 0: another one was faster
		return nil, Proof{}, err
	}
	m, err := f.Directory.Member(tx, c.Member)
	if err != nil || m == nil { // nil: no longer on the roster
		return nil, Proof{}, err
	}
	if c.Maker.Member == m.ID {
		return m, Proof{How: "own_code", By: m.ID, OpenedBy: c.OpenedBy}, nil
	}
	return m, Proof{How: "invited", By: c.Maker.Member}, nil
}

// invite makes a code: for a further account of the sender, or for a member whom a
// secretary hands it to.
func (f *Feature) invite(t *engine.Turn, line command.Line) error {
	all := []*engine.Member{t.Member}
	if line.Args != "" && line.Args != t.Member.Name && line.Args != t.Member.Staff {
		if t.Role < engine.Secretary {
			return engine.Complain("engine.secretaries_only")
		}
		var err error
		if all, err = FindAll(t.Tx, t.Unit.ID, line.Args); err != nil {
			return err
		}
	}
	by, err := f.maker(t)
	if err != nil {
		return err
	}
	namesakes, err := Namesakes(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	var lines []string
	for _, m := range all {
		key := "member.invitation"
		if m.ID == t.Member.ID {
			key = "member.own_code"
		} else if err := f.mayInvite(t, m); err != nil {
			var refused *engine.Complaint
			if len(all) == 1 || !errors.As(err, &refused) {
				return err
			}
			lines = append(lines, t.T(refused.Key, refused.Args...)) // the others have their codes
			continue
		}
		code, err := Code(t.Tx, m.ID, by)
		if err != nil {
			return err
		}
		lines = append(lines, t.T(key, "Name", namesakes.Called(m), "Code", code))
		for _, link := range f.Links(code) {
			lines = append(lines, t.T("member.invitation_link", "Link", link))
		}
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

// mayInvite complains when a code of the sender would make somebody more than the
// sender is: whoever holds a code can be the member.
func (f *Feature) mayInvite(t *engine.Turn, m *engine.Member) error {
	granted, err := Granted(t.Tx, m.ID)
	if err != nil || len(granted) == 0 {
		return err
	}
	accounts, err := Accounts(t.Tx, m.ID)
	if err != nil {
		return err
	}
	for unit := range granted {
		u, err := f.Unit(t.Tx, unit)
		if err != nil {
			return err
		}
		from := u.ID
		if len(accounts) > 0 { // they can get one themselves; else only a unit above helps
			from = u.Parent
		}
		role := engine.Anyone
		if from != "" {
			if role, err = f.Role(t.Tx, t.Member, from); err != nil {
				return err
			}
		}
		if role < engine.Secretary {
			return engine.Complain("member.invite_office", "Name", m.Name)
		}
	}
	return nil
}

// maker is the sender as the maker of a code.
func (f *Feature) maker(t *engine.Turn) (Maker, error) {
	opened, err := f.Via(t)
	return Maker{Member: t.Member.ID, OpenedBy: opened}, err
}

// Via is the binding of the account at which the sender of a turn speaks, or which has
// opened the page that they are at; 0 when there is none.
func (d *Directory) Via(t *engine.Turn) (int64, error) {
	if t.Event.Account == engine.Console {
		return t.OpenedBy(), nil
	}
	return d.Binding(t.Tx, t.Event.Account, t.Event.From.ID)
}
