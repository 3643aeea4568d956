package notice_test

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/testkit/script"
	"branchbot/store/storetest"
)

// picture is a PNG whose head tells its size; the rest is not looked at.
func picture(width, height uint32) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	head = append(binary.BigEndian.AppendUint32(head, height), 8, 2, 0, 0, 0)
	data := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(head))
}

var png = picture(640, 480)

// send has the branch's secretary send files in private, with a text under them.
func send(t *testing.T, s *script.Stage, key, text string, files ...chat.File) {
	t.Helper()
	err := s.Engine.Handle(s.Adapter.ID(), "", chat.Event{Key: key, Kind: chat.Said, Private: true, Chat: "dm:0001",
		From: chat.User{ID: "0001"}, Text: text, Files: files})
	if err != nil {
		t.Fatal(err)
	}
}

// awake is the usual branch without quiet hours: its clock begins at midnight.
func awake(t *testing.T) *script.Stage {
	t.Helper()
	return script.Open(t, txtar.Parse([]byte("-- config.yaml --\nconduct: {quiet_hours: \"off\"}\n")))
}

// play plays a script and returns what was said in it.
func play(t *testing.T, s *script.Stage, script string) string {
	t.Helper()
	said, err := s.Play(t, script)
	if err != nil {
		t.Fatal(err)
	}
	said, _, _ = strings.Cut(said, "--- ")
	return said
}

// wants checks what was said, in order.
func wants(t *testing.T, said string, lines ...string) {
	t.Helper()
	rest := said
	for _, line := range lines {
		_, after, ok := strings.Cut(rest, line)
		if !ok {
			t.Fatalf("said\n%s\nwant %q", said, line)
		}
		rest = after
	}
}

// Files that the secretary has just sent go along with his notice, once; a
// table by itself is a roster, under a notice it goes along.
func TestFiles(t *testing.T) {
	t.Parallel()
	s := awake(t)
	send(t, s, "1", "", chat.File{Name: "海报.png", Data: png})
	send(t, s, "2", "", chat.File{Name: `C:\桌面\方案.pdf`, Data: []byte("%PDF-1.7")})
	wants(t, play(t, s, "@ +1m"), "收下了，共 1 个。30 分钟内发 /通知，会一起发出去。", "收下了，共 2 个。")
	wants(t, play(t, s, "书记 (私聊): /通知 请看海报"), "🖼 方案.pdf", "🖼 海报.png", "【通知 2026-001】\n    请看海报")
	send(t, s, "3", "/通知 回执 请按表填报", chat.File{Name: "填报表.xlsx", Data: []byte("PK\x03\x04")})
	said := play(t, s, "@ +1m")
	wants(t, said, "🖼 填报表.xlsx", "【通知 2026-002】第 1 号\n    请按表填报")
	if strings.Contains(said, "方案") || strings.Contains(said, "预览") {
		t.Errorf("said\n%s", said)
	}
	send(t, s, "4", "", chat.File{Name: "填报表.xlsx", Data: []byte("PK\x03\x04")})
	wants(t, play(t, s, "@ +1m"), "这个文件读不了")
	if got := s.Rows(t, "SELECT COUNT(*), SUM(type = 'image/png') FROM notice_file\nSELECT COUNT(*) FROM notice_draft"); got != "3|1\n--\n0\n" {
		t.Error(got)
	}
}

// Whoever does not send a notice after all is told that its files are not kept.
func TestFilesOfADroppedNotice(t *testing.T) {
	t.Parallel()
	s := script.Open(t, txtar.Parse([]byte("-- config.yaml --\nconduct: {quiet_hours: \"off\"}\n-- setup --\nDELETE FROM identity WHERE user_id = '0003'\n")))
	send(t, s, "1", "/通知 请看海报", chat.File{Name: "海报.png", Data: png})
	wants(t, play(t, s, "@ +1m\n书记 (私聊): [按 先不发]"), "不能确认收到的：李四。", "好的，没有发。附件没有留下，再发时请重新传。")
	wants(t, play(t, s, "书记 (私聊): /通知"), "通知写什么？")
}

// ASVS 5.2.2: what only begins like a picture goes along as a file.
func TestNoPicture(t *testing.T) {
	t.Parallel()
	s := awake(t)
	send(t, s, "1", "/通知 请看", chat.File{Name: "木马.png", Data: []byte("\x89PNG\r\n\x1a\n<script>")})
	wants(t, play(t, s, "@ +1m"), "【通知 2026-001】")
	if got := s.Rows(t, "SELECT type FROM notice_file"); got != "application/octet-stream\n" {
		t.Error(got)
	}
}

