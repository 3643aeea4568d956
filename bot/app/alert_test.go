package app

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// postbox is a mail server that takes one mail.
func postbox(t *testing.T) (address string, mail <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		fmt.Fprint(c, "220 test\r\n")
		var body strings.Builder
		inData := false
		for scan := bufio.NewScanner(c); scan.Scan(); {
			line := scan.Text()
			switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); {
			case inData && line == ".":
				inData = false
				got <- body.String()
				fmt.Fprint(c, "250 ok\r\n")
			case inData:
				body.WriteString(line + "\n")
			case verb == "EHLO":
				fmt.Fprint(c, "250-test\r\n250 8BITMIME\r\n")
			case verb == "DATA":
				inData = true
				fmt.Fprint(c, "354 go on\r\n")
			case verb == "QUIT":
				fmt.Fprint(c, "221 bye\r\n")
				return
			default:
				fmt.Fprint(c, "250 ok\r\n")
			}
		}
	}()
	return l.Addr().String(), got
}

// When nobody can be reached in a chat, the mail still comes, with the code.
func TestAlertByMail(t *testing.T) {
	t.Parallel()
	smtp, mail := postbox(t)
	v := newVillage(t, fmt.Sprintf("alerts: {smtp: %q, from: bot@example.org, to: [secretary@example.org, deputy@example.org]}\n", smtp)).settled()
	v.we.LoginAlways(false)
	v.we.LogOut()
	select {
	case text := <-mail:
		for _, want := range []string{"To: <secretary@example.org>, <deputy@example.org>", "qr.png", "login/wx?key="} {
			if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(text, "=\n", ""), "=3D", "="), want) {
				t.Errorf("the mail has no %q:\n%.1200s", want, text)
			}
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no mail comes")
	}
	v.we.LoginAlways(true)
	v.bot.logins.renew("wx")
	v.online()
}
