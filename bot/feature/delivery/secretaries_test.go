package delivery_test

import (
	"strings"
	"testing"

	"branchbot/bot/chat"
	"branchbot/store/storetest"
)

// Two branches under a committee: 一 has two secretaries, of whom 王敏 has a second
// account; 二 has one.
const twoBranches = `-- config.yaml --
units:
  - id: top
    name: 炼油厂党委
    kind: committee
    members:
      - {name: 周正, staff: "0009", roles: [secretary]}
  - id: one
    parent: top
    name: 一车间党支部
    chats: [web:one]
    members:
      - {name: 王敏, staff: "0001", roles: [secretary]}
      - {name: 张三, staff: "0002", roles: [secretary]}
  - id: two
    parent: top
    name: 二车间党支部
    chats: [web:two]
    members:
      - {name: 李四, staff: "0003", roles: [secretary]}
      - {name: 陈静, staff: "0004"}
      - {name: 赵磊, staff: "0005"}
schedules:
  - {id: shift, unit: UNIT, cron: "0 9 * * *", do: checkin, close_after: 10m}
-- setup --
INSERT INTO identity (account, user_id, member, private_chat, bound_at) SELECT account, 'second', member, 'dm:second', bound_at - 1 FROM identity WHERE user_id = '0001'
`

// A list that a private chat does not take goes to another account of the same person,
// to another secretary, to the unit above; nobody gets it twice.
func TestAListFindsAnotherReader(t *testing.T) {
	t.Parallel()
	const passed = "（本来发给二车间党支部的李四，对方收不到我的私聊，转给你，请转告）"
	for name, c := range map[string]struct {
		unit, blocked string // chats
		setup         string
		want          []string // who is sent the list, in this order
		told          string   // with what before it
	}{
		"all is well":        {unit: "one", want: []string{"dm:0001", "dm:0002"}},
		"another account":    {unit: "one", blocked: "dm:0001", want: []string{"dm:0001", "dm:0002", "dm:second"}},
		"another secretary":  {unit: "one", blocked: "dm:0001 dm:second", want: []string{"dm:0001", "dm:0002", "dm:second"}},
		"the unit above":     {unit: "two", blocked: "dm:0003", want: []string{"dm:0003", "dm:0009"}, told: passed},
		"nobody is left":     {unit: "two", blocked: "dm:0003 dm:0009", want: []string{"dm:0003", "dm:0009"}, told: passed},
		"both secretaries":   {unit: "one", blocked: "dm:0001 dm:0002 dm:second", want: []string{"dm:0001", "dm:0002", "dm:second", "dm:0009"}},
		"no private chat":    {unit: "two", setup: "DELETE FROM identity WHERE user_id = '0003'", want: []string{"dm:0009"}, told: passed},
		"has refused before": {unit: "two", setup: "UPDATE identity SET private_chat = '', refused_at = 1 WHERE user_id = '0003'", want: []string{"dm:0009"}, told: passed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, e storetest.Engine) {
				s := open(t, e, strings.Replace(twoBranches, "UNIT", c.unit, 1)+c.setup+"\n")
				var sent []string
				s.Adapter.Fault = func(to chat.ChatID, p chat.Part) (bool, error) {
					if !strings.Contains(p.Plain(), "未到") || to == "one" || to == "two" {
						return false, nil
					}
					sent = append(sent, string(to))
					if to == "dm:0009" && !strings.HasPrefix(p.Plain(), c.told) {
						t.Errorf("it is passed on with %q", p.Plain())
					}
					if strings.Contains(c.blocked, string(to)) {
						return false, forbidden()
					}
					return false, nil
				}
				said, err := s.Play(t, "@ 2026-12-01 08:59\n@ +2h\n")
				if err != nil {
					t.Fatal(err)
				}
				if got, want := strings.Join(sent, " "), strings.Join(c.want, " "); got != want {
					t.Errorf("it was sent to %s, want %s\n%s", got, want, said)
				}
			})
		})
	}
}

// The names of a branch are for its own secretaries: those above get totals, also when
// nobody of the branch is reached. What was not delivered is told above.
func TestNamesStayInTheirBranch(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := open(t, e, strings.Replace(twoBranches, "UNIT", "one", 1))
		s.refuse("dm:0003", forbidden())
		said, err := s.Play(t, "@ 2026-12-01 09:00\n周正@top (私聊): /通知 至 二车间党支部 回执 截止 10:00 明天开会\n周正@top (私聊): [按 发出]\n@ 2026-12-01 10:05\n")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(said, "→ 周正 ◀ （本来") || !strings.Contains(said, "→ 周正 ◀ 通知 2026-001") {
			t.Errorf("what the unit above is told:\n%s", said)
		}
		s.Adapter.Fault = func(to chat.ChatID, _ chat.Part) (bool, error) {
			if to == "two" || to == "dm:0003" {
				return false, forbidden()
			}
			return false, nil
		}
		said, err = s.Play(t, "李四@two: /开签 10m\n@ +2m\n")
		if err != nil {
			t.Fatal(err)
		}
		inOrder(t, said, "→ 周正 ◀ （本来发给二车间党支部的李四，对方收不到我的私聊，转给你，请转告）", "【没有送到】签到“签到”")
	})
}
