package survey_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"branchbot/bot/testkit/script"
	"branchbot/store/storetest"
)

// A written answer that reports wrongdoing is not taken, and its author is told where to
// go; of one in doubt they are asked. Until then nothing of it can be read anywhere, nor
// who has written it.
func TestAWrittenAnswerIsNoReport(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := script.OpenOn(t, &txtar.Archive{}, e)
		play := func(lines ...string) string {
			t.Helper()
			said, err := s.Play(t, strings.Join(lines, "\n"))
			if err != nil {
				t.Fatal(err)
			}
			said, _, _ = strings.Cut(said, "--- 积分流水")
			return said
		}
		nothing := func(what string) {
			t.Helper()
			if e != storetest.SQLite {
				return
			}
			for _, end := range []string{"", "-wal"} {
				data, err := os.ReadFile(s.DB.Path() + end)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(data, []byte("螃蟹")) {
					t.Errorf("%s can be read in the database%s", what, end)
				}
			}
			if strings.Contains(s.Log.String(), "螃蟹") {
				t.Errorf("%s stands in the log", what)
			}
		}
		held := func(want string) {
			t.Helper()
			if got := s.Rows(t, `SELECT (SELECT COUNT(*) FROM suggestion_held), (SELECT COUNT(*) FROM survey_draft), (SELECT COUNT(*) FROM survey_voted)`); got != want+"\n" {
				t.Errorf("held, drafts, voted: %s, want %s", got, want)
			}
		}
		said := play("@ 2026-12-01 09:00", `书记: /问卷 截止 3天 食堂\n1. 还有什么想说的（文字）`, "张三 (私聊): /问卷 1", "张三 (私聊): 主任受贿，螃蟹都拿回家")
		if strings.Count(said, "这里不受理举报") != 1 || strings.Contains(said, "确认投出") {
			t.Errorf("a report:\n%s", said)
		}
		held("0|1|0")
		nothing("a report")

		if said = play("张三 (私聊): shou hui螃蟹"); !strings.Contains(said, "[是反映问题] [不是，照常提交]") || strings.Contains(said, "确认投出") {
			t.Errorf("a text in doubt:\n%s", said)
		}
		held("1|1|0")
		nothing("a text in doubt")
		if said = play("张三 (私聊): [按 是反映问题]"); strings.Count(said, "这里不受理举报") != 1 {
			t.Errorf("it was a report:\n%s", said)
		}
		held("0|1|0")

		said = play("张三 (私聊): 食堂红包螃蟹", "张三 (私聊): [按 不是，照常提交]", "张三 (私聊): 确认")
		if !strings.Contains(said, "食堂红包螃蟹") {
			t.Errorf("no report after all:\n%s", said)
		}
		held("0|0|1")
		nothing("an answer")
		// The question is older than the draft: it leads nowhere.
		if said = play("陈静 (私聊): /问卷 1", "陈静 (私聊): 购物卡怎么领", "陈静 (私聊): 没有意见", "陈静 (私聊): 确认", "陈静 (私聊): [按 不是，照常提交]"); strings.Contains(said, "◀ 购物卡") {
			t.Errorf("an old question:\n%s", said)
		}
		held("1|0|2")
		play("@ +31m")
		held("0|0|2")
	})
}
