package roster

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/store"
)

// Each time that an account is bound to a member there is a row of account_binding,
// which stays. It says how the binding was proved, and what the account has opened
// since names it: codes, sessions, passwords, further accounts of the member. So all
// of that can be ended with it.

// EndSessions ends what a member is let in by without their accounts: sessions of
// the browser room and of the console, links, codes, the password. The accounts of
// platforms stay bound.
func (d *Directory) EndSessions(tx *store.Tx, member int64) error {
	rooms, err := bindings(tx, `SELECT id FROM account_binding WHERE member = $1 AND ended_at IS NULL AND seen_at > 0`, member)
	if err != nil {
		return err
	}
	for _, id := range rooms {
		if err := d.endBinding(tx, id, "dismissed"); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`DELETE FROM join_code WHERE used_at IS NULL AND (member = $1 AND unit = '' OR made_by = $1)`, member)
	if err != nil {
		return fmt.Errorf("end the codes of member %d: %w", member, err)
	}
	return d.ended(tx, member, 0)
}

// EndAllSessions ends the sessions of the browser room of everybody, and all codes that
// were not used: what a restored backup holds of them may have been ended since.
func (d *Directory) EndAllSessions(tx *store.Tx) error {
	rooms, err := bindings(tx, `SELECT id FROM account_binding WHERE ended_at IS NULL AND seen_at > 0`)
	if err != nil {
		return err
	}
	for _, id := range rooms {
		if err := d.endBinding(tx, id, "restored"); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`DELETE FROM join_code WHERE used_at IS NULL`)
	return err
}

// ended tells the console to end what a binding of a member has opened there, or for
// binding 0 all that the member has there.
func (d *Directory) ended(tx *store.Tx, member, binding int64) error {
	if d.OnEnded == nil {
		return nil
	}
	return d.OnEnded(tx, member, binding)
}

// endBinding takes an account from its member and ends all that it has opened. how is
// what the record keeps.
func (d *Directory) endBinding(tx *store.Tx, id int64, how string) error {
	d.Changed(tx)
	all, err := bindings(tx, `WITH RECURSIVE opened (id) AS (SELECT id FROM account_binding WHERE id = $1
		UNION SELECT b.id FROM account_binding b JOIN opened o ON b.opened_by = o.id) SELECT id FROM opened`, id)
	if err != nil {
		return err
	}
	for _, one := range all {
		if err := d.endOne(tx, one, how); err != nil {
			return fmt.Errorf("end binding %d: %w", one, err)
		}
	}
	return nil
}

func (d *Directory) endOne(tx *store.Tx, id int64, how string) error {
	if err := d.close(tx, id, how); err != nil {
		return err
	}
	var member int64
	if err := tx.QueryRow(`SELECT member FROM account_binding WHERE id = $1`, id).Scan(&member); err != nil {
		return err
	}
	return d.ended(tx, member, id)
}

