package seed

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"branchbot/bot/points"
	"branchbot/content"
	"branchbot/store"
)

// Names and texts of the made-up company.
var (
	surnames = []rune("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗")
	given    = []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英华玉建国文斌")
	lessons  = []string{"三会一课的由来", "组织生活会怎么开", "民主评议党员", "安全生产十项规定", "中央八项规定精神", "党章学习：党员权利", "党章学习：党员义务", "保密知识一点通"}
	meetings = []string{"支部党员大会", "主题党日", "党小组会", "专题学习会"}
	orders   = []string{"请报送本月学习情况。", "周五下午召开支部会议，请准时参加。", "请核对党费缴纳记录。", "请完成年度安全培训。"}
	titles   = []string{"优秀共产党员", "学习标兵", "岗位能手"}
	patterns = []string{"早早中中夜夜休休", "白白休休"}

	questions = []content.Question{
		{Pack: "seed", ID: "q1", Type: content.Single, Ask: "支部党员大会一般多长时间召开一次？", Options: []string{"每月一次", "每季度一次", "每半年一次", "每年一次"}, Answer: "B", Source: "《中国共产党支部工作条例（试行）》第十一条"},
		{Pack: "seed", ID: "q2", Type: content.Single, Ask: "党小组会一般多长时间召开一次？", Options: []string{"每周", "每月", "每季度", "每年"}, Answer: "B", Source: "《中国共产党支部工作条例（试行）》"},
		{Pack: "seed", ID: "q3", Type: content.Multiple, Ask: "“三会”包括哪些会？", Options: []string{"支部党员大会", "谈心会", "支部委员会会议", "党小组会"}, Answer: "ACD", Source: "《中国共产党支部工作条例（试行）》"},
		{Pack: "seed", ID: "q4", Type: content.Single, Ask: "党员预备期一般为多长时间？", Options: []string{"半年", "一年", "两年", "三年"}, Answer: "B", Source: "《中国共产党章程》第七条"},
		{Pack: "seed", ID: "q5", Type: content.TrueFalse, Ask: "支部委员会会议一般每月召开一次。", Answer: "true", Source: "《中国共产党支部工作条例（试行）》"},
		{Pack: "seed", ID: "q6", Type: content.Single, Ask: "干粉灭火器使用时应对准哪里？", Options: []string{"火焰根部", "火焰中部", "火焰顶部", "烟雾"}, Answer: "A", Source: "消防常识"},
	}
	// easy is the share of right answers, by question, in percent.
	easy = []int{85, 70, 45, 90, 75, 60}
)

// person is a member as the history needs him.
type person struct {
	id     int64
	active int // percent of what is asked that he does
	since  time.Time
}

// earned is an entry before it has a place in the chain.
type earned struct {
	at          time.Time
	member      int64
	points      int64
	rule, cause string
}

// act is a unit that is being written.
type act struct {
	*filler
	unit    *unit
	people  []person
	earned  []earned
	code    int64
	numbers map[int]int // the last number of a notice, by year
}

// yearDays is the length of the history.
const yearDays = 364

// first is the midnight that begins the history.
func (f *filler) first() time.Time { return f.midnight(-yearDays + 1) }

// midnight begins the day that is so many after the last one.
func (f *filler) midnight(days int) time.Time {
	y, m, d := f.Until.In(f.Zone).Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, f.Zone)
}

