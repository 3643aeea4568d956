package schedule

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/schedules"
)

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"日程", "schedule"}, Role: engine.Secretary, Group: engine.Timing, Usage: "schedule.usage.schedule", Example: "schedule.example.schedule", Run: f.schedule},
		{Names: []string{"推送", "push"}, Role: engine.Secretary, Group: engine.Publish, Usage: "schedule.usage.push", Example: "schedule.example.push", Run: f.push},
		{Names: []string{"预览", "preview"}, Role: engine.Secretary, Group: engine.Timing, Usage: "schedule.usage.preview", Run: f.show},
		{Names: []string{"暂停", "pause"}, Role: engine.Secretary, Group: engine.Timing, Usage: "schedule.usage.pause", Run: f.brake},
		{Names: []string{"恢复", "resume"}, Role: engine.Secretary, Group: engine.Timing, Usage: "schedule.usage.resume", Run: f.release},
	}
}

// actionNames lets people name actions in Chinese.
var actionNames = map[string]string{"学习": "lesson", "课": "lesson", "答题": "quiz", "题": "quiz", "签到": "checkin", "心声": "pulse", "海报": "poster"}

func actionName(word string) string {
	word = command.Fold(word)
	if name, ok := actionNames[word]; ok {
		return name
	}
	return word
}

// push starts an action now: /推送 lesson|quiz [id|tag].
func (f *Feature) push(t *engine.Turn, line command.Line) error {
	action, args, err := f.named(t, line)
	if err != nil {
		return err
	}
	cause := t.Receipts()
	if err := action.Run(t.In(t.Unit), args, cause); err != nil {
		return err
	}
	return t.Sending(cause, t.T("schedule.action."+action.Name))
}

// show is /预览: the message that the next push would post, to the sender only.
func (f *Feature) show(t *engine.Turn, line command.Line) error {
	action, args, err := f.named(t, line)
	if err != nil {
		return err
	}
	m, err := action.Preview(t, args)
	if err != nil {
		return err
	}
	m.Buttons = nil // they would open nothing
	m.Spans = append([]chat.Span{{Text: t.T("schedule.preview_head") + "\n"}}, m.Spans...)
	return t.TellSender(m)
}

// named reads "lesson|quiz [id|tag]".
func (f *Feature) named(t *engine.Turn, line command.Line) (engine.Action, engine.Args, error) {
	words := line.Fields()
	if len(words) == 0 {
		return engine.Action{}, nil, engine.Complain("schedule.push_how")
	}
	name := actionName(words[0])
	action, ok := t.Engine().Action(name)
	if !ok {
		return action, nil, engine.Complain("schedule.push_how")
	}
	args := engine.Args{}
	if len(words) > 1 {
		args["from"] = strings.Join(words[1:], " ")
	} else if from, err := f.usual(t, name); err != nil {
		return action, nil, err
	} else if from != "" {
		args["from"] = from
	}
	if err := action.Check(args); err != nil {
		return action, nil, engine.Complain("schedule.push_nothing", "From", chat.CleanName(args["from"]))
	}
	return action, args, nil
}

// usual is what the unit's schedule for an action takes from, so that a push
// by hand goes on in the same series.
func (f *Feature) usual(t *engine.Turn, action string) (string, error) {
	rows, err := listRows(t.Tx, t.Unit.ID)
	if err != nil {
		return "", err
	}
	for _, s := range rows {
		var args engine.Args
		if s.Action == action && json.Unmarshal([]byte(s.Args), &args) == nil && args["from"] != "" {
			return args["from"], nil
		}
	}
	return "", nil
}

