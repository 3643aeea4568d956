package web_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"branchbot/store"
)

// deaf are connections whose other side reads nothing: what is written to them waits
// until they are closed.
type deaf struct {
	net.Listener
	writing chan struct{} // gets one for each connection that waits
}

func (d *deaf) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	return &deafConn{Conn: c, listener: d, closed: make(chan struct{})}, err
}

type deafConn struct {
	net.Conn
	listener *deaf
	once     sync.Once
	closed   chan struct{}
}

func (c *deafConn) Write([]byte) (int, error) {
	select {
	case c.listener.writing <- struct{}{}:
	default:
	}
	<-c.closed
	return 0, io.ErrClosedPipe
}

func (c *deafConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// Any number of readers who take nothing of what they asked for keep no transaction:
// others get their pages, and the database answers.
func TestReadersWhoDoNotRead(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	attacker, other := d.enter("0002"), d.enter("0003")
	listener := &deaf{writing: make(chan struct{}, 100)}
	slow := httptest.NewUnstartedServer(d.Console.Handler())
	listener.Listener = slow.Listener
	slow.Listener = listener
	slow.Start()
	defer slow.Close()
	defer slow.CloseClientConnections()
	home, err := url.Parse(d.server.URL + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"me/handbook.pdf", "me/data.zip", "me/handbook", "me", "me/data"}
	const readers = 20
	for i := range readers {
		c, err := net.Dial("tcp", slow.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		request := fmt.Sprintf("GET /console/%s HTTP/1.1\r\nHost: %s\r\n", paths[i%len(paths)], home.Host)
		for _, cookie := range attacker.Jar.Cookies(home) {
			request += "Cookie: " + cookie.String() + "\r\n"
		}
		if _, err := io.WriteString(c, request+"\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	for n := range readers {
		select {
		case <-listener.writing:
		case <-time.After(30 * time.Second):
			t.Fatalf("%d answers are being sent, the others wait for them", n)
		}
	}
	other.Timeout = 10 * time.Second
	if status, text := other.get("/console/me"); status != http.StatusOK {
		t.Errorf("another member's page: %d %s", status, text)
	}
	if err := d.DB.Read(func(tx *store.Tx) error { return tx.QueryRow(`SELECT 1`).Scan(new(int)) }); err != nil {
		t.Error(err)
	}
}
