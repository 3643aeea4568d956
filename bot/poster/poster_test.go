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

	"branchbot/bot/bottest"
	"branchbot/bot/chat"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	bottest.Scripts(t, "testdata")
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

// The pictures that go out are whole: as wide as they should be, and of a size
// that is quickly loaded. go test -pictures makes those of the documentation.
func TestPictures(t *testing.T) {
	t.Parallel()
	a := txtar.Parse([]byte(week))
	s := bottest.Open(t, a)
	sent := map[string]int{} // width by reference
	s.Adapter.Fault = func(_ chat.ChatID, p chat.Part) (bool, error) {
		if p.Media == nil {
			return true, nil
		}
		img, err := png.DecodeConfig(bytes.NewReader(p.Media.Data))
		if err != nil || p.Media.Type != "image/png" || len(p.Media.Data) > 120_000 || p.Media.Alt == "" {
			t.Errorf("%s: %d bytes of %s: %v", p.Media.Ref, len(p.Media.Data), p.Media.Type, err)
		}
		sent[p.Media.Ref] = img.Width
		kind, _, _ := strings.Cut(p.Media.Ref, ":")
		if *write {
			if err := os.WriteFile(filepath.Join("..", "..", "docs", "images", kind+".png"), p.Media.Data, 0o644); err != nil {
				t.Error(err)
			}
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
	for ref, width := range map[string]int{"poster:demo.2026-11-23.png": 1080, "round:2.png": 1080, "honour:own.1.png": 1200, "honour:public.1.png": 1200} {
		if sent[ref] != width {
			t.Errorf("%s is %d wide, want %d; sent were %v", ref, sent[ref], width, sent)
		}
	}
}
