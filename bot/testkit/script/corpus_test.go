package script_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/rehearse"
	"branchbot/bot/testkit/script"
	"branchbot/store"
)

// The corpus in testdata/corpus is what colleagues type: replies by what is asked, with
// the value that they mean, and ordinary talk. Each file is played to the whole bot in
// several situations: at once after the post, after much talk of others, as a quote, in
// private. A reply counts as right when it is recorded with its value or asked back in
// private. A weak one (good only near its question) is lost, as it should be, after talk
// of others.

// situation is where and when a line is said.
type situation string

const (
	atOnce    situation = "at once"
	afterTalk situation = "after talk"
	quoted    situation = "quoted"
	private   situation = "private"
)

// item is how an item is opened, and read.
type item struct {
	name, open, record, reset string
}

const answers = `SELECT value FROM answer WHERE member = $1`

var items = []item{
	{"single", "/出题 single", answers, `DELETE FROM answer`},
	{"multiple", "/出题 multiple", answers, `DELETE FROM answer`},
	{"truefalse", "/出题 truefalse", answers, `DELETE FROM answer`},
	{"number", "/出题 number", answers, `DELETE FROM answer`},
	{"blank", "/出题 blank", answers, `DELETE FROM answer`},
	{"ack", "/通知 回执 明天上午九点在二楼会议室开会", `SELECT 'yes' FROM notice_reader WHERE member = $1 AND acked_at IS NOT NULL`,
		`UPDATE notice_reader SET acked_at = NULL`},
	{"checkin", "/开签 8h", `SELECT CASE state WHEN 'on_time' THEN 'yes' ELSE state END FROM checkin_entry WHERE member = $1`, `DELETE FROM checkin_entry`},
	{"done", "/推送 lesson", `SELECT 'yes' FROM lesson_done WHERE member = $1`, `DELETE FROM lesson_done`},
	{"signup", "/接龙 周六植树", `SELECT CAST(people AS TEXT) FROM signup_entry WHERE member = $1 AND people > 0`, `DELETE FROM signup_entry`},
}

const pack = `-- pack/pack.yaml --
id: corpus
title: 语料
version: 1.0.0
language: zh-CN
licence: CC0-1.0
source: 测试
-- pack/questions/all.yaml --
- {id: single, type: single, ask: 消防安全标志的底色是什么？, options: [黄色, 红色, 蓝色, 绿色], answer: B, explain: 红色。, source: 测试}
- {id: multiple, type: multiple, ask: 三会一课的三会是？, options: [支部党员大会, 支部委员会, 党小组会, 职工代表大会], answer: ABC, explain: 三会。, source: 测试}
- {id: truefalse, type: truefalse, ask: 火灾时可以乘电梯。, answer: false, explain: 不可以。, source: 测试}
- {id: number, type: number, ask: 全厂有多少党员？, answer: "100±0", explain: 一百。, source: 测试}
- {id: blank, type: blank, ask: 反诈专线是多少？, answer: ["96110"], explain: 96110。, source: 测试}
-- pack/lessons/01.md --
---
id: one
title: 第一课
source: 测试
---
正文。
`

const members = 400

var families = []rune("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗")

func nameOf(n int) string {
	return string(families[n%len(families)]) + string([]rune("建志海晓文国玉春秋冬夏雪")[n/len(families)%12]) + string([]rune("军民芳兰")[n%4])
}

func corpusBranch() string {
	var b strings.Builder
	b.WriteString("-- config.yaml --\nunits:\n  - id: demo\n    name: 示范党支部\n    chats: [web:demo]\n    members:\n      - {name: 王敏, staff: \"0001\", roles: [secretary]}\n")
	for n := range members {
		fmt.Fprintf(&b, "      - {name: %s, staff: \"%04d\"}\n", nameOf(n), n+2)
	}
	return b.String() + pack
}

// line is one of a file: what is said, and the value that is meant ("" for talk).
type line struct{ text, value, class string }

