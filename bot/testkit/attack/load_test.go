package attack

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// How long others, and the sender of a file, may wait. In the short form the machine is
// busy with other tests, and the race detector may be on.
func limits() (half, most, answer time.Duration) {
	if long {
		return 100 * time.Millisecond, time.Second, 5 * time.Second
	}
	return 500 * time.Millisecond, 2 * time.Second, 10 * time.Second
}

// waits measures how long somebody waits for answers until stop says so, at most 200
// times.
func waits(t *testing.T, stop func() bool, ask func() int) []time.Duration {
	t.Helper()
	var all []time.Duration
	for n := 0; n < 200 && !stop(); n++ {
		begin := time.Now()
		if status := ask(); status != http.StatusOK {
			t.Errorf("others are answered by %d", status)
			return append(all, time.Minute)
		}
		all = append(all, time.Since(begin))
		<-time.After(210 * time.Millisecond) // five messages a second are allowed
	}
	slices.Sort(all)
	return all
}

func after(d time.Duration) func() bool {
	end := time.Now().Add(d)
	return func() bool { return time.Now().After(end) }
}

// Sockets that ask for pages without end and read nothing keep nobody waiting.
func TestSlowReadersStopNobody(t *testing.T) {
	var roster strings.Builder
	for i := range 3000 { // so that a page of the attacker is large
		fmt.Fprintf(&roster, "      - {name: 成员%d, staff: \"m%d\", phone: \"138%08d\"}\n", i, i, i)
	}
	text := strings.Replace(fmt.Sprintf(factory, ""), "      - {name: 褚遂", roster.String()+"      - {name: 褚遂", 1)
	p := start(t, configure(t, text))
	attacker, other := p.enter("1001").console(), p.enter("0002").console()
	size := 0
	for _, path := range slowPages {
		_, page := attacker.get(path)
		size += len(page)
	}
	if size < 100<<10 {
		t.Fatalf("the pages have %d bytes: they are no attack", size)
	}
	page := func() int { status, _ := other.get("/console/me"); return status }
	ready := func() int { status, _ := other.get("/readyz"); return status }
	say := func() int { status, _ := other.send("a", "在吗"); return status }

	var cookies strings.Builder
	for _, c := range attacker.http.Jar.Cookies(&url.URL{Scheme: "http", Host: p.address, Path: "/"}) {
		fmt.Fprintf(&cookies, "%s=%s; ", c.Name, c.Value)
	}
	for range 12 {
		conn, err := net.Dial("tcp", p.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if err := conn.(*net.TCPConn).SetReadBuffer(2048); err != nil {
			t.Fatal(err)
		}
		go func() {
			for n := range 300 {
				path := slowPages[n%len(slowPages)]
				if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", path, p.address, cookies.String()); err != nil {
					return
				}
			}
		}()
	}
	<-time.After(5 * time.Second) // until the sockets are full
	span := 9 * time.Second
	if long {
		span = 90 * time.Second
	}
	half, most, _ := limits()
	for name, ask := range map[string]func() int{"a page": page, "readyz": ready, "a message": say} {
		all := waits(t, after(span/3), ask)
		t.Logf("%s: %d answers, half within %v, all within %v", name, len(all), all[len(all)/2], all[len(all)-1])
		if all[len(all)/2] > half || all[len(all)-1] > most {
			t.Errorf("%s: half within %v, all within %v; want %v and %v", name, all[len(all)/2], all[len(all)-1], half, most)
		}
	}
}

var slowPages = []string{"/console/u/b/members/export?type=csv", "/console/u/b/members/export", "/console/me/handbook.pdf"}

// A file that is too large to be read is refused soon, and nobody else waits for it.
func TestHugeFilesStopNobody(t *testing.T) {
	p := start(t, configure(t, fmt.Sprintf(factory, "")))
	sender, other := p.enter("1001"), p.enter("0002")
	hears := sender.listen()
	files := []struct {
		name string
		data []byte
	}{{"rows.xlsx", workbook(t, 400_000)}, {"commas.csv", []byte("姓名,工号\n" + strings.Repeat(strings.Repeat(",", 999)+"\n", 4900))},
		{"comma.csv", bytes.Repeat([]byte(","), 4_900_000)}}
	for i, f := range files {
		if len(f.data) > 5<<20 {
			t.Fatalf("%s has %d bytes: it is refused for its size", f.name, len(f.data))
		}
		before := len(hears.all())
		done := make(chan time.Duration, 1)
		begin := time.Now()
		go func() {
			status, text := sender.do("POST", fmt.Sprintf("/api/file?id=upload-%03d&name=%s", i, f.name), "application/octet-stream", string(f.data))
			if status != 200 {
				t.Errorf("%s: %d %.200s", f.name, status, text)
			}
			for !strings.Contains(hears.all()[before:], `"bot":true`) && time.Since(begin) < 30*time.Second {
				<-time.After(5 * time.Millisecond)
			}
			done <- time.Since(begin)
		}()
		took := time.Duration(0)
		worst := waits(t, func() bool {
			select {
			case took = <-done:
				return true
			default:
				return false
			}
		}, func() int { status, _ := other.send("a", "在吗"); return status })
		if took == 0 {
			took = <-done
		}
		t.Logf("%s: refused within %v; others waited at most %v", f.name, took, worst[len(worst)-1])
		_, most, answer := limits()
		if took > answer {
			t.Errorf("%s: the answer took %v", f.name, took)
		}
		if worst[len(worst)-1] > most {
			t.Errorf("%s: somebody else waited %v", f.name, worst[len(worst)-1])
		}
		if strings.Contains(hears.all()[before:], "member:import") {
			t.Errorf("%s is no roster, and can be confirmed", f.name)
		}
	}
	if n := p.number(`SELECT COUNT(*) FROM member WHERE left_at IS NULL`); n != 7 {
		t.Errorf("there are %d members", n)
	}
}

// workbook is an .xlsx of many rows, small as an archive.
func workbook(t *testing.T, rows int) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	file := func(name string) io.Writer {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`
	const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	const rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	fmt.Fprint(file("[Content_Types].xml"), head+`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">`+
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>`+
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>`+
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`)
	fmt.Fprint(file("_rels/.rels"), head+`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+
		`<Relationship Id="rId1" Type="`+rel+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	fmt.Fprint(file("xl/_rels/workbook.xml.rels"), head+`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+
		`<Relationship Id="rId1" Type="`+rel+`/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`)
	fmt.Fprint(file("xl/workbook.xml"), head+`<workbook xmlns="`+main+`" xmlns:r="`+rel+`"><sheets><sheet name="名单" sheetId="1" r:id="rId1"/></sheets></workbook>`)
	w := file("xl/worksheets/sheet1.xml")
	fmt.Fprint(w, head+`<worksheet xmlns="`+main+`"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c><c r="B1" t="inlineStr"><is><t>工号</t></is></c></row>`)
	for n := range rows {
		fmt.Fprintf(w, `<row r="%d"><c r="A%[1]d" t="inlineStr"><is><t>某人</t></is></c><c r="B%[1]d"><v>%[1]d</v></c></row>`, n+2)
	}
	fmt.Fprint(w, `</sheetData></worksheet>`)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
