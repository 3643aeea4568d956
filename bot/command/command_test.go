package command_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/command"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]command.Line{
		"/帮助":                  {Name: "帮助", Slash: true},
		"／帮助":                  {Name: "帮助", Slash: true},
		" /HELP  quiz ":        {Name: "help", Args: "quiz", Slash: true},
		"/加入　张三 ０００２":          {Name: "加入", Args: "张三 ０００２", Slash: true},
		"/help@branchbot x":    {Name: "help", Args: "x", Slash: true},
		"@支部小助手 帮助":            {Name: "帮助", Mentioned: true},
		"@支部小助手\u2005/积分":      {Name: "积分", Slash: true, Mentioned: true},
		"@Branchbot /points 3": {Name: "points", Args: "3", Slash: true, Mentioned: true},
		"/通知 回执\n第一行\n第二行":     {Name: "通知", Args: "回执\n第一行\n第二行", Slash: true},
		"/\u202e帮助":            {Name: "帮助", Slash: true},
		"@支部小助手":               {Mentioned: true},
	} {
		got, ok := command.Parse(text, "支部小助手", "branchbot")
		if !ok {
			t.Errorf("%q is no command", text)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
	for _, text := range []string{"", "/", "／ ", "/ 帮助", "/usr/bin/env", "/etc/hosts", "1/2", "帮助", "@张三 帮助",
		"/help@otherbot", "@支部小助手们好", "/一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五"} {
		if got, ok := command.Parse(text, "支部小助手", "branchbot"); ok {
			t.Errorf("%q is a command: %+v", text, got)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"帮助", "help", "积分", "points", "名单", "roster", "签到"}
	for name, want := range map[string]string{"hlep": "help", "point": "points", "积份": "积分", "帮忙": "帮助", "rostr": "roster", "完全不同": "", "x": ""} {
		if got, _ := command.Nearest(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"30m": 30 * time.Minute, "30分钟": 30 * time.Minute, "半小时": 30 * time.Minute,
		"2h": 2 * time.Hour, "２小时": 2 * time.Hour, "1h30m": 90 * time.Minute, "1天": 24 * time.Hour,
		"": 0, "0m": 0, "31天": 0, "明天": 0, "-5m": 0, "99999m": 0} {
		if got, ok := command.Duration(text); got != want && ok {
			t.Errorf("%q: %v, want %v", text, got, want)
		} else if ok != (want > 0) {
			t.Errorf("%q: ok %v", text, ok)
		}
	}
	zone := time.FixedZone("CST", 8*3600)
	day := time.Date(2026, 12, 1, 9, 0, 0, 0, zone)
	for text, want := range map[string]string{"18:00": "18:00", "18：30": "18:30", "18点": "18:00", "18点半": "18:30", "下午6点": "18:00",
		"25:00": "", "18:60": "", "下": ""} {
		got, ok := command.Clock(text, day)
		if (want != "") != ok || ok && got.Format("15:04") != want {
			t.Errorf("%q: %v %v, want %q", text, got, ok, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"/帮助", "@支部小助手\u2005/积分", "／ＨＥＬＰ", "/help@branchbot x", "/", "@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, ok := command.Parse(text, "支部小助手")
		if ok && l.Slash && l.Name == "" {
			t.Errorf("%q is a command without a name", text)
		}
		l.Fields()
		command.Nearest(l.Name, []string{"帮助", "help"})
		command.Duration(text)
		command.Clock(text, time.Unix(0, 0).UTC())
	})
}
