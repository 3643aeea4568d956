package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"branchbot/bot/cli"
	"branchbot/bot/testkit/browser"
)

// program runs the whole program in a folder until stop is called.
type program struct {
	address string
	stop    func()
}

func startProgram(t *testing.T, dir string) *program {
	t.Helper()
	sample, err := os.ReadFile("../../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return startWith(t, dir, strings.Replace(string(sample), "127.0.0.1:8080", "127.0.0.1:0", 1), cli.Program{})
}

// startWith is startProgram with a configuration.
func startWith(t *testing.T, dir, text string, run cli.Program) *program {
	t.Helper()
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan string, 1), make(chan int, 1)
	var out, errs strings.Builder
	go func() {
		run.Args, run.In, run.Out, run.Err = []string{"--config", file}, strings.NewReader(""), &out, &errs
		run.Env, run.Ready = os.LookupEnv, func(address string) { ready <- address }
		done <- cli.Main(ctx, run)
	}()
	p := &program{}
	p.stop = func() {
		cancel()
		if code := <-done; code != 0 {
			t.Errorf("the program ended with %d: %s", code, errs.String())
		}
		p.stop = func() {}
	}
	t.Cleanup(func() { p.stop() })
	select {
	case p.address = <-ready:
	case code := <-done:
		t.Fatalf("the program ended with %d: %s", code, errs.String())
	}
	return p
}

// polling is by the clock: a page that draws nothing has no animation frames.
var polling = []chromedp.PollOption{chromedp.WithPollingInterval(100 * time.Millisecond), chromedp.WithPollingTimeout(2 * time.Minute)}

// see waits until the log of the room shows a text.
func see(text string) chromedp.Action {
	return chromedp.Poll(`document.getElementById("log").innerText.includes(`+quote(text)+`)`, nil, polling...)
}

// unsee is the opposite.
func unsee(text string) chromedp.Action {
	return chromedp.Poll(`!document.getElementById("log").innerText.includes(`+quote(text)+`)`, nil, polling...)
}

func quote(s string) string { return "`" + strings.ReplaceAll(s, "`", "\\`") + "`" }

func say(text string) chromedp.Action {
	return chromedp.Tasks{chromedp.SendKeys("#text", text, chromedp.ByID), chromedp.Click("#send", chromedp.ByID)}
}

// room goes to the n-th room of the list, from 1.
func room(n string) chromedp.Action {
	return chromedp.Click(`#room-list li:nth-child(`+n+`) button`, chromedp.ByQuery)
}

// become changes the persona.
func become(name string) chromedp.Action {
	return chromedp.Tasks{
		chromedp.Evaluate(`{const s=document.getElementById("persona");`+
			`s.value=[...s.options].find(o=>o.textContent.startsWith(`+quote(name)+`)).value;s.dispatchEvent(new Event("change"))}`, nil),
		chromedp.Poll(`document.getElementById("persona").selectedOptions[0].textContent.startsWith(`+quote(name)+`) && me.name === `+quote(name), nil, polling...),
	}
}

func button(label string) chromedp.Action {
	return chromedp.Evaluate(`[...document.querySelectorAll(".buttons button")].filter(b=>b.textContent===`+quote(label)+`).at(-1).click()`, nil)
}

// noteToasts keeps the toasts that are shown from now on: on a busy machine one may
// be hidden again before anybody looks.
func noteToasts() chromedp.Action {
	return chromedp.Evaluate(`{const t=document.getElementById("toast");window.toasts=[];`+
		`new MutationObserver(()=>{if(!t.hidden)window.toasts.push(t.textContent)}).observe(t,{attributes:true,childList:true,characterData:true,subtree:true})}`, nil)
}

// toastSays waits until a toast was shown.
func toastSays(text string) chromedp.Action {
	return chromedp.Poll(`window.toasts.some(t=>t.includes(`+quote(text)+`))`, nil, polling...)
}

// A newcomer runs the program, opens the room and does what there is to do;
// then the program is restarted and everything is in place.
func TestBrowserRoom(t *testing.T) {
	ctx := browser.Chromium(t)
	dir := t.TempDir()
	p := startProgram(t, dir)
	steps := func(name string, actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			var text string
			_ = chromedp.Run(ctx, browser.Shot("failed"), chromedp.Evaluate(`document.body.innerText`, &text))
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
	}
	steps("the first lesson and question come by themselves",
		chromedp.Navigate("http://"+p.address+"/"), see("📖"), see("单选"), browser.Shot("1-room"))
	steps("answer by button, then by typing", noteToasts(), button("A"), toastSays("已记录：A"), say("b"), see("b"))
	steps("ordinary talk is shown", say("今天的饭不错"), see("今天的饭不错"))
	steps("the secretary opens a check-in", become("王敏"), see("📖"), say("/开签 30m 早班签到"), see("【早班签到】开始"), browser.Shot("2-checkin"))
	steps("a member checks in", become("李四"), say("签到"), see("【早班签到】已签到 1 人（应到 6 人）"))
	steps("and sees his points in private", room("2"), say("积分"), see("李四，你现在有 1 分"), browser.Shot("3-private"))
	steps("the secretary closes both", become("王敏"), room("1"), say("/结束"), see("实到 1 人"), say("/结束"), see("正确答案"), see("作答 1 人"), browser.Shot("4-result"))
	steps("he is told in private who is missing", room("2"), see("【早班签到】未到 5 人"))
	steps("the console opens with one click, for the secretary", chromedp.Click("#pages", chromedp.ByID), chromedp.WaitVisible(".framed", chromedp.ByQuery),
		chromedp.Poll(`document.body.innerText.includes("今天推送了什么")`, nil, polling...), browser.Shot("5-console"), chromedp.NavigateBack(), see("未到 5 人"))
	steps("a reload shows it all", chromedp.Reload(), room("1"), see("正确答案"), see("今天的饭不错"))
	p.stop()

	p = startProgram(t, dir)
	steps("after a restart the bot's messages are there, talk is not",
		chromedp.Navigate("http://"+p.address+"/"), see("正确答案"), see("📖"), unsee("今天的饭不错"))
	steps("and so are the points", become("李四"), room("2"), see("李四，你现在有 1 分"), say("积分"),
		chromedp.Poll(`document.getElementById("log").innerText.split("李四，你现在有 1 分").length === 3`, nil, polling...))
	steps("on a phone", chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile), room1Phone(), see("正确答案"), browser.Shot("5-phone"),
		chromedp.Poll(`document.documentElement.scrollWidth <= 360`, nil, polling...), chromedp.Click("#menu", chromedp.ByID), browser.Shot("6-phone-menu"))
}

// room1Phone opens the drawer and goes to the group.
func room1Phone() chromedp.Action {
	return chromedp.Tasks{chromedp.Click("#menu", chromedp.ByID), chromedp.WaitVisible("#rooms.shown", chromedp.ByQuery), room("1")}
}
