package wechat

// catalogue is what the adapter itself says to the secretary.
var catalogue = map[string]map[string]string{
	"zh-CN": {
		"scan":      "请用机器人的微信扫描二维码登录。手机要一直登录着这个微信号。",
		"confirm":   "已扫码，请在手机上点“登录”。",
		"push":      "微信登录已失效，请在机器人的手机上点“登录”确认；不确认的话，稍后会给出二维码。",
		"expired":   "二维码过期了，没有人扫。打开登录页面会换一个新的。",
		"banned":    "微信拒绝了这次登录：%s。请在手机上检查账号状态，不要反复登录；其他办法见 docs/wechat.md。",
		"too_often": "微信提示操作太频繁，已停止发送 %s。请不要在手机上再群发。",
		"doubts":    "重新登录后，有 %d 个群、%d 位成员认不准，已按新的登记。请在群里用 /绑定，或请成员重新 /加入。",
	},
	"en": {
		"scan":      "Scan the QR code with the bot's own WeChat. The phone must stay logged in.",
		"confirm":   "Scanned; confirm the login on the phone.",
		"push":      "The WeChat session has ended. Confirm the login on the bot's phone; otherwise a QR code follows.",
		"expired":   "The QR code has expired unused. Open the login page for a new one.",
		"banned":    "WeChat refused the login: %s. Check the account on the phone and do not try again and again; see docs/wechat.md.",
		"too_often": "WeChat says that the account is too busy; nothing is sent for %s.",
		"doubts":    "After the login %d groups and %d people could not be recognised for certain and are new to the bot. Bind them with /bind and /join.",
	},
}
