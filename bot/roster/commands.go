package roster

import (
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
	// Doubts are people whom a platform shows under new ids; nil: there are none.
	Doubts func() ([]Doubt, error)

	wrong wrongCodes
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "member" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"加入", "join"}, Group: engine.Mine, Usage: "member.usage.join", Run: f.join},
		{Names: []string{"名单", "roster"}, Role: engine.Secretary, Group: engine.People, Usage: "member.usage.roster", Example: "member.example.roster", Run: f.roster},
		{Names: []string{"邀请", "invite"}, Role: engine.OnRoster, Group: engine.Mine, Usage: "member.usage.invite", More: "member.more.invite", Run: f.invite},
		{Names: []string{"绑定", "bind"}, Group: engine.Mine, Usage: "member.usage.bind", Run: f.bind},
		{Names: []string{"网页", "web"}, Role: engine.OnRoster, Bare: true, Group: engine.Mine, Usage: "member.usage.web", Run: f.web},
		{Names: []string{"语言", "lang"}, Group: engine.Mine, Usage: "member.usage.lang", Run: f.language},
	}
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
	by, err := f.maker(t)
	if err != nil {
		return err
	}
	code, err := newCode(t.Tx, t.Member.ID, t.Unit.ID, by)
	if err != nil {
		return err
	}
	return t.Say("member.bind_code", "Unit", t.Unit.Name, "Code", code)
}

// bindByCode spends a code for the group in which it was typed. A bound group
// changes its unit so.
func (f *Feature) bindByCode(t *engine.Turn, code string) error {
	var unit string
	if f.wrong.tooMany(sender(t), t.Now) {
		return t.Say("member.join_wait")
	}
	err := t.Tx.QueryRow(`UPDATE join_code SET used_at = $1 WHERE hash = $2 AND unit <> '' AND used_at IS NULL AND expires_at > $1
		RETURNING unit`, t.Tx.Millis(), codeHash(command.ReadCode(code))).Scan(&unit)
	if errors.Is(err, store.ErrNoRows) {
		f.wrong.count(t, sender(t))
		return t.Say("member.bind_unknown")
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
	by, err := f.maker(t)
	if err != nil {
		return err
	}
	code, err := Code(t.Tx, t.Member.ID, by)
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
	accounts, err := bound(t.Tx, `b.member = $1`, m.ID)
	if err != nil {
		return nil, err
	}
	for _, b := range accounts {
		how := t.T("member.how." + b.How)
		if b.ByName != "" && b.By != m.ID {
			how = t.T("member.how_by", "How", how, "Name", b.ByName)
		}
		lines = append(lines, t.T("member.data_account", "What", b.what(t.Lang), "How", how, "Day", time.UnixMilli(b.BoundAt).In(t.Unit.Zone).Format("2006-01-02")))
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
	past, err := pastOffices(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	for _, o := range past {
		lines = append(lines, t.T("member.data_past", "Unit", o.UnitName, "Role", firstName(t.Lang, "member.role."+o.Role),
			"Day", o.Until.In(t.Unit.Zone).Format(time.DateOnly)))
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
// NAME, /名单 恢复 NAME, /名单 任命 NAME ROLE [UNIT], /名单 免职 NAME ROLE [UNIT].
func (f *Feature) roster(t *engine.Turn, line command.Line) error {
	words := append(line.Fields(), "", "", "", "")
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
	case "恢复", "restore":
		return f.restoreByName(t, words[1])
	case "任命", "appoint":
		return f.appoint(t, words[1], words[2], words[3])
	case "免职", "dismiss":
		return f.dismiss(t, words[1], words[2], words[3])
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

// by is how a row names the member who made it.
func by(m *engine.Member) string { return fmt.Sprintf("member:%d", m.ID) }
