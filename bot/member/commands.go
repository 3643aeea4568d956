package member

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/store"
)

// Feature is the commands of this package.
type Feature struct {
	*Directory
	// Links are the addresses at which a join code lets somebody in: the browser
	// room, private chats with the bot.
	Links func(code string) []string
	// Page makes the address at which a join code opens the browser room; ""
	// when there is none.
	Page func(code string) string
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "member" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"加入", "join"}, Usage: "member.usage.join", Run: f.join},
		{Names: []string{"名单", "roster"}, Role: engine.Secretary, Usage: "member.usage.roster", Run: f.roster},
		{Names: []string{"邀请", "invite"}, Role: engine.Secretary, Usage: "member.usage.invite", Run: f.invite},
		{Names: []string{"绑定", "bind"}, Usage: "member.usage.bind", Run: f.bind},
		{Names: []string{"网页", "web"}, Role: engine.OnRoster, Usage: "member.usage.web", Run: f.web},
		{Names: []string{"语言", "lang"}, Usage: "member.usage.lang", Run: f.language},
	}
}

// join binds the sender: /加入 CODE, or /加入 NAME STAFFNO.
func (f *Feature) join(t *engine.Turn, line command.Line) error {
	words := line.Fields()
	var m *engine.Member
	var err error
	switch len(words) {
	case 1:
		m, err = f.Redeem(t.Tx, words[0])
	case 2:
		m, err = f.byStaff(t, words[0], words[1])
	default:
		return engine.Complain("member.join_how")
	}
	if err != nil {
		return err
	}
	if m == nil {
		return engine.Complain("member.join_unknown")
	}
	private := chat.ChatID("")
	if t.Event.Private {
		private = t.Event.Chat
	}
	if err := f.Bind(t.Tx, t.Event.Account, t.Event.From.ID, m.ID, private); err != nil {
		return err
	}
	u, err := f.Home(t.Tx, m)
	if err != nil {
		return err
	}
	if err := t.Say("member.joined", "Name", m.Name, "Unit", u.Name); err != nil {
		return err
	}
	return t.Recognised(m)
}

// byStaff finds the member by name and number. Whoever has an account on this
// platform already needs a code for another one: the pair is no secret.
func (f *Feature) byStaff(t *engine.Turn, name, staff string) (*engine.Member, error) {
	m, err := ByStaff(t.Tx, staff)
	if err != nil || m == nil || m.Name != name {
		return nil, err
	}
	var bound int
	err = t.Tx.QueryRow(`SELECT COUNT(*) FROM identity WHERE member = $1 AND account = $2 AND user_id <> $3`,
		m.ID, t.Event.Account, t.Event.From.ID).Scan(&bound)
	if err != nil {
		return nil, err
	}
	if bound > 0 {
		return nil, engine.Complain("member.join_taken")
	}
	return m, nil
}

// codeLetters are easy to tell apart; ten of them are 50 bits.
const codeLetters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// codeLife is how long a code waits for its member.
const codeLife = 7 * 24 * time.Hour

// Code makes a one-time code that binds an account to a member.
func Code(tx *store.Tx, member int64) (string, error) { return newCode(tx, member, "") }

// newCode makes a one-time code of a member: for his account, or for the group
// chat of a unit.
func newCode(tx *store.Tx, member int64, unit string) (string, error) {
	random := make([]byte, 10)
	rand.Read(random)
	for i, b := range random {
		random[i] = codeLetters[int(b)%len(codeLetters)]
	}
	code := string(random)
	_, err := tx.Exec(`INSERT INTO join_code (hash, member, unit, expires_at) VALUES ($1, $2, $3, $4)`,
		codeHash(code), member, unit, tx.Now.Add(codeLife).UnixMilli())
	return code[:5] + "-" + code[5:], err
}

func codeHash(code string) string {
	code = strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(code), "-", ""))
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

// Redeem spends a code; nil when it is unknown, spent or too old.
func (f *Feature) Redeem(tx *store.Tx, code string) (*engine.Member, error) {
	var id int64
	err := tx.QueryRow(`UPDATE join_code SET used_at = $1 WHERE hash = $2 AND unit = '' AND used_at IS NULL AND expires_at > $1
		RETURNING member`, tx.Millis(), codeHash(code)).Scan(&id)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return Member(tx, id)
}

