package terminal

// catalogue is the adapter's own lines. It stands here because adapters know
// nothing of bot/locale; a test holds the languages to the same keys.
var catalogue = map[string]map[string]string{
	"zh-CN": {
		"me":         "我",
		"bot":        "小助手",
		"comma":      "、",
		"hello":      "你现在是%s。直接打字发言；:help 看说明，:quit 结束。",
		"playing":    "现在是%s。",
		"unknown":    "不认识“%s”。可以扮演的人：%s。",
		"no_button":  "没有“%s”这个按钮。",
		"no_message": "这里还没有可以引用的消息。",
		"too_long":   "太长了，这一行没有发出。",
		"again":      "还没有收下，重试中……",
		"end":        "输入已结束",
		"help": `直接打字，就是在群里发言。
张三: A            以张三的身份发言
张三 (私聊): /积分  和小助手私聊
[按 B]             按按钮；[引用] A 引用上一条消息作答
:as 张三           之后都以张三的身份；:as 张三 (私聊) 之后都私聊
:quit              结束
可以扮演的人：%s`,
	},
	"en": {
		"me":         "me",
		"bot":        "Branchbot",
		"comma":      ", ",
		"hello":      "You are %s. Type to speak; :help explains, :quit ends.",
		"playing":    "Now you are %s.",
		"unknown":    "“%s” is unknown. You can be: %s.",
		"no_button":  "There is no button “%s”.",
		"no_message": "There is no message to quote yet.",
		"too_long":   "The line is too long and was not sent.",
		"again":      "Not stored yet, trying again…",
		"end":        "the input has ended",
		"help": `Type to speak in the group.
Zhang San: A                 speak as Zhang San
Zhang San (private): /points speak to the bot alone
[press B]                    press a button; [quote] A answers the last message
:as Zhang San                be Zhang San from now on; with (private), in private
:quit                        end
You can be: %s`,
	},
}