// close ends a binding, and the codes that were made with it.
func (d *Directory) close(tx *store.Tx, id int64, how string) error {
	// An account that was bound anew since then has a later row.
	_, err := tx.Exec(`DELETE FROM identity WHERE (account, user_id) IN (SELECT account, user_id FROM account_binding
		WHERE id = $1 AND ended_at IS NULL)`, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE account_binding SET ended_at = $1, ended_how = $2 WHERE id = $3 AND ended_at IS NULL`, tx.Millis(), how, id); err != nil {
		return err
	}
	_, err = tx.Exec(`DELETE FROM join_code WHERE used_at IS NULL AND made_by <> 0 AND opened_by = $1`, id)
	return err
}

// bindings are the ids that a query finds.
func bindings(tx *store.Tx, query string, args ...any) ([]int64, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Proof is how it was proved that an account is a member's.
type Proof struct {
	How      string // invited, own_code, own_account, secretary, recognised, program
	By       int64  // the member who made the code or confirmed; 0: the program's command
	OpenedBy int64  // the binding of the member's own account that did
	Name     string // of the account, as its platform shows it
	Browser  string // of a session of the browser room
}

// roomLife and roomIdle are when a session of the browser room is over.
const (
	roomLife = 180 * 24 * time.Hour
	roomIdle = 30 * 24 * time.Hour
)

// Bind binds a platform account to a member. One that is another member's has to be
// unbound first: it complains. Who left the roster has lost it.
func (d *Directory) Bind(tx *store.Tx, id chat.AccountID, user chat.UserID, member int64, private chat.ChatID, p Proof) error {
	var has int64
	var name string
	var left *int64
	err := tx.QueryRow(`SELECT m.id, m.name, m.left_at FROM identity i JOIN member m ON m.id = i.member WHERE i.account = $1 AND i.user_id = $2`,
		id, user).Scan(&has, &name, &left)
	switch {
	case errors.Is(err, store.ErrNoRows):
	case err != nil:
		return err
	case has == member:
		return nil
	case left == nil:
		return engine.Complain("member.account_taken", "Name", name)
	default:
		if err := d.unbind(tx, id, user, "replaced"); err != nil {
			return err
		}
	}
	d.Changed(tx)
	n, err := tx.Exec(`INSERT INTO identity (account, user_id, member, private_chat, bound_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		id, user, member, private, tx.Millis())
	if err != nil {
		return err
	}
	if n == 0 { // another process was faster
		return engine.Complain("member.account_taken", "Name", name)
	}
	return record(tx, id, user, member, p)
}

// record keeps a new binding; that it is told, is a timer's.
func record(tx *store.Tx, id chat.AccountID, user chat.UserID, member int64, p Proof) error {
	var told, seen any = nil, 0
	if p.How == "program" {
		told = tx.Millis()
	}
	if p.Browser != "" {
		seen = tx.Millis()
	}
	var binding int64
	err := tx.QueryRow(`INSERT INTO account_binding (member, account, user_id, name, how, confirmed_by, opened_by, bound_at, told_at, browser, seen_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`, member, id, user, chat.CleanName(p.Name), p.How, p.By, p.OpenedBy,
		tx.Millis(), told, p.Browser, seen).Scan(&binding)
	if err != nil {
		return fmt.Errorf("record the binding of member %d: %w", member, err)
	}
	if told != nil {
		return nil
	}
	return engine.SetTimer(tx, tx.Now, "member", "bound", strconv.FormatInt(binding, 10), fmt.Sprintf("member:bound:%d", binding))
}

// Binding is the record of an account that is bound; 0 when it is not, or was bound by
// a program that kept none.
func (d *Directory) Binding(tx *store.Tx, id chat.AccountID, user chat.UserID) (binding int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(id), 0) FROM account_binding WHERE account = $1 AND user_id = $2 AND ended_at IS NULL`, id, user).Scan(&binding)
	return binding, err
}

// unbind takes an account from its member, with all that it has opened.
func (d *Directory) unbind(tx *store.Tx, id chat.AccountID, user chat.UserID, how string) error {
	d.Changed(tx)
	binding, err := d.Binding(tx, id, user)
	if err != nil {
		return err
	}
	if binding != 0 {
		if err := d.endBinding(tx, binding, how); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`DELETE FROM identity WHERE account = $1 AND user_id = $2`, id, user)
	return err
}

// Room is a session of the browser room.
type Room struct {
	ID      int64
	Account chat.AccountID
	Browser string
	Created time.Time
	Seen    time.Time
}

func rooms(tx *store.Tx, where string, args ...any) ([]Room, error) {
	rows, err := tx.Query(`SELECT id, account, browser, bound_at, seen_at FROM account_binding WHERE ended_at IS NULL AND seen_at > 0 AND `+where+` ORDER BY id DESC`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Room
	for rows.Next() {
		var r Room
		var created, seen int64
		if err := rows.Scan(&r.ID, &r.Account, &r.Browser, &created, &seen); err != nil {
			return nil, err
		}
		r.Created, r.Seen = time.UnixMilli(created), time.UnixMilli(seen)
		all = append(all, r)
	}
	return all, rows.Err()
}

// Room is the session of the browser room of a user; nil when there is none.
func (d *Directory) Room(tx *store.Tx, id chat.AccountID, user chat.UserID) (*Room, error) {
	all, err := rooms(tx, `account = $1 AND user_id = $2`, id, user)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// EndRooms ends a member's session of the browser room, or for id 0 all of them, with
// all that they have opened.
func (d *Directory) EndRooms(tx *store.Tx, member, id int64) error {
	all, err := rooms(tx, `member = $1 AND (id = $2 OR $2 = 0)`, member, id)
	if err != nil {
		return err
	}
	for _, r := range all {
		if err := d.endBinding(tx, r.ID, "ended"); err != nil {
			return err
		}
	}
	return nil
}

// Over tells whether the room's session of a user is too old, and whether its use is
// to be noted (SawRoom), which is done once a day.
func (d *Directory) Over(tx *store.Tx, id chat.AccountID, user chat.UserID) (over, note bool, err error) {
	var bound, seen int64
	err = tx.QueryRow(`SELECT bound_at, seen_at FROM account_binding WHERE account = $1 AND user_id = $2 AND ended_at IS NULL ORDER BY id DESC LIMIT 1`,
		id, user).Scan(&bound, &seen)
	if errors.Is(err, store.ErrNoRows) {
		return false, false, nil
	}
	unused := tx.Now.Sub(time.UnixMilli(seen))
	return tx.Now.Sub(time.UnixMilli(bound)) > roomLife || seen > 0 && unused > roomIdle, seen == 0 || unused > 24*time.Hour, err
}

// SawRoom notes that a session of the browser room is used.
func (d *Directory) SawRoom(tx *store.Tx, id chat.AccountID, user chat.UserID, browser string) error {
	_, err := tx.Exec(`UPDATE account_binding SET seen_at = $1, browser = $2 WHERE account = $3 AND user_id = $4 AND ended_at IS NULL`,
		tx.Millis(), browser, id, user)
	return err
}

// LeaveRoom ends a session of the browser room that its user has left, or which is
// over. What was opened from there goes on; see web.EndIn.
func (d *Directory) LeaveRoom(tx *store.Tx, id chat.AccountID, user chat.UserID, how string) error {
	d.Changed(tx)
	binding, err := d.Binding(tx, id, user)
	if err != nil || binding == 0 {
		return err
	}
	return d.close(tx, binding, how)
}

// SweepRooms ends the sessions of the browser room that are over.
func (d *Directory) SweepRooms(tx *store.Tx) error {
	all, err := rooms(tx, `(seen_at < $1 OR bound_at < $2)`, tx.Now.Add(-roomIdle).UnixMilli(), tx.Now.Add(-roomLife).UnixMilli())
	if err != nil || len(all) == 0 {
		return err
	}
	d.Changed(tx)
	for _, r := range all {
		if err := d.close(tx, r.ID, "over"); err != nil {
			return err
		}
	}
	return nil
}

// tellAll tells a member at each of their accounts but one.
func (d *Directory) tellAll(t *engine.Turn, m *engine.Member, but chat.AccountID, user chat.UserID, say func(lang string) chat.Message) error {
	to, err := d.Private(t.Tx, m.ID)
	if err != nil {
		return err
	}
	lang := m.Language
	if lang == "" {
		lang = t.Lang
	}
	for _, a := range to {
		if a.Account == but && a.User == user {
			continue
		}
		if err := t.TellAt(a, say(lang)); err != nil {
			return err
		}
	}
	return nil
}

// tellAccounts tells a member's other accounts of a new one, and sees to it that the
// secretaries are told, gathered.
func (f *Feature) tellAccounts(t *engine.Turn, ref string) error {
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		return err
	}
	b, err := bound(t.Tx, `b.id = $1`, id)
	if err != nil || len(b) == 0 {
		return err
	}
	m, err := Member(t.Tx, b[0].Member)
	if err != nil || m == nil {
		return err
	}
	home, err := f.Home(t.Tx, m)
	if err != nil {
		return err
	}
	own := t.In(home)
	err = f.tellAll(own, m, b[0].Account, b[0].User, func(lang string) chat.Message {
		return chat.Text(locale.Text(lang, "member.bound_new", "What", b[0].what(lang), "How", locale.Text(lang, "member.how."+b[0].How)))
	})
	if err != nil {
		return err
	}
	return own.At(t.Now.Add(tellBindingsEvery), "member", "bindings", home.ID, "member:bindings:"+home.ID)
}

// tellBindingsEvery is how long new bindings are gathered for the secretaries.
const tellBindingsEvery = time.Hour

// namedBindings bounds the bindings in one message.
const namedBindings = 30

// tellBindings tells the secretaries of t.Unit of the new bindings in it.
func (f *Feature) tellBindings(t *engine.Turn) error {
	all, err := bound(t.Tx, `b.told_at IS NULL`)
	if err != nil {
		return err
	}
	var here []boundAccount
	for _, b := range all {
		m, err := Member(t.Tx, b.Member)
		if err != nil || m == nil {
			return err
		}
		home, err := f.Home(t.Tx, m)
		if err != nil {
			return err
		}
		if home.ID != t.Unit.ID {
			continue
		}
		if _, err := t.Tx.Exec(`UPDATE account_binding SET told_at = $1 WHERE id = $2`, t.Tx.Millis(), b.ID); err != nil {
			return err
		}
		here = append(here, b)
	}
	to, err := f.Secretaries(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	reached, p := false, engine.Private{Cause: t.ForSecretaries()}
	for _, s := range to {
		var lines []string
		for _, b := range here {
			// What they have done themselves they know; of their own, their other accounts were told.
			if b.Member != s.ID && (b.How != "secretary" && b.How != "recognised" || b.By != s.ID) {
				lines = append(lines, t.T("member.bindings_line", "Name", b.MemberName, "What", b.what(t.Lang), "How", t.T("member.how."+b.How)))
			}
		}
		if len(lines) == 0 {
			continue
		}
		head := t.T("member.bindings_head", "Unit", t.Unit.Name, "N", len(lines))
		if len(lines) > namedBindings {
			lines = append(lines[:namedBindings], t.T("member.bindings_more", "N", len(lines)-namedBindings))
		}
		text := head + "\n" + strings.Join(lines, "\n") + "\n" + t.T("member.bindings_foot")
		p.Message = chat.Text(text)
		told, err := t.TellAs(&s, p)
		if err != nil {
			return err
		}
		reached = reached || told
	}
	if reached || len(p.Message.Spans) == 0 {
		return nil
	}
	return t.TellEach(to, p) // somebody above
}

// boundAccount is a row of account_binding with the names of people.
type boundAccount struct {
	ID         int64
	Member     int64
	MemberName string
	Account    chat.AccountID
	User       chat.UserID
	Name       string // of the account
	How        string
	By         int64
	ByName     string
	BoundAt    int64
	EndedAt    int64 // 0: it goes on
	Browser    string
	Seen       int64
}

// bound are those that go on for which a condition holds, by age.
func bound(tx *store.Tx, where string, args ...any) ([]boundAccount, error) {
	rows, err := tx.Query(`SELECT b.id, b.member, m.name, b.account, b.user_id, b.name, b.how, b.confirmed_by, COALESCE(c.name, ''), b.bound_at,
		COALESCE(b.ended_at, 0), b.browser, b.seen_at FROM account_binding b JOIN member m ON m.id = b.member LEFT JOIN member c ON c.id = b.confirmed_by
		WHERE b.ended_at IS NULL AND EXISTS (SELECT 1 FROM identity i WHERE i.account = b.account AND i.user_id = b.user_id) AND `+where+` ORDER BY b.id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []boundAccount
	for rows.Next() {
		var b boundAccount
		err := rows.Scan(&b.ID, &b.Member, &b.MemberName, &b.Account, &b.User, &b.Name, &b.How, &b.By, &b.ByName, &b.BoundAt, &b.EndedAt, &b.Browser, &b.Seen)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, rows.Err()
}

// what names the account for people.
func (b *boundAccount) what(lang string) string {
	if b.Seen > 0 {
		return locale.Text(lang, "member.what_browser", "Browser", b.Browser)
	}
	return locale.Text(lang, "member.what_account", "Account", b.Account, "User", visible(lang, b.Name))
}

// visible is a name that a platform shows, or the word for none.
func visible(lang, name string) string {
	if name = chat.CleanName(name); name == "" {
		return locale.Text(lang, "member.no_name")
	}
	return name
}
