package poster_test

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/feature/award"
	"branchbot/bot/feature/lesson"
	"branchbot/bot/feature/poster"
	"branchbot/bot/feature/quiz"
	"branchbot/bot/feature/shift"
	"branchbot/bot/report"
	"branchbot/bot/roster"
	"branchbot/bot/schedule"
	"branchbot/bot/testkit/script"
	"branchbot/content"
	"branchbot/schedules"
	"branchbot/store"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	script.Scripts(t, "testdata")
}

var write = flag.Bool("pictures", false, "rewrite the sample pictures under docs/images")

// week is a week of a branch whose pictures docs/handbook.md shows.
const week = `
-- config.yaml --
units:
  - id: demo
    name: 示范党支部
    chats: [web:demo]
    members:
      - {name: 王敏, staff: "0001", roles: [secretary]}
      - {name: 张三, staff: "0002"}
      - {name: 李四, staff: "0003"}
      - {name: 陈静, staff: "0004", status: probationary}
schedules:
  - {id: lesson, unit: demo, cron: "0 8 * * 1-5", do: lesson, from: sample}
  - {id: quiz, unit: demo, cron: "30 12 * * 2,4", do: quiz, from: when, close_after: 2h}
  - {id: meeting, unit: demo, cron: "0 15 * * 5", do: checkin, title: 主题党日}
-- pack/pack.yaml --
id: sample
title: 组织生活十讲
version: 1.0.0
language: zh-CN
licence: CC0-1.0
source: 测试
-- pack/lessons/01.md --
---
id: "1"
title: 党员大会多长时间开一次
source: 测试
---
一
-- pack/lessons/02.md --
---
id: "2"
title: 支部委员会会议怎样开
source: 测试
---
二
-- pack/lessons/03.md --
---
id: "3"
title: 党小组会讲什么
source: 测试
---
三
-- pack/lessons/04.md --
---
id: "4"
title: 党课由谁来讲
source: 测试
---
四
-- pack/lessons/05.md --
---
id: "5"
title: 主题党日怎样办得有意思
source: 测试
---
五
-- pack/lessons/06.md --
---
id: "6"
title: 民主评议党员
source: 测试
---
六
-- pack/questions/all.yaml --
- id: when
  type: single
  ask: 支部党员大会一般多长时间召开一次？
  options: [每月一次, 每季度一次, 每半年一次, 每年一次]
  answer: B
  explain: 党员大会一般每季度召开一次。
  source: 《中国共产党支部工作条例（试行）》第十一条
-- script --
@ 2026-11-23 07:00
@ 2026-11-23 08:10
王敏: 已学
张三: 已学
李四: 已学
@ 2026-11-24 08:10
王敏: 已学
张三: 已学
陈静: 已学
@ 2026-11-24 12:40
王敏: B
张三: B
李四: C
陈静: B
@ 2026-11-25 08:10
王敏: 已学
张三: 已学
李四: 已学
陈静: 已学
@ 2026-11-26 08:10
张三: 已学
李四: 已学
@ 2026-11-26 12:40
王敏: B
张三: A
陈静: B
@ 2026-11-26 17:00
书记: /结果图
@ 2026-11-27 08:10
王敏: 已学
张三: 已学
李四: 已学
@ 2026-11-27 10:00
书记 (私聊): /表彰 张三 学习标兵 在安全生产月活动中表现突出
张三 (私聊): [按 可以公布]
@ 2026-11-27 15:05
王敏: 签到
张三: 签到
李四: 签到
陈静: 签到
@ 2026-11-27 17:00
书记: /海报
`