// invite makes a code for a member; the secretary hands it out.
func (f *Feature) invite(t *engine.Turn, line command.Line) error {
	m, err := Find(t.Tx, t.Unit.ID, line.Args)
	if err != nil {
		return err
	}
	code, err := Code(t.Tx, m.ID)
	if err != nil {
		return err
	}
	text := t.T("member.invitation", "Name", m.Name, "Code", code)
	for _, link := range f.Links(code) {
		text += "\n" + t.T("member.invitation_link", "Link", link)
	}
	return t.TellSender(chat.Text(text))
}

// bind binds a group chat: of a secretary to his unit, or of anyone with a
// code to the code's unit. In private it makes such a code.
func (f *Feature) bind(t *engine.Turn, line command.Line) error {
	switch {
	case t.Event.Private && t.Role >= engine.Secretary:
		return f.bindCode(t)
	case t.Event.Private:
		return engine.Complain("member.bind_in_group")
	case line.Args != "":
		return f.bindByCode(t, line.Args)
	case t.Unit != nil:
		return t.Say("member.bound_already", "Unit", t.Unit.Name)
	case t.Member == nil:
		return engine.Complain("member.bind_how")
	}
	home, err := f.Home(t.Tx, t.Member)
	if err != nil {
		return err
	}
	role, err := f.Role(t.Tx, t.Member, home.ID)
	if err != nil {
		return err
	}
	if role < engine.Secretary {
		return engine.Complain("member.bind_how")
	}
	return f.bindTo(t, home)
}

func (f *Feature) bindTo(t *engine.Turn, u *engine.Unit) error {
	if err := f.BindChat(t.Tx, t.Event.Account, t.Event.Chat, u.ID, chat.CleanName(t.Event.Title)); err != nil {
		return err
	}
	t.Lang = u.Language
	return t.Say("member.bound", "Unit", u.Name)
}

// bindCode makes a code with which anybody can bind one group to the unit.
func (f *Feature) bindCode(t *engine.Turn) error {
	code, err := newCode(t.Tx, t.Member.ID, t.Unit.ID)
	if err != nil {
		return err
	}
	return t.Say("member.bind_code", "Unit", t.Unit.Name, "Code", code)
}

// bindByCode spends a code for the group in which it was typed. A bound group
// changes its unit so.
func (f *Feature) bindByCode(t *engine.Turn, code string) error {
	var unit string
	err := t.Tx.QueryRow(`UPDATE join_code SET used_at = $1 WHERE hash = $2 AND unit <> '' AND used_at IS NULL AND expires_at > $1
		RETURNING unit`, t.Tx.Millis(), codeHash(code)).Scan(&unit)
	if errors.Is(err, store.ErrNoRows) {
		return engine.Complain("member.bind_unknown")
	}
	if err != nil {
		return err
	}
	u, err := f.Unit(t.Tx, unit)
	if err != nil {
		return err
	}
	return f.bindTo(t, u)
}

// web lets the sender into the browser room as himself.
func (f *Feature) web(t *engine.Turn, _ command.Line) error {
	if f.Page("") == "" {
		return engine.Complain("member.no_page")
	}
	code, err := Code(t.Tx, t.Member.ID)
	if err != nil {
		return err
	}
	return t.TellSender(chat.Text(t.T("member.page", "Link", f.Page(code))))
}

// Status implements engine.Reporter: the unit's groups, and how much of them the
// bot hears.
func (f *Feature) Status(t *engine.Turn) ([]string, error) {
	rows, err := t.Tx.Query(`SELECT account, chat, title, state, reason FROM chat WHERE unit = $1 AND state <> 'moved' ORDER BY account, chat`, t.Unit.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var id chat.AccountID
		var in chat.ChatID
		var title, state, reason string
		if err := rows.Scan(&id, &in, &title, &state, &reason); err != nil {
			return nil, err
		}
		if title == "" {
			title = t.Unit.Name
		}
		switch {
		case state == "" && t.Engine().Caps(id, in).AddressedOnly:
			state = "addressed"
		case state == "":
			state = "all"
		}
		text := t.T("member.chat." + state)
		if reason != "" {
			text = t.T("member.chat_refuses", "Why", t.T("delivery.why."+reason)) + t.T("delivery.waits."+reason)
		}
		lines = append(lines, t.T("member.chat", "Chat", title, "Account", id, "State", text))
	}
	return lines, rows.Err()
}