// A file of which no notice comes is forgotten, and so is one that is not
// wanted after all; bytes that a notice needs stay.
func TestForgottenFiles(t *testing.T) {
	t.Parallel()
	s := awake(t)
	send(t, s, "1", "/通知 看图", chat.File{Name: "一.png", Data: png})
	send(t, s, "2", "", chat.File{Name: "又是一.png", Data: png})
	send(t, s, "3", "", chat.File{Name: "二.pdf", Data: []byte("%PDF")})
	play(t, s, "@ +1m")
	wants(t, play(t, s, "书记 (私聊): [按 不要了]\n书记 (私聊): /通知"), "好的，都不带了。", "通知写什么？")
	send(t, s, "4", "", chat.File{Name: "三.pdf", Data: []byte("%PDF-3")})
	play(t, s, "@ +1h")
	wants(t, play(t, s, "书记 (私聊): /通知"), "通知写什么？")
	send(t, s, "5", "", chat.File{Name: "四.pdf", Data: []byte("%PDF-4")})
	if got := s.Rows(t, "SELECT COUNT(*) FROM notice_file\nSELECT name FROM notice_draft"); got != "2\n--\n四.pdf\n" {
		t.Error(got)
	}
	wants(t, play(t, s, "书记 (私聊): /通知 回执"), "🖼 四.pdf", "见附件。")
}

// Each slip with a file gets one line. ASVS 5.2.6: so does a picture that would
// unpack to gigabytes.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	s := awake(t)
	send(t, s, "1", "", chat.File{Name: "空.png"})
	wants(t, play(t, s, "@ +1m"), "这个文件是空的，请检查后再发一次。")
	send(t, s, "1b", "", chat.File{Name: "太大.png", Problem: chat.FileTooBig})
	wants(t, play(t, s, "@ +1m"), "这个文件超过 5 MB，我收不了。")
	send(t, s, "1c", "", chat.File{Name: "没取到.png", Problem: chat.FileUnreachable})
	wants(t, play(t, s, "@ +1m"), "平台那边取不到这个文件，请过一会儿再发一次。")
	send(t, s, "2", "", chat.File{Name: "大.png", Data: make([]byte, 5<<20+1)})
	wants(t, play(t, s, "@ +1m"), "文件太大，最多 5 MB。")
	send(t, s, "wide", "", chat.File{Name: "撑爆手机.png", Data: picture(60_000, 60_000)})
	wants(t, play(t, s, "@ +1m"), "图片尺寸太大，最多 6000 万像素。请缩小后再发。")
	for i := range 9 {
		send(t, s, "many"+string(rune('0'+i)), "", chat.File{Name: "图.png", Data: []byte{byte(i)}})
	}
	play(t, s, "@ +1m")
	send(t, s, "ten", "", chat.File{Name: "图.png", Data: []byte("ten")})
	wants(t, play(t, s, "@ +1m"), "一条通知最多带 9 个文件。")
	if got := s.Rows(t, "SELECT COUNT(*) FROM notice_draft"); got != "9\n" {
		t.Error(got)
	}
}

// A notice of 100,000 characters gets one clear line, and nothing is sent.
func TestLongNotice(t *testing.T) {
	t.Parallel()
	s := awake(t)
	send(t, s, "1", "/通知 "+strings.Repeat("长", 100_000))
	wants(t, play(t, s, "@ +1m"), "→ 王敏 ◀ 这段有 100000 字，太长了，最多 4000 字。长文请做成文件私聊发给我，再发 /通知。\n")
	if got := s.Rows(t, "SELECT COUNT(*) FROM notice\nSELECT COUNT(*) FROM dead_letter"); got != "0\n--\n0\n" {
		t.Error(got)
	}
}

// A notice to more units than are dealt with at once reaches all of them, and
// closes in all of them. A recall in between reaches those that have it, and stops
// the rest.
func TestManyBranches(t *testing.T) {
	t.Parallel()
	s := works(t, storetest.SQLite, 300, 1)
	said := func(query string) string { return strings.TrimSpace(s.Rows(t, query)) }
	play(t, s, "周平 (私聊): /通知 下级 回执 截止 2小时 请组织学习。\n周平 (私聊): [按 发出]\n@ +3h")
	if got := said(`SELECT COUNT(*), SUM(due), SUM(closed_at IS NOT NULL) FROM notice_target WHERE unit <> 'works'`); got != "300|300|300" {
		t.Error(got)
	}
	if got := said(`SELECT COUNT(*) FROM outbox WHERE message LIKE '%300 个下级组织%'`); got != "3" { // asked, sent, closed
		t.Error(got)
	}
	say(t, s, "/通知 下级 回执 作废的一条")
	does(t, s, chat.Event{Kind: chat.Pressed, Data: "notice:send:2"})
	say(t, s, "/撤回 2")
	play(t, s, "@ +1h")
	if got := said(`SELECT COUNT(*), SUM(message LIKE '%作废%') FROM outbox WHERE message LIKE '%作废%' OR message LIKE '%已撤回%'`); got != "502|251" {
		t.Error(got) // the question, 250 notices, 250 recalls, the answer to the recall
	}
	if got := said(`SELECT COUNT(*) FROM prompt WHERE closed_at IS NULL`); got != "0" {
		t.Error(got, "prompts are open")
	}
}
