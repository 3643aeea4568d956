package wechat

// catalogue is what the adapter itself says to the secretary.
var catalogue = map[string]map[string]string{
	"zh-CN": {
		"scan":       "请用机器人的微信扫描二维码登录。手机要一直登录着这个微信号。",
		"confirm":    "已扫码，请在手机上点“登录”。",
		"push":       "微信登录已失效，请在机器人的手机上点“登录”确认；不确认的话，稍后会给出二维码。",
		"expired":    "二维码过期了，没有人扫。要登录时，请在登录页面点一下，换一个新的。",
		"banned":     "微信拒绝了这次登录：%s。已停止登录，请在手机上检查账号状态，不要反复登录；其他办法见 docs/wechat.md。",
		"restricted": "登录后马上被微信踢下线（%s），这个号多半已被限制。已停止登录，请不要再扫码，先在手机上看安全提示；其他办法见 docs/wechat.md。",
		"other":      "刚才扫码的是另一个微信号，没有用它登录。要换成那个号，请在登录页面确认；扫错了，就用原来的号重新扫。",
		"contacts":   "微信暂时不给联系人名单（%d）。登录还在，过一会儿自动再试，不用扫码。",
		"too_often":  "微信提示操作太频繁，已暂停发送。请不要在手机上再群发。",
		"doubts":     "重新登录后，有 %d 个群、%d 位成员认不准，已按新的登记。请在群里用 /绑定，或请成员重新 /加入。",
	},
	"en": {
		"scan":       "Scan the QR code with the bot's own WeChat. The phone must stay logged in.",
		"confirm":    "Scanned; confirm the login on the phone.",
		"push":       "The WeChat session has ended. Confirm the login on the bot's phone; otherwise a QR code follows.",
		"expired":    "The QR code has expired unused. Ask for a new one on the login page when you want to log in.",
		"banned":     "WeChat refused the login: %s. No login is tried any more. Check the account on the phone and do not try again and again; see docs/wechat.md.",
		"restricted": "WeChat ended the session right after the login (%s): the account is most probably restricted. No login is tried any more. Do not scan again, look for a notice on the phone first; see docs/wechat.md.",
		"other":      "The code was scanned with another account, which was not logged in. Confirm on the login page to change to it, or scan again with the bot's own account.",
		"contacts":   "WeChat refuses the contacts for now (%d). The session is kept and tried again by itself; nothing needs to be scanned.",
		"too_often":  "WeChat says that the account is too busy; nothing is sent for now. Do not send much from the phone either.",
		"doubts":     "After the login %d groups and %d people could not be recognised for certain and are new to the bot. Bind them with /bind and /join.",
	},
}