// language sets the sender's own language.
func (f *Feature) language(t *engine.Turn, line command.Line) error {
	if t.Member == nil {
		return engine.Complain("engine.unknown_sender")
	}
	lang := map[string]string{"中文": "zh-CN", "zh": "zh-CN", "zh-cn": "zh-CN", "英文": "en", "en": "en", "english": "en"}[command.Fold(line.Args)]
	if lang == "" {
		return engine.Complain("member.language_how")
	}
	f.Changed(t.Tx)
	if _, err := t.Tx.Exec(`UPDATE member SET language = $1 WHERE id = $2`, lang, t.Member.ID); err != nil {
		return err
	}
	t.Lang = lang
	return t.Say("member.language_set")
}

// Open implements engine.Personal: nothing here is ever due.
func (f *Feature) Open(*engine.Turn, *engine.Member) ([]string, error) { return nil, nil }

// Data implements engine.Personal: what /我的数据 does not say in its first line.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) (lines []string, err error) {
	if m.JoinedOn != "" {
		lines = append(lines, t.T("member.data_joined", "Day", m.JoinedOn))
	}
	var phone string
	if err := t.Tx.QueryRow(`SELECT phone FROM member WHERE id = $1`, m.ID).Scan(&phone); err != nil {
		return nil, err
	}
	if phone != "" {
		lines = append(lines, t.T("member.data_phone", "Phone", phone))
	}
	roles, err := Granted(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	for _, unit := range slices.Sorted(maps.Keys(roles)) {
		u, err := t.Directory().Unit(t.Tx, unit)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, r := range roles[unit] {
			names = append(names, firstName(t.Lang, "member.role."+r))
		}
		lines = append(lines, t.T("member.data_roles", "Unit", u.Name, "Roles", strings.Join(names, t.T("engine.list_comma"))))
	}
	if m.Language != "" {
		lines = append(lines, t.T("member.data_language", "Language", m.Language))
	}
	if m.Board {
		lines = append(lines, t.T("member.data_board"))
	}
	return lines, nil
}

// roster shows, exports or changes the roster: /名单, /名单 导出 [csv], /名单 移除
// NAME, /名单 任命 NAME ROLE, /名单 免职 NAME ROLE.
func (f *Feature) roster(t *engine.Turn, line command.Line) error {
	words := append(line.Fields(), "", "", "")
	switch command.Fold(words[0]) {
	case "":
		return f.show(t)
	case "导出", "export":
		ending := ".xlsx"
		if command.Fold(words[1]) == "csv" {
			ending = ".csv"
		}
		m := chat.Text(t.T("member.export"))
		name := t.Unit.Name + ending
		m.Media = []chat.Media{{Ref: "roster:" + t.Unit.ID + ending, Name: name, Alt: name}}
		return t.TellSender(m)
	case "导入", "import":
		return t.TellSender(chat.Text(t.T("member.import_how")))
	case "移除", "remove":
		return f.remove(t, words[1])
	case "任命", "appoint":
		return f.appoint(t, words[1], words[2])
	case "免职", "dismiss":
		return f.dismiss(t, words[1], words[2])
	}
	return engine.Complain("member.roster_how")
}

// listed bounds the names in one message.
const listed = 200

func (f *Feature) show(t *engine.Turn) error {
	members, err := Roster(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	bound := map[int64]bool{}
	for _, m := range members {
		to, err := f.Private(t.Tx, m.ID)
		if err != nil {
			return err
		}
		bound[m.ID] = len(to) > 0
	}
	lines := []string{t.T("member.roster_head", "Unit", t.Unit.Name, "N", len(members))}
	for i, m := range members {
		if i == listed {
			lines = append(lines, t.T("member.roster_more", "N", len(members)-listed))
			break
		}
		state := ""
		if !bound[m.ID] {
			state = t.T("member.not_bound")
		}
		lines = append(lines, fmt.Sprintf("%s %s %s%s", m.Staff, m.Name, firstName(t.Lang, "member.status."+m.Status), state))
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

func (f *Feature) remove(t *engine.Turn, who string) error {
	m, err := Find(t.Tx, t.Unit.ID, who)
	if err != nil {
		return err
	}
	if err := t.Lock(m.Unit); err != nil {
		return err
	}
	f.Changed(t.Tx)
	if _, err := t.Tx.Exec(`UPDATE member SET left_at = $1 WHERE id = $2`, t.Tx.Millis(), m.ID); err != nil {
		return err
	}
	if err := stays(t.Tx, m.ID); err != nil {
		return err
	}
	return t.TellSender(chat.Text(t.T("member.removed", "Name", m.Name)))
}

// by is how a row names the member who made it.
func by(m *engine.Member) string { return fmt.Sprintf("member:%d", m.ID) }
