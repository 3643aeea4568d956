package chat

import "strings"

// Browser is a short name of a browser by its User-Agent, by which people know their
// sessions; "" when it is none that is known.
func Browser(agent string) string {
	name, system := "", ""
	for _, b := range []struct{ word, name string }{{"MicroMessenger", "微信 / WeChat"}, {"Edg/", "Edge"}, {"Firefox/", "Firefox"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(agent, b.word) {
			name = b.name
			break
		}
	}
	for _, b := range []string{"Windows", "Android", "iPhone", "iPad", "Macintosh", "Linux"} {
		if strings.Contains(agent, b) {
			system = b
			break
		}
	}
	return strings.Trim(name+" · "+system, " ·")
}
