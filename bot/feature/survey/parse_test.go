package survey

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/engine"
	"branchbot/store"
)

func turn() *engine.Turn {
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 12, 1, 9, 0, 0, 0, zone)
	return &engine.Turn{Tx: &store.Tx{Now: now}, Now: now, Unit: &engine.Unit{Zone: zone}, Lang: "zh-CN"}
}

func TestParseVote(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"去哪里\n公园\n博物馆", "false 12-03 09:00 去哪里 single 0 [公园 博物馆]"},
		{"实名 截止 18:00 可选 2 去哪里\nA. 公园\nB、博物馆\nC）在家", "true 12-01 18:00 去哪里 multiple 2 [公园 博物馆 在家]"},
		{"截止明天18:00 去哪里？公园／博物馆｜在家", "false 12-02 18:00 去哪里？ single 0 [公园 博物馆 在家]"},
		{"截止 12月5日 去哪里 公园/博物馆", "false 12-06 00:00 去哪里 single 0 [公园 博物馆]"},
		{"截止：明天 下午6点 匿名 去哪里\n公园／博物馆", "false 12-02 18:00 去哪里 single 0 [公园 博物馆]"},
		{"几点开会 8:00／9:00", "false 12-03 09:00 几点开会 single 0 [8:00 9:00]"},
		{"几点开会：8:00/9:00/10:30", "false 12-03 09:00 几点开会 single 0 [8:00 9:00 10:30]"},
		{"周五15:00开会行不行 行／不行", "false 12-03 09:00 周五15:00开会行不行 single 0 [行 不行]"},
		{"2026/12/05 团建 去／不去", "false 12-03 09:00 2026/12/05 团建 single 0 [去 不去]"},
		{"哪天团建？12/5／12/6", "false 12-03 09:00 哪天团建？ single 0 [12/5 12/6]"},
		{"by 18:00 Where to Park/Museum", "false 12-01 18:00 Where to single 0 [Park Museum]"},
		{"春游 公园／博物馆 截止 18:00", "false 12-01 18:00 春游 single 0 [公园 博物馆]"},
		{"实名，截止18:00，春游去哪 公园／博物馆", "true 12-01 18:00 春游去哪 single 0 [公园 博物馆]"},
		{"截止 3天 去 哪里\n\n- 公园\n· 博物馆\n", "false 12-04 09:00 去 哪里 single 0 [公园 博物馆]"},
	} {
		s, err := parseVote(turn(), c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		q := s.Questions[0]
		got := fmt.Sprint(s.Named, " ", s.ClosesAt.In(turn().Unit.Zone).Format("01-02 15:04"), " ", s.Title, " ", q.Type, " ", q.Max, " ", q.Options)
		if got != c.want {
			t.Errorf("%q:\n%s, want\n%s", c.text, got, c.want)
		}
	}
}

func TestParseSurvey(t *testing.T) {
	t.Parallel()
	s, err := parseSurvey(turn(), "食堂\n\n1. 好吃吗\n好吃\n不好吃\n２、爱吃什么【多选】\nA. 米饭／面条\n第3题 打几分（1-5）\n（文字）还有什么想说\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Question{{Ask: "好吃吗", Type: Single, Options: []string{"好吃", "不好吃"}}, {Ask: "爱吃什么", Type: Multiple, Options: []string{"米饭", "面条"}},
		{Ask: "打几分", Type: Scale}, {Ask: "还有什么想说", Type: Text}}
	if diff := cmp.Diff(want, s.Questions); diff != "" {
		t.Error(diff)
	}
}

// Whatever is written, it is a survey within the limits or a complaint.
func FuzzParse(f *testing.F) {
	f.Add("截止 18:00 去哪里\n公园\n博物馆")
	f.Add("食堂\n1. 好吃吗（单选）\nA. 好／不好\n2. 打几分（评分）")
	f.Add("可选 ／ ｜")
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(*engine.Turn, string) (*Survey, error){parseVote, parseSurvey} {
			s, err := parse(turn(), text)
			if err != nil {
				if _, ok := err.(*engine.Complaint); !ok {
					t.Fatalf("%q: %v", text, err)
				}
				continue
			}
			if len(s.Questions) == 0 || len(s.Questions) > maxQuestions || s.Title == "" || !s.ClosesAt.After(turn().Now) {
				t.Fatalf("%q: %+v", text, s)
			}
			for _, q := range s.Questions {
				if q.Ask == "" || len(q.Options) == 1 || len(q.Options) > maxOptions {
					t.Fatalf("%q: %+v", text, q)
				}
			}
		}
	})
}