// readCorpus reads a file: "# class" begins a class (strong, weak, near, talk); a line is
// "VALUE: text | text | …", of talk "text | text | …". SELF is the sender's name.
func readCorpus(t *testing.T, name string) (lines []line) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "corpus", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	class := ""
	for s := bufio.NewScanner(f); s.Scan(); {
		text := strings.TrimSpace(s.Text())
		if after, ok := strings.CutPrefix(text, "# "); ok {
			class = after
			continue
		}
		value := ""
		if class != "talk" && text != "" {
			var ok bool
			if value, text, ok = strings.Cut(text, ": "); !ok {
				t.Fatalf("%s: %q has no value", name, text)
			}
		}
		for _, part := range strings.Split(text, " | ") {
			if part = strings.TrimSpace(part); part != "" {
				lines = append(lines, line{strings.ReplaceAll(part, `\n`, "\n"), value, class})
			}
		}
	}
	return lines
}

// figures are what a corpus came to.
type figures struct {
	replies, right, asked, lost, wrong int
	talk, records, answered            int
}

type corpus struct {
	*script.Stage
	item   item
	post   chat.MessageID
	ids    map[string]int64
	said   int
	letter int64 // the last one
	notes  []string
}

func openCorpus(t *testing.T, it item) *corpus {
	t.Helper()
	s := script.Open(t, txtar.Parse([]byte(corpusBranch())))
	c := &corpus{Stage: s, item: it, ids: map[string]int64{}}
	if _, err := s.Play(t, "@ 2026-12-01 09:00\n王敏: "+it.open); err != nil {
		t.Fatal(err)
	}
	c.scan(t, `SELECT staff || ':' || id FROM member`, func(v string) {
		staff, id, _ := strings.Cut(v, ":")
		var n int64
		fmt.Sscan(id, &n)
		c.ids[staff] = n
	})
	c.scan(t, `SELECT p.message FROM outbox_part p JOIN outbox o ON o.id = p.outbox WHERE o.prompt > 0 ORDER BY o.id LIMIT 1`, func(v string) { c.post = chat.MessageID(v) })
	if c.post == "" {
		t.Fatalf("%s: nothing was posted", it.name)
	}
	return c
}

