package basics

import (
	"regexp"
	"slices"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
)

// start is what platforms send when somebody opens a private chat with the bot,
// with the word of the link that led there: a command, or a join code. In a group, where it is
// a greeting for whatever bot, it gets a line.
func (f *Feature) start(t *engine.Turn, line command.Line) error {
	word := line.Args
	switch {
	case word == "" && t.Member == nil:
		return engine.Complain("engine.unknown_sender")
	case word == "" && !t.Event.Private:
		return t.Say("desk.start")
	case word == "":
		return f.help(t, command.Line{})
	case slices.Contains(links, word):
		_, err := t.Run(word, "")
		return err
	}
	_, err := t.Run("join", word)
	return err
}

// links are the commands that an address may carry: such as change nothing, for
// anybody can make somebody else open one.
var links = []string{"help", "today", "mydata", "points", "web"}

// help names the commands that the sender may use by their purpose, or tells how one is used.
func (f *Feature) help(t *engine.Turn, line command.Line) error {
	want := strings.TrimPrefix(command.Fold(line.Args), "/")
	if want != "" {
		text := about(t, want)
		if text == "" {
			return engine.Complain("engine.unknown_command")
		}
		return t.Reply(chat.Text(text))
	}
	lines := []string{t.T("desk.help_head")}
	if t.Role >= engine.OnRoster {
		lines = append(lines, t.T("desk.help_plain"))
	}
	named := 0 // which of its names the reader knows
	if t.Lang != locale.Default {
		named = 1
	}
	groups := map[engine.Group][]string{}
	each(t, func(c *engine.Command) {
		if c.Usage != "" && c.Role <= t.Role {
			groups[c.Group] = append(groups[c.Group], "/"+c.Names[min(named, len(c.Names)-1)])
		}
	})
	for _, g := range engine.Groups {
		if len(groups[g]) > 0 {
			lines = append(lines, t.T("desk.group."+string(g))+"  "+strings.Join(groups[g], " "))
		}
	}
	return t.Reply(chat.Text(strings.Join(append(lines, t.T("desk.help_tail")), "\n")))
}

func each(t *engine.Turn, do func(c *engine.Command)) {
	for _, feature := range t.Engine().Features {
		for _, c := range feature.Commands() {
			do(&c)
		}
	}
}

// about tells how a command is used, with lines that can be sent as they are; "" when there is
// none of that name.
func about(t *engine.Turn, name string) string {
	var lines []string
	each(t, func(c *engine.Command) {
		if c.Usage == "" || !slices.Contains(c.Names, name) {
			return
		}
		lines = append(lines, t.T(c.Usage))
		if c.More != "" && t.Role >= engine.Secretary {
			lines = append(lines, t.T("desk.help_more", "Text", t.T(c.More)))
		}
		if c.Example != "" {
			lines = append(lines, t.T("desk.help_example"))
			for example := range strings.SplitSeq(t.T(c.Example), "\n") {
				lines = append(lines, "  "+example)
			}
		}
	})
	return strings.Join(lines, "\n")
}

// question is a question in plain words with the command that answers it.
type question struct {
	asks *regexp.Regexp
	runs string
}

var questions = []question{
	{regexp.MustCompile(`(我|现在)?(有|得了?|攒了?)?(多少|几)分|(查|看)(一下|下)?(我的)?积分|my points`), "points"},
	{regexp.MustCompile(`(谁|哪些人|还有谁)(还)?(没|未)(有)?(签到|签|来|到)`), "absent"},
	{regexp.MustCompile(`(谁|哪些人|还有谁)(还)?(没|未)(有)?(看|读|回执|回复|回|收到)`), "missing"},
	{regexp.MustCompile(`(今天|现在|我)?(要|有|还有|该)(做|干|办)?(什么|啥|哪些)(事|任务|没做|没办|要做|没完成)|今天(要|该)(做|干)(什么|啥)|有(什么|啥)(要做|没做)的|(下次|什么时候|几点)(开会|有会)|开会(是)?(什么时候|几点|时间)|what.*(today|to do)`), "today"},
	{regexp.MustCompile(`(我|谁)(在)?(上|是)?(什么|哪个|啥)班|我的班(次|表)`), "shift"},
	{regexp.MustCompile(`(你|小助手)(能|会|可以)(做|干|帮)?(什么|啥|嘛|吗|我)|怎么用(你|这个)?$|使用(说明|方法)|what can you do`), "help"},
}

var (
	hows   = regexp.MustCompile(`怎么|如何|咋|怎样|在哪|哪里|how`)
	hello  = regexp.MustCompile(`^(你好|您好|在吗|在不在|在么|hi|hello|嗨|哈喽|早上好|下午好|晚上好|早)[呀啊吗么!！。.~?？]*$`)
	thanks = regexp.MustCompile(`^(谢谢|多谢|感谢|辛苦了?|谢了|thanks|thank you|thx)(你|您|小助手|啦|了)*[!！。.~]*$`)
)

// Fallback implements engine.Fallback: what members ask in private in plain words. Nothing of
// it is kept.
func (f *Feature) Fallback(t *engine.Turn) (func() error, error) {
	text := strings.ToLower(strings.Join(strings.Fields(command.Fold(t.Event.Text)), ""))
	spaced := command.Fold(t.Event.Text)
	switch {
	case len(text) > longestQuestion:
		return nil, nil
	case hello.MatchString(spaced):
		return func() error { return t.Say("desk.hello") }, nil
	case thanks.MatchString(spaced):
		return func() error { return t.Say("desk.thanks") }, nil
	}
	if hows.MatchString(spaced) {
		if name := named(t, text); name != "" {
			return func() error { return t.Reply(chat.Text(about(t, name))) }, nil
		}
	}
	for _, q := range questions {
		if q.asks.MatchString(text) || q.asks.MatchString(spaced) {
			return func() error {
				_, err := t.Run(q.runs, "")
				return err
			}, nil
		}
	}
	if name, ok := strings.CutPrefix(spaced, "帮助"); ok {
		if text := about(t, strings.TrimSpace(name)); text != "" {
			return func() error { return t.Reply(chat.Text(text)) }, nil
		}
	}
	return nil, nil
}

// longestQuestion is in bytes: nobody asks in a long text how to check in.
const longestQuestion = 120

// otherWords are what people call commands.
var otherWords = map[string]string{"报名": "接龙", "签到": "签到", "补签": "补签", "发通知": "通知", "出题": "出题", "答题": "出题", "换手机": "邀请", "换号": "邀请", "绑定": "加入",
	"证书": "荣誉", "提意见": "建议", "提建议": "建议", "困难": "求助", "改密码": "后台", "登录": "后台", "调休": "请假", "出差": "请假", "休假": "请假", "倒班": "排班", "加人": "名单", "删人": "名单", "新人": "邀请", "新同事": "邀请",
	"导入": "名单", "学习": "推送", "催": "催办", "改通知": "更正", "手册": "手册"}

// named is the command that a question names, the longest name of those that its sender may
// use; "" when it names none.
func named(t *engine.Turn, text string) (name string) {
	longest := 0
	try := func(word, of string, role engine.Role) {
		if strings.Contains(text, word) && len(word) > longest && role <= t.Role {
			name, longest = of, len(word)
		}
	}
	each(t, func(c *engine.Command) {
		if c.Usage == "" {
			return
		}
		for _, n := range c.Names {
			try(n, c.Names[0], c.Role)
		}
		for word, of := range otherWords {
			if of == c.Names[0] {
				try(word, of, c.Role)
			}
		}
	})
	return name
}