func (f *filler) rules(tx *store.Tx) error {
	rules := []points.Rule{{ID: "lesson-done", On: "lesson.done", Points: 1}, {ID: "quiz-answered", On: "quiz.answered", Points: 1},
		{ID: "quiz-correct", On: "quiz.correct", Points: 1}, {ID: "check-in", On: "checkin.on_time", Points: 1}, {ID: "check-in-late", On: "checkin.late", Points: 1}}
	text, err := json.Marshal(rules)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO points_rules (version, rules, since) VALUES (1, $1, $2)`, string(text), f.first().UnixMilli())
	return err
}

// unit writes one with all its history.
func (f *filler) unit(u *unit) error {
	a := &act{filler: f, unit: u, code: 1, numbers: map[int]int{}}
	items := 0
	if u.entries > 0 && u.members > 0 { // each item earns a member about one entry, a question one and a half
		items = max(4, u.entries/(u.members*28/10)+1)
	}
	parent := any(nil)
	if u.parent != "" {
		parent = u.parent
	}
	if err := f.out.unit.Add(u.id, parent, u.kind, u.name, f.Zone.String(), "zh-CN", int64(items*3+100)); err != nil {
		return err
	}
	if err := f.out.chat.Add("web", u.id, u.id, u.name, f.first().UnixMilli()); err != nil {
		return err
	}
	steps := []func() error{a.roster}
	if u.kind == "branch" {
		steps = append(steps, a.absences, a.schedules)
		for i := range items {
			day := i * yearDays / items
			steps = append(steps, func() error { return a.lesson(day, i) }, func() error { return a.checkin(day, i) }, func() error { return a.round(day, i) })
		}
		steps = append(steps, a.notices, a.extras)
	}
	for _, step := range append(steps, a.chain) {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) percent(p int) bool { return f.random.IntN(100) < p }

// at is an instant of a day, counted from the first, between two minutes of it.
func (f *filler) at(day, from, to int) time.Time {
	return f.first().AddDate(0, 0, day).Add(time.Duration(from)*time.Minute + time.Duration(f.random.IntN((to-from)*60_000))*time.Millisecond)
}

func dayKey(t time.Time) string { return t.Format(time.DateOnly) }

func (a *act) roster() error {
	for i := range a.unit.members {
		a.ids.member++
		p := person{id: a.ids.member, active: 55 + a.random.IntN(45), since: a.midnight(-2 * yearDays)}
		if i > 0 && a.percent(3) {
			p.since = a.at(a.random.IntN(yearDays), 8*60, 18*60)
		}
		name := string(surnames[a.random.IntN(len(surnames))])
		for range 1 + a.random.IntN(2) {
			name += string(given[a.random.IntN(len(given))])
		}
		status, joined, phone := "full", "", ""
		if a.percent(12) {
			status = []string{"probationary", "candidate", "activist"}[a.random.IntN(3)]
		} else {
			joined = fmt.Sprintf("%d-%02d-%02d", 1985+a.random.IntN(38), 1+a.random.IntN(12), 1+a.random.IntN(28))
		}
		if a.percent(60) {
			phone = fmt.Sprintf("139%08d", a.random.IntN(100_000_000))
		}
		if err := a.out.member.Add(p.id, a.unit.id, fmt.Sprintf("%06d", p.id), name, status, joined, phone); err != nil {
			return err
		}
		if err := a.out.stay.Add(p.id, p.since.UnixMilli(), a.unit.id); err != nil {
			return err
		}
		a.people = append(a.people, p)
	}
	return a.out.role.Add(a.people[0].id, a.unit.id, "secretary", "seed", a.first().UnixMilli())
}

// absences are leave and, in every tenth branch, shifts.
func (a *act) absences() error {
	shifts := a.percent(10)
	for _, p := range a.people {
		if a.percent(20) {
			a.ids.leave++
			from := a.first().AddDate(0, 0, a.random.IntN(yearDays-15))
			to := from.AddDate(0, 0, 1+a.random.IntN(10))
			if err := a.out.leave.Add(a.ids.leave, p.id, from.UnixMilli(), to.UnixMilli(), "事假", int64(0), from.Add(-time.Hour).UnixMilli()); err != nil {
				return err
			}
		}
		if shifts {
			err := a.out.shift.Add(p.id, dayKey(a.first().AddDate(0, 0, -a.random.IntN(8))), "", patterns[0], a.people[0].id, a.first().UnixMilli())
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// schedules are three a branch, each with what became of its occurrences.
func (a *act) schedules() error {
	for _, s := range []struct{ action, cron string }{{"lesson", "0 8 * * 1"}, {"checkin", "30 8 * * 1"}, {"quiz", "30 12 * * 3"}} {
		id := a.unit.id + "-" + s.action
		err := a.out.schedule.Add(id, a.unit.id, s.cron, a.Zone.String(), s.action, "{}", "grace", "seed", a.midnight(0).UnixMilli())
		if err != nil {
			return err
		}
		for week := range yearDays / 7 {
			at := a.first().AddDate(0, 0, 7*week).Add(8 * time.Hour)
			a.ids.occurrence++
			if err := a.out.occurrence.Add(a.ids.occurrence, id, at.Format("2006-01-02T15:04"), at.UnixMilli(), "done", at.UnixMilli()); err != nil {
				return err
			}
		}
	}
	return nil
}

// prompt is a closed one, which a lesson or round was answered by.
func (a *act) prompt(feature string, ref int64, opened, closed time.Time) (id, code int64, err error) {
	a.ids.prompt++
	a.code++
	return a.ids.prompt, a.code, a.out.prompt.Add(a.ids.prompt, a.unit.id, feature, fmt.Sprint(ref), a.code, "{}", opened.UnixMilli(), closed.UnixMilli())
}

// earn notes points, if there is something to earn.
func (a *act) earn(at time.Time, p person, rule, cause string, points int64) {
	a.earned = append(a.earned, earned{at, p.id, points, rule, cause})
}

func (a *act) lesson(day, n int) error {
	a.ids.lesson++
	at := a.at(day, 8*60, 8*60+1)
	prompt, _, err := a.prompt("lesson", a.ids.lesson, at, at.AddDate(0, 0, 6))
	if err != nil {
		return err
	}
	title := lessons[n%len(lessons)]
	if err := a.out.lesson.Add(a.ids.lesson, a.unit.id, fmt.Sprintf("seed/l%d", n%len(lessons)+1), title, "seed", prompt, dayKey(at), at.UnixMilli()); err != nil {
		return err
	}
	for _, p := range a.people {
		if when := a.at(day, 8*60+5, 21*60); p.since.Before(at) && a.percent(p.active) {
			if err := a.out.done.Add(a.ids.lesson, p.id, when.UnixMilli()); err != nil {
				return err
			}
			a.earn(when, p, "lesson-done", fmt.Sprintf("lesson:%d", a.ids.lesson), 1)
		}
	}
	return nil
}

func (a *act) checkin(day, n int) error {
	a.ids.checkin++
	at := a.at(day, 8*60+30, 8*60+31)
	closes := at.Add(30 * time.Minute)
	prompt, code, err := a.prompt("checkin", a.ids.checkin, at, closes)
	if err != nil {
		return err
	}
	err = a.out.checkin.Add(a.ids.checkin, a.unit.id, meetings[n%len(meetings)], prompt, code, dayKey(at), at.UnixMilli(), closes.UnixMilli(), closes.UnixMilli())
	if err != nil {
		return err
	}
	for _, p := range a.people {
		when, state, rule, by := a.at(day, 8*60+31, 8*60+59), "on_time", "check-in", int64(0)
		switch {
		case !p.since.Before(at), !a.percent(min(98, p.active+15)):
			continue
		case a.percent(3):
			state, rule = "leave", ""
		case a.percent(4):
			when, state, rule, by = a.at(day, 9*60+5, 11*60), "late", "check-in-late", a.people[0].id
		}
		if err := a.out.entry.Add(a.ids.checkin, p.id, state, when.UnixMilli(), "", by); err != nil {
			return err
		}
		if rule != "" {
			a.earn(when, p, rule, fmt.Sprintf("checkin:%d", a.ids.checkin), 1)
		}
	}
	return nil
}

// texts are the questions as rounds keep them.
var texts = func() (all []string) {
	for _, q := range questions {
		text, err := json.Marshal(q)
		if err != nil {
			panic(err) // plain values
		}
		all = append(all, string(text))
	}
	return all
}()

func (a *act) round(day, n int) error {
	a.ids.round++
	at := a.at(day, 12*60+30, 12*60+31)
	closes := at.Add(6 * time.Hour)
	prompt, code, err := a.prompt("quiz", a.ids.round, at, closes)
	if err != nil {
		return err
	}
	q := n % len(questions)
	err = a.out.round.Add(a.ids.round, a.unit.id, "seed", questions[q].Ref(), texts[q], prompt, code, dayKey(at), at.UnixMilli(),
		closes.UnixMilli(), closes.UnixMilli())
	if err != nil {
		return err
	}
	for _, p := range a.people {
		when := a.at(day, 12*60+31, 18*60)
		if !p.since.Before(at) || !a.percent(p.active) {
			continue
		}
		value, cause := questions[q].Answer, fmt.Sprintf("round:%d", a.ids.round)
		a.earn(when, p, "quiz-answered", cause, 1)
		if a.percent(easy[q]) {
			a.earn(closes, p, "quiz-correct", cause, 1)
		} else if value = "C"; questions[q].Type == content.TrueFalse {
			value = "false"
		}
		if err := a.out.answer.Add(a.ids.round, p.id, value, when.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

// notices are one a month, with acknowledgement.
func (a *act) notices() error {
	for n := range 12 {
		a.ids.notice++
		day := n * yearDays / 12
		at := a.at(day, 10*60, 10*60+30)
		closes := a.first().AddDate(0, 0, day+1).Add(18 * time.Hour)
		units, _ := json.Marshal([]string{a.unit.id})
		err := a.out.notice.Add(a.ids.notice, a.unit.id, a.people[0].id, orders[n%len(orders)], "[]", int64(1), int64(0), int64(0), string(units),
			closes.UnixMilli(), "closed", at.UnixMilli())
		if err != nil {
			return err
		}
		due, done := 0, 0
		for _, p := range a.people[1:] {
			if !p.since.Before(at) {
				continue
			}
			due++
			acked := any(nil)
			if a.percent(min(97, p.active+20)) {
				done++
				acked = at.Add(time.Duration(a.random.ExpFloat64() * 3 * float64(time.Hour))).UnixMilli()
				if acked.(int64) > closes.UnixMilli() {
					acked = closes.Add(-time.Minute).UnixMilli()
				}
			}
			if err := a.out.reader.Add(a.ids.notice, p.id, a.unit.id, acked); err != nil {
				return err
			}
		}
		prompt, code, err := a.prompt("notice", a.ids.notice, at, closes)
		if err != nil {
			return err
		}
		a.numbers[at.Year()]++
		err = a.out.target.Add(a.ids.notice, a.unit.id, int64(at.Year()), int64(a.numbers[at.Year()]), dayKey(at), prompt, code, int64(due), int64(done),
			int64(1), closes.UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}

// extras are a sign-up, an honour and a suggestion.
func (a *act) extras() error {
	day := a.random.IntN(yearDays - 10)
	at := a.at(day, 9*60, 10*60)
	a.ids.signup++
	prompt, code, err := a.prompt("signup", a.ids.signup, at, at.AddDate(0, 0, 3))
	if err != nil {
		return err
	}
	err = a.out.signup.Add(a.ids.signup, a.unit.id, "周六义务植树", int64(0), prompt, code, at.UnixMilli(), at.AddDate(0, 0, 3).UnixMilli(), at.AddDate(0, 0, 3).UnixMilli())
	if err != nil {
		return err
	}
	for _, p := range a.people {
		if !p.since.Before(at) || !a.percent(p.active/2) {
			continue
		}
		a.ids.signupEntry++
		if err := a.out.signupEntry.Add(a.ids.signupEntry, a.ids.signup, p.id, "", int64(1), int64(0), int64(0), at.Add(time.Hour).UnixMilli()); err != nil {
			return err
		}
	}
	honoured := a.people[a.random.IntN(len(a.people))]
	a.ids.honour++
	a.ids.suggestion++
	when := a.midnight(-30).Add(10 * time.Hour)
	err = a.out.honour.Add(a.ids.honour, a.unit.id, honoured.id, titles[a.random.IntN(len(titles))], "全年表现突出", dayKey(when), a.people[0].id,
		when.UnixMilli(), []string{"", "yes", "no"}[a.random.IntN(3)])
	if err != nil {
		return err
	}
	return a.out.suggestion.Add(a.ids.suggestion, a.unit.id, "suggestion", int64(at.Year()), int64(1), honoured.id, "", "建议增加夜班专场学习。",
		"adopted", "已安排。", dayKey(at.AddDate(0, 0, 7)), dayKey(at))
}

// chain writes the unit's ledger: as many entries as it is to have, in the order
// of time. What is missing a secretary gave by hand.
func (a *act) chain() error {
	slices.SortStableFunc(a.earned, func(x, y earned) int { return x.at.Compare(y.at) })
	for n := len(a.earned); n < a.unit.entries; n++ {
		p := a.people[n%len(a.people)]
		a.earn(a.midnight(0).Add(8*time.Hour+time.Duration(n)*time.Second), p, "award", "command", 1)
	}
	balance := map[int64]int64{}
	var prev []byte
	for i, earned := range a.earned[:a.unit.entries] {
		e := points.Entry{Unit: a.unit.id, Seq: int64(i + 1), Member: earned.member, Points: earned.points, Rule: earned.rule, Version: 1,
			Day: dayKey(earned.at), At: earned.at.UnixMilli(), Cause: earned.cause, Key: earned.rule + ":" + earned.cause + ":" + fmt.Sprint(earned.member)}
		if earned.rule == "award" {
			e.Key, e.Actor, e.Note = fmt.Sprintf("award:seed:%s:%d", a.unit.id, i), a.people[0].id, "志愿服务"
		}
		e.Link(prev)
		prev = e.Hash
		balance[e.Member] += e.Points
		if err := a.out.ledger.Add(e.Values()...); err != nil {
			return err
		}
	}
	for _, p := range a.people {
		if err := a.out.balance.Add("", p.id, "", balance[p.id]); err != nil {
			return err
		}
	}
	return nil
}
