package roster_test

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"branchbot/bot/testkit/script"
	"branchbot/store/storetest"
)

// Who asks with a name and a number is told the same, at the same times, whether there
// is such a person or not, and whatever those do who are asked.
func TestAnOutsiderIsNotToldWhoThereIs(t *testing.T) {
	t.Parallel()
	const setup = `-- setup --
DELETE FROM identity WHERE user_id IN ('0004', '0005')
INSERT INTO member (unit, staff, name, status) VALUES ('demo', '0011', '钱副', 'full')
INSERT INTO role (member, unit, role, granted_by, granted_at) SELECT id, 'demo', 'committee', 'config', 0 FROM member WHERE staff = '0011'
`
	const lines = `@ 2026-12-01 09:00
查无 (私聊): /加入 没有 7777
错号 (私聊): /加入 赵磊 7777
书记拒 (私聊): /加入 赵磊 0005
本人拒 (私聊): /加入 张三 0002
没人理 (私聊): /加入 陈静 0004
本人不理 (私聊): /加入 李四 0003
有职务 (私聊): /加入 钱副 0011
@ +1m
书记 (私聊): [按 1 不是]
张三 (私聊): [按 不是我]
@ +1h
两次查无 (私聊): /加入 没有 7778
两次被拒 (私聊): /加入 赵磊 0005
被拒又查无 (私聊): /加入 赵磊 0005
@ +20m
书记 (私聊): [按 2 不是]
书记 (私聊): [按 3 不是]
@ +1h
两次查无 (私聊): /加入 没有 7779
两次被拒 (私聊): /加入 陈静 0004
被拒又查无 (私聊): /加入 没有 7779
@ +20m
书记 (私聊): [按 2 不是]
@ +3d
`
	alike := [][]string{
		{"查无", "错号", "书记拒", "本人拒", "没人理", "本人不理", "有职务"},
		{"两次查无", "两次被拒", "被拒又查无"},
	}
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := script.OpenOn(t, txtar.Parse([]byte(setup)), e)
		said, err := s.Play(t, lines)
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range alike {
			want := heard(said, who[0])
			if n := strings.Count(want, "没有得到确认"); n != 1 || !strings.Contains(want, "2026-12-03") {
				t.Errorf("%s hears %d times how it ended:\n%s", who[0], n, want)
			}
			for _, other := range who[1:] {
				if got := heard(said, other); got != want {
					t.Errorf("%s hears:\n%s%s hears:\n%s", who[0], want, other, got)
				}
			}
		}
		if rows := s.Rows(t, `SELECT state, COUNT(*) FROM join_request GROUP BY state ORDER BY state`); rows != "expired|8\nrefused|5\n" {
			t.Errorf("requests: %s\n%s", rows, said)
		}
	})
}

// heard is what somebody is told, each with its time.
func heard(transcript, name string) string {
	var out strings.Builder
	for line := range strings.Lines(transcript) {
		if at, text, ok := strings.Cut(line, " → "+name+" ◀ "); ok {
			out.WriteString(at + ": " + text)
		}
	}
	return out.String()
}