// play opens the branch of week and plays its script.
func play(t testing.TB, sent func(m *chat.Media)) *script.Stage {
	t.Helper()
	a := txtar.Parse([]byte(week))
	s := script.Open(t, a)
	s.Adapter.Fault = func(_ chat.ChatID, p chat.Part) (bool, error) {
		if p.Media != nil {
			sent(p.Media)
		}
		return true, nil
	}
	for _, f := range a.Files {
		if f.Name == "script" {
			if _, err := s.Play(t, string(f.Data)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// The pictures that go out are whole: as wide as they should be, and of a size
// that is quickly loaded. go test -pictures makes those of the documentation.
func TestPictures(t *testing.T) {
	t.Parallel()
	sent := map[string]int{} // width by reference
	play(t, func(m *chat.Media) {
		img, err := png.DecodeConfig(bytes.NewReader(m.Data))
		if err != nil || m.Type != "image/png" || len(m.Data) > 120_000 || m.Alt == "" {
			t.Errorf("%s: %d bytes of %s: %v", m.Ref, len(m.Data), m.Type, err)
		}
		sent[m.Ref] = img.Width
		kind, _, _ := strings.Cut(m.Ref, ":")
		if *write {
			if err := os.WriteFile(filepath.Join("..", "..", "..", "docs", "images", kind+".png"), m.Data, 0o644); err != nil {
				t.Error(err)
			}
		}
	})
	for ref, width := range map[string]int{"poster:demo.2026-11-23.png": 1080, "round:2.png": 1080, "honour:own.1.png": 1200, "honour:public.1.png": 1200} {
		if sent[ref] != width {
			t.Errorf("%s is %d wide, want %d; sent were %v", ref, sent[ref], width, sent)
		}
	}
}

// feature is one whose board is at an address.
func feature(board string) *poster.Feature {
	never := func() schedules.Quiet { return schedules.Quiet{} }
	library := &content.Library{}
	return &poster.Feature{
		Figures:  &report.Source{Shifts: &shift.Feature{Quiet: never, Letters: func() shift.Letters { return shift.Letters{} }}},
		Lessons:  &lesson.Feature{Library: func() *content.Library { return library }},
		Schedule: &schedule.Feature{Quiet: never},
		Board:    func(*store.Tx, string) (string, error) { return board, nil },
	}
}

// A reference that names no poster, round or honour, or one that is not to be
// seen, has no picture.
func TestForged(t *testing.T) {
	t.Parallel()
	s := play(t, func(*chat.Media) {})
	if _, err := s.Play(t, "书记: /出题 when\n书记 (私聊): /表彰 李四 服务之星\n书记 (私聊): /表彰 陈静 服务之星\n书记 (私聊): /表彰 撤销 3\n"); err != nil {
		t.Fatal(err)
	}
	f, d := feature("https://bot.example.org/board/demo"), roster.NewDirectory()
	kinds := map[string]func(tx *store.Tx, name string) ([]byte, error){
		"poster": func(tx *store.Tx, name string) ([]byte, error) { return f.Picture(tx, name, d.Unit) },
		"round":  func(tx *store.Tx, name string) ([]byte, error) { return quiz.Picture(tx, name, d.Unit) },
		"honour": func(tx *store.Tx, name string) ([]byte, error) { return award.Picture(tx, name, d.Unit) },
	}
	for _, c := range []struct{ ref, fault string }{
		{"poster:demo.2026-11-23.png", ""},
		{"poster:demo.1999-11-22.png", ""}, // empty, but a week
		{"poster:", `poster of unit ""`},
		{"poster:demo", `week ""`},
		{"poster:demo.2026-11-24.png", "it is no Monday"},
		{"poster:demo.2026-13-45.png", `week "2026-13-45"`},
		{"poster:nosuch.2026-11-23.png", `poster of unit "nosuch"`},
		{"poster:../demo.2026-11-23.png", `poster of unit ""`},
		{"round:2.png", ""},
		{"round:3.png", "round 3 is still open"},
		{"round:99.png", "there is no round 99"},
		{"round:x.png", `"x.png" names no round`},
		{"honour:own.1.png", ""},
		{"honour:public.1.png", ""},
		{"honour:roll.demo.1-2.png", ""}, // of the one that is published
		{"honour:own.2.png", ""},
		{"honour:public.2.png", "honour 2 is not published"},
		{"honour:roll.demo.2-3.png", "none of the honours 2-3 of unit demo is published"},
		{"honour:roll.other.1.png", "none of the honours 1 of unit other is published"},
		{"honour:roll.demo.1-x.png", `"1-x" names no honours`},
		{"honour:own.3.png", "honour 3 was revoked"},
		{"honour:own.99.png", "there is no honour 99"},
		{"honour:own.x.png", `"own.x.png" names no honour`},
		{"honour:1.png", `"1.png" names no picture of an honour`},
	} {
		kind, name, _ := strings.Cut(c.ref, ":")
		err := s.DB.Read(func(tx *store.Tx) error {
			_, err := kinds[kind](tx, name)
			return err
		})
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: error %v, want %q", c.ref, err, c.fault)
		}
	}
}

// Without an address there is no code on the poster; with one there is.
func TestBoard(t *testing.T) {
	t.Parallel()
	s := play(t, func(*chat.Media) {})
	var sizes []int
	for _, board := range []string{"", "https://bot.example.org/board/demo"} {
		err := s.DB.Read(func(tx *store.Tx) error {
			data, err := feature(board).Picture(tx, "demo.2026-11-23.png", roster.NewDirectory().Unit)
			if err != nil {
				return err
			}
			img, err := png.DecodeConfig(bytes.NewReader(data))
			sizes = append(sizes, img.Height)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if sizes[1] < sizes[0]+150 {
		t.Errorf("the poster is %d high without a code and %d with one", sizes[0], sizes[1])
	}
}

// A poster from the database to the last byte.
func BenchmarkPicture(b *testing.B) {
	s := play(b, func(*chat.Media) {})
	f, d := feature(""), roster.NewDirectory()
	for b.Loop() {
		err := s.DB.Read(func(tx *store.Tx) error {
			_, err := f.Picture(tx, "demo.2026-11-23.png", d.Unit)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
