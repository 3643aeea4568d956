package console_test

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"branchbot/bot/console"
)

// chromium is a headless browser with its own cookies, of a developer's machine
// or of .ci/run, which sets CI.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium is missing; .ci/run installs it")
		}
		t.Skip("chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1280, 800))
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancelAlloc)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, cancelTime := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancelTime)
	return ctx
}

// run does actions in the browser; a failure shows what the page said.
func run(t *testing.T, ctx context.Context, what string, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		var text string
		_ = chromedp.Run(ctx, chromedp.Evaluate(`document.body.innerText`, &text))
		t.Fatalf("%s: %v\n%s", what, err, text)
	}
}

// admit enters as the member with a staff number, as a person does: the link,
// then the button.
func admit(d *desk, staff string) chromedp.Action {
	return chromedp.Tasks{chromedp.Navigate(d.link(staff)), chromedp.Click("button.main", chromedp.ByQuery), chromedp.WaitVisible(".tabs", chromedp.ByQuery)}
}

// sees waits until the page shows a text.
func sees(text string) chromedp.Action {
	return chromedp.Poll(fmt.Sprintf("document.body.innerText.includes(%q)", text), nil,
		chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(30*time.Second))
}

// look is how a page is looked at: width in pixels, colours.
func look(width int64, dark bool) chromedp.Action {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return chromedp.Tasks{chromedp.EmulateViewport(width, 844), chromedp.ActionFunc(func(ctx context.Context) error {
		return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}).Do(ctx)
	})}
}

// shot keeps a picture of the whole page in the folder SHOTS, to be looked at.
func shot(name string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		dir := os.Getenv("SHOTS")
		if dir == "" {
			return nil
		}
		var png []byte
		if err := chromedp.FullScreenshot(&png, 100).Do(ctx); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	})
}

func awaiting(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

//go:embed testdata/axe.min.js
var axe string

// accessible fails on what axe calls serious or critical, and when the page is
// wider than the window.
func accessible(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	var faults []string
	var wide bool
	run(t, ctx, name, chromedp.Evaluate(axe, nil), chromedp.Evaluate(`axe.run().then(r => r.violations.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.nodes.map(n => n.html + " — " + n.failureSummary).join("\n")))`, &faults, awaiting), chromedp.Evaluate(`document.documentElement.scrollWidth > document.documentElement.clientWidth`, &wide))
	for _, f := range faults {
		t.Errorf("%s: %s", name, f)
	}
	if wide {
		t.Errorf("%s is wider than the window", name)
	}
}

// aDay is a day in a branch that fills the pages.
const aDay = `@ 2026-12-01 09:00
书记: /推送 lesson pack
书记: /开签 2h 晨会
张三: 签到
书记: /推送 quiz pack
李四: A
书记: /通知 回执 截止 18:00 明天上午九点在三楼会议室召开支部党员大会，请准时参加。
张三: 收到
书记: /接龙 周六植树 限 2
李四: +1
小明: A
@ +1m
`

// samples are addresses in the place of pages with a part that varies.
var samples = map[string]string{
	"/console/u/demo/members/{id}":  "/console/u/demo/members/2",
	"/console/u/demo/notices/{id}":  "/console/u/demo/notices/1",
	"/console/u/demo/rounds/{id}":   "/console/u/demo/rounds/1",
	"/console/u/demo/checkins/{id}": "/console/u/demo/checkins/1",
	"/console/u/demo/signups/{id}":  "/console/u/demo/signups/1",

	"/console/u/demo/content/{pack}/{id}": "/console/u/demo/content/tiny/first",
}

// Every page can be read at both widths and in both colour schemes, by eye, by
// keyboard and by screen reader.
func TestAccessible(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	d := open(t, "")
	if _, err := d.Play(t, aDay); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, "the entry", chromedp.Navigate(d.link("0001")), look(390, false), shot("enter-390-light"))
	accessible(t, ctx, "the entry")
	run(t, ctx, "enter", admit(d, "0001"))
	for _, path := range console.Paths("demo") {
		if strings.Contains(path, "{") && samples[path] == "" {
			t.Errorf("add an address for %s to samples", path)
			continue
		}
		if sample := samples[path]; sample != "" {
			path = sample
		}
		for _, width := range []int64{390, 1280} {
			for _, dark := range []bool{false, true} {
				name := fmt.Sprintf("%s-%d", strings.ReplaceAll(strings.TrimPrefix(path, console.Root), "/", "-"), width)
				if dark {
					name += "-dark"
				}
				run(t, ctx, path, look(width, dark), chromedp.Navigate(d.server.URL+path), chromedp.WaitVisible("h1", chromedp.ByQuery), shot(name))
				accessible(t, ctx, name)
			}
		}
	}
}