// schedule is /日程 list|add|remove|pause|resume|skip|preview.
func (f *Feature) schedule(t *engine.Turn, line command.Line) error {
	if err := f.look(t.Tx); err != nil {
		return err
	}
	words := append(line.Fields(), "")
	rest := words[1:]
	switch command.Fold(words[0]) {
	case "", "list", "列表":
		return f.list(t)
	case "add", "添加", "新增":
		return f.add(t, rest[:len(rest)-1])
	case "remove", "删除":
		return f.remove(t, rest[0])
	case "pause", "暂停":
		return f.setPaused(t, rest[0], true)
	case "resume", "恢复":
		return f.setPaused(t, rest[0], false)
	case "skip", "跳过":
		return f.skip(t, rest[0])
	case "preview", "预览":
		return f.preview(t)
	}
	return engine.Complain("schedule.how")
}

// dayWord reads a word about days in /日程 add: 工作日, 休息日, 农历8-15, 顺延, 提前.
func dayWord(rule *schedules.DayRule, word string) bool {
	switch word = command.Fold(word); word {
	case "工作日", "workdays":
		rule.Days = "workdays"
	case "休息日", "restdays":
		rule.Days = "restdays"
	case "顺延", "next_workday":
		rule.IfHoliday = "next_workday"
	case "提前", "previous_workday":
		rule.IfHoliday = "previous_workday"
	default:
		for _, prefix := range []string{"农历", "lunar:"} {
			if date, ok := strings.CutPrefix(word, prefix); ok {
				rule.Lunar = date
				return true
			}
		}
		return false
	}
	return true
}

// add is /日程 add CRON [工作日 …] ACTION [FROM] [CLOSE_AFTER], e.g. 0 8 * * 1-5
// lesson starter/safety; or with the time as it is said, 每周三 9:00 题 安全.
func (f *Feature) add(t *engine.Turn, words []string) error {
	words = spoken(words)
	n := 5
	if len(words) > 0 && strings.HasPrefix(words[0], "@") {
		n = 1
	}
	rule := schedules.DayRule{}
	for len(words) > n && dayWord(&rule, words[n]) {
		words = slices.Delete(words, n, n+1)
	}
	if len(words) < n+1 {
		return engine.Complain("schedule.add_how")
	}
	spec, err := schedules.Parse(strings.Trim(strings.Join(words[:n], " "), `"“”`))
	if err == nil {
		_, err = spec.On(rule, f.holidays.Load())
	}
	if err != nil {
		return engine.Complain("schedule.bad_cron", "Reason", strings.Join(locale.Faults(t.Lang, err), " "))
	}
	action, ok := t.Engine().Action(actionName(words[n]))
	if !ok {
		return engine.Complain("schedule.add_how")
	}
	args := engine.Args{}
	for _, w := range words[n+1:] {
		if d, ok := command.Duration(w); ok {
			args["close_after"] = d.String()
		} else {
			args["from"] = w
		}
	}
	if err := action.Check(args); err != nil {
		return engine.Complain("schedule.push_nothing", "From", chat.CleanName(args["from"]))
	}
	s := row{Unit: t.Unit.ID, Cron: spec.String(), Days: rule, Zone: t.Unit.Zone.String(), Action: action.Name, Misfire: "grace", Handled: t.Now}
	return f.keep(t, &s, args)
}

// keep saves a schedule of t.Unit, a new one when it has no id, plans it and
// tells of it.
func (f *Feature) keep(t *engine.Turn, s *row, args engine.Args) error {
	text, err := json.Marshal(args)
	if err != nil {
		return err
	}
	s.Args = string(text)
	said := "schedule.saved"
	if s.ID == "" {
		said = "schedule.added"
		s.Origin = fmt.Sprintf("member:%d", t.Member.ID)
		if s.ID, err = f.freeID(t, s.Action); err != nil {
			return err
		}
	}
	if err := save(t.Tx, *s); err != nil {
		return err
	}
	if s, err = getRow(t.Tx, s.ID); err != nil {
		return err
	}
	if err := f.plan(t.Tx, s); err != nil {
		return err
	}
	return t.Reply(chat.Text(t.T(said) + "\n" + f.describe(t, s)))
}

