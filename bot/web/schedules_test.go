package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// fill is a form of a page with other fields: name, value …
func (b *client) fill(path string, fields ...string) url.Values {
	b.desk.t.Helper()
	form := b.form(path)
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return form
}

const editSchedule = "/console/u/demo/schedules/edit"

func TestSchedules(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	_, text := b.post(editSchedule, b.fill(editSchedule, "do", "preview", "cron", "0 25 * * *", "action", "lesson"))
	contains(t, text, `aria-invalid="true"`, "时间写得不对")
	if got := d.Rows(t, `SELECT COUNT(*) FROM schedule WHERE origin <> 'config'`); got != "0\n" {
		t.Fatalf("%s schedules after a bad rule", got)
	}
	fields := []string{"cron", "30 9 * * *", "days", "workdays", "action", "lesson", "do", "preview"}
	_, text = b.post(editSchedule, b.fill(editSchedule, fields...))
	contains(t, text, "接下来五次", "微信", "短信")
	_, list, _ := strings.Cut(text, `<ol class="list">`)
	list, _, _ = strings.Cut(list, "</ol>")
	if n := strings.Count(list, "<li>"); n != 5 {
		t.Errorf("%d instants:\n%s", n, list)
	}
	if got := d.Rows(t, `SELECT COUNT(*) FROM schedule WHERE origin <> 'config'`); got != "0\n" {
		t.Fatalf("a preview saves")
	}
	fields[len(fields)-1] = "save"
	_, text = b.post(editSchedule, b.fill(editSchedule, fields...))
	contains(t, text, "已添加", "demo-lesson-1", "今后两周", "9:30")
	if got := d.Rows(t, `SELECT COUNT(*) FROM timer WHERE ref = 'demo-lesson-1'`); got != "1\n" {
		t.Errorf("%s timers", got)
	}
	// Two secretaries have it open; the later one is told.
	at := editSchedule + "?id=demo-lesson-1"
	_, text = b.get(at)
	version := regexp.MustCompile(`name="version" value="(\w+)"`).FindStringSubmatch(text)
	if version == nil {
		t.Fatalf("no version:\n%s", text)
	}
	for i, want := range []string{"已保存", "您打开后有人改过它"} {
		cron := []string{"15 9 * * *", "45 9 * * *"}[i]
		_, text = b.post(editSchedule, b.fill(at, "do", "save", "id", "demo-lesson-1", "version", version[1], "cron", cron, "action", "lesson"))
		contains(t, text, want)
	}
	if got := d.Rows(t, `SELECT cron FROM schedule WHERE id = 'demo-lesson-1'`); got != "15 9 * * *\n" {
		t.Errorf("the rule is %s", got)
	}
	for do, want := range map[string]string{"skip": "会跳过", "pause": "已暂停", "resume": "已恢复"} {
		_, text = b.post("/console/u/demo/schedules", b.fill("/console/u/demo/schedules", "do", do, "id", "demo-lesson-1"))
		contains(t, text, want)
	}
	_, text = b.post("/console/u/demo/schedules", b.fill("/console/u/demo/schedules", "do", "remove", "id", "demo-lesson-1"))
	contains(t, text, "已删除")
}

// A schedule of config.yaml is changed there, and one of another unit is not
// found.
func TestSchedulesOfOthers(t *testing.T) {
	t.Parallel()
	d := open(t, committee+"schedules:\n  - {id: morning, unit: two, cron: 0 8 * * *, do: checkin, title: 晨会}\n")
	one, two := d.enter("11"), d.enter("21")
	_, text := two.get("/console/u/two/schedules")
	contains(t, text, "写在 config.yaml 里", "morning")
	if status, _ := two.get("/console/u/two/schedules/edit?id=morning"); status != http.StatusNotFound {
		t.Errorf("a schedule of config.yaml can be edited: %d", status)
	}
	if status, _ := one.get("/console/u/one/schedules/edit?id=morning"); status != http.StatusNotFound {
		t.Errorf("another unit's schedule can be edited: %d", status)
	}
	for _, do := range []string{"pause", "skip", "remove"} {
		one.post("/console/u/one/schedules", one.fill("/console/u/one/schedules", "do", do, "id", "morning"))
	}
	one.post("/console/u/one/schedules/edit", one.fill("/console/u/one/schedules/edit", "do", "save", "id", "morning", "cron", "0 9 * * *", "action", "checkin"))
	two.post("/console/u/two/schedules", two.fill("/console/u/two/schedules", "do", "remove", "id", "morning"))
	if got := d.Rows(t, `SELECT cron, paused, gone_at IS NULL FROM schedule WHERE id = 'morning'`); !strings.HasPrefix(got, "0 8 * * *|0|") {
		t.Errorf("changed by another unit: %s", got)
	}
	if got := d.Rows(t, `SELECT COUNT(*) FROM occurrence`); got != "0\n" {
		t.Errorf("skipped by another unit: %s", got)
	}
}