func (c *corpus) scan(t *testing.T, query string, visit func(string), args ...any) {
	t.Helper()
	err := c.DB.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v string
			if err := rows.Scan(&v); err != nil {
				return err
			}
			visit(v)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// say has a member say something, and returns what is recorded of him then, and how many
// messages he and the group got.
func (c *corpus) say(t *testing.T, n int, text string, where situation) (record string, told, group int) {
	t.Helper()
	staff := fmt.Sprintf("%04d", n%members+2)
	name := nameOf(n % members)
	c.said++
	ev := chat.Event{Key: fmt.Sprintf("c%d", c.said), Kind: chat.Said, At: c.Clock.Now(), Chat: "demo", From: chat.User{ID: chat.UserID(staff), Name: name},
		Message: chat.MessageID(fmt.Sprintf("m%d", c.said)), Text: strings.ReplaceAll(text, "SELF", name)}
	switch where {
	case quoted:
		ev.ReplyTo = c.post
	case private:
		ev.Private, ev.Chat = true, rehearse.PrivateChat(ev.From.ID)
	}
	if err := c.Engine.Handle(c.Adapter.ID(), "", ev); err != nil {
		t.Fatal(err)
	}
	var all []string
	c.scan(t, c.item.record, func(v string) { all = append(all, v) }, c.ids[staff])
	c.scan(t, `SELECT id || ':' || chat FROM outbox WHERE id > $1 ORDER BY id`, func(v string) {
		var to string
		fmt.Sscanf(v, "%d:%s", &c.letter, &to)
		if to == "demo" {
			group++
		} else {
			told++
		}
	}, c.letter)
	return strings.Join(all, ","), told, group
}

// again forgets what was recorded, so that the next line finds nothing.
func (c *corpus) again(t *testing.T) {
	t.Helper()
	err := c.DB.Write(func(tx *store.Tx) error {
		for _, q := range []string{c.item.reset, `DELETE FROM asked`} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// replies plays the replies of a file in a situation.
func (c *corpus) replies(t *testing.T, lines []line, where situation, f *figures) {
	if where == afterTalk {
		c.Clock.Set(c.Clock.Now().Add(3 * time.Hour))
		c.say(t, 0, "中午一起去食堂吃饭", atOnce)
	}
	for n, l := range lines {
		if l.class == "talk" {
			continue
		}
		record, told, group := c.say(t, n+1, l.text, where)
		weak := l.class == "weak" && where == afterTalk
		f.replies++
		switch {
		case record != "" && record != l.value:
			f.wrong++
			c.note("%s wrong: %q gives %s", where, l.text, record)
		case weak && record != "":
			f.wrong++
			c.note("%s: the weak %q counts", where, l.text)
		case record != "" || weak && told == 0:
			f.right++
		case told > 0:
			f.asked++
		default:
			f.lost++
			c.note("%s lost: %q (%s, group %d)", where, l.text, l.value, group)
		}
	}
	c.again(t)
}

// chatter plays ordinary talk.
func (c *corpus) chatter(t *testing.T, lines []line, f *figures) {
	c.Clock.Set(c.Clock.Now().Add(time.Minute))
	c.say(t, 0, "中午一起去食堂吃饭", atOnce)
	for n, l := range lines {
		if l.class != "talk" {
			continue
		}
		record, told, group := c.say(t, n+1, l.text, atOnce)
		f.talk++
		if record != "" {
			f.records++
			c.note("talk recorded: %q gives %s", l.text, record)
		}
		if told+group > 0 {
			f.answered++
			c.note("talk answered: %q", l.text)
		}
	}
}

func (c *corpus) note(format string, args ...any) {
	c.notes = append(c.notes, c.item.name+" "+fmt.Sprintf(format, args...))
}

func TestCorpus(t *testing.T) {
	common := readCorpus(t, "talk")
	var mu sync.Mutex
	var sum figures
	var notes []string
	t.Run("", func(t *testing.T) {
		for _, it := range items {
			lines := readCorpus(t, it.name)
			for _, where := range []situation{atOnce, afterTalk, quoted, private} {
				t.Run(it.name+" "+string(where), func(t *testing.T) {
					t.Parallel()
					c := openCorpus(t, it)
					var f figures
					c.replies(t, lines, where, &f)
					if where == atOnce {
						c.chatter(t, slices.Concat(lines, common), &f)
					}
					mu.Lock()
					defer mu.Unlock()
					sum.add(f)
					notes = append(notes, c.notes...)
				})
			}
		}
	})
	t.Logf("%d replies: right %d, asked back %d, lost %d, wrong %d (%.1f %% right or asked); talk %d: recorded %d, answered %d",
		sum.replies, sum.right, sum.asked, sum.lost, sum.wrong, 100*float64(sum.right+sum.asked)/float64(sum.replies), sum.talk, sum.records, sum.answered)
	for _, n := range notes {
		t.Log(n)
	}
	if good := sum.right + sum.asked; good*100 < sum.replies*98 || sum.wrong > 0 || sum.records > 0 || sum.answered > 0 || sum.replies < 1000 || sum.talk < 1000 {
		t.Error("the corpus is read worse than it should be")
	}
}

func (f *figures) add(g figures) {
	f.replies, f.right, f.asked, f.lost, f.wrong = f.replies+g.replies, f.right+g.right, f.asked+g.asked, f.lost+g.lost, f.wrong+g.wrong
	f.talk, f.records, f.answered = f.talk+g.talk, f.records+g.records, f.answered+g.answered
}