// freeID makes an id such as demo-quiz-2.
func (f *Feature) freeID(t *engine.Turn, action string) (string, error) {
	for n := 1; ; n++ {
		id := fmt.Sprintf("%s-%s-%d", t.Unit.ID, action, n)
		var taken int
		if err := t.Tx.QueryRow(`SELECT COUNT(*) FROM schedule WHERE id = $1`, id).Scan(&taken); err != nil || taken == 0 {
			return id, err
		}
	}
}

// mine is a schedule of the turn's unit.
func mine(t *engine.Turn, id string) (*row, error) {
	s, err := getRow(t.Tx, id)
	if err == nil && (s == nil || s.Unit != t.Unit.ID) {
		err = engine.Complain("schedule.unknown", "ID", chat.CleanName(id))
	}
	return s, err
}

// remove takes away a schedule that was added in a chat; its occurrences stay.
func (f *Feature) remove(t *engine.Turn, id string) error {
	s, err := mine(t, id)
	if err != nil {
		return err
	}
	if s.Origin == "config" {
		return engine.Complain("schedule.remove_config", "ID", s.ID)
	}
	if _, err := t.Tx.Exec(`UPDATE schedule SET gone_at = $1 WHERE id = $2`, t.Tx.Millis(), s.ID); err != nil {
		return err
	}
	if err := t.Cancel(timerKey(s.ID)); err != nil {
		return err
	}
	return t.Say("schedule.removed", "ID", s.ID)
}

func (f *Feature) setPaused(t *engine.Turn, id string, paused bool) error {
	s, err := mine(t, id)
	if err != nil {
		return err
	}
	flag, key := 0, "schedule.resumed"
	if paused {
		flag, key = 1, "schedule.paused"
	}
	s.Paused = paused
	s.Handled = t.Now // what fell into the pause is not caught up
	if _, err := t.Tx.Exec(`UPDATE schedule SET paused = $1, handled = $2 WHERE id = $3`, flag, t.Tx.Millis(), s.ID); err != nil {
		return err
	}
	if err := f.plan(t.Tx, s); err != nil {
		return err
	}
	return t.Say(key, "ID", s.ID)
}

// skip leaves out the next occurrence; its row says so in advance.
func (f *Feature) skip(t *engine.Turn, id string) error {
	s, err := mine(t, id)
	if err != nil {
		return err
	}
	spec, zone, err := s.parse(f.holidays.Load())
	if err != nil {
		return err
	}
	at := maxTime(t.Now, s.from(zone))
	for {
		slot, ok := spec.Next(at, zone)
		if !ok || !s.runsOn(slot.At.In(zone)) {
			return engine.Complain("schedule.unknown", "ID", s.ID)
		}
		if slot.Left {
			at = slot.At
			continue
		}
		done, err := note(t.Tx, s.ID, slot, "skipped", "schedule.reason.asked")
		if err != nil {
			return err
		}
		if done != 0 {
			return t.Say("schedule.skipped", "ID", s.ID, "At", schedules.Instant(slot.At, t.Now, zone, t.Lang))
		}
		at = slot.At
	}
}

// brake is /暂停 all: nothing is pushed by schedule until /恢复 all.
func (f *Feature) brake(t *engine.Turn, line command.Line) error {
	if what := command.Fold(line.Args); what != "all" && what != "全部" {
		return engine.Complain("schedule.pause_how")
	}
	_, err := t.Tx.Exec(`INSERT INTO paused (unit, since, actor) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		t.Unit.ID, t.Tx.Millis(), t.Member.ID)
	if err != nil {
		return err
	}
	return t.Say("schedule.braked")
}

func (f *Feature) release(t *engine.Turn, line command.Line) error {
	if what := command.Fold(line.Args); what != "all" && what != "全部" {
		return engine.Complain("schedule.resume_how")
	}
	if _, err := t.Tx.Exec(`DELETE FROM paused WHERE unit = $1`, t.Unit.ID); err != nil {
		return err
	}
	return t.Say("schedule.released")
}
