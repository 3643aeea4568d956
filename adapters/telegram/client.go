package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"
)

// client makes requests to the Bot API. For the library it is the HTTP client;
// it turns what the library would not tell apart into errors of its own, none
// of which holds the token or a message.
type client struct {
	http http.Client
	soon http.Client // for what is of no use later
	base string      // …/botTOKEN/
	file string      // …/file/botTOKEN/
}

// maxAnswer bounds an answer; a hundred updates have at most some 500 KiB.
const maxAnswer = 16 << 20

func newClient(api, token string) *client {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       20 * time.Second, // shorter than the server's: a request on a connection that it just closed has no known fate
		ResponseHeaderTimeout: pollFor + 15*time.Second,
	}
	soon := transport.Clone()
	soon.ResponseHeaderTimeout = 10 * time.Second
	return &client{base: api + "/bot" + token + "/", file: api + "/file/bot" + token + "/",
		http: http.Client{Transport: transport}, soon: http.Client{Transport: soon}}
}

// statusError is an answer that is none of the Bot API's.
type statusError struct{ status int }

func (e *statusError) Error() string { return "HTTP status " + http.StatusText(e.status) }

// notSentError is a failure before anything left this machine.
type notSentError struct{ err error }

func (e *notSentError) Error() string { return e.err.Error() }
func (e *notSentError) Unwrap() error { return e.err }

var errGarbled = errors.New("the answer is no JSON")

// Do implements the library's HttpClient.
func (c *client) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil { // with a known length, as all servers understand it
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, &notSentError{err}
		}
		req.Body.Close()
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.ContentLength = int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	resp, err := c.do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := read(resp)
	if err != nil {
		return nil, err
	}
	if !json.Valid(body) { // the library would quote it in its error
		return nil, errGarbled
	}
	if methods := strings.Split(req.URL.Path, "/"); showing[methods[len(methods)-1]] {
		body = receiptOnly(body)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// showing are the methods that answer with a whole message.
var showing = map[string]bool{"sendMessage": true, "sendPhoto": true, "sendDocument": true, "sendPoll": true,
	"editMessageText": true, "stopPoll": true}

// receiptOnly leaves of an answer what is needed of it. The library reads every field
// that there is; one that it does not understand would make an error of a message that
// was taken.
func receiptOnly(body []byte) []byte {
	var answer struct {
		OK     bool                       `json:"ok"`
		Result map[string]json.RawMessage `json:"result"`
	}
	_ = json.Unmarshal(body, &answer) // what is not as expected is left out
	if !answer.OK {
		return body
	}
	var r struct {
		Message int64 `json:"message_id,omitempty"`
		Poll    *struct {
			ID string `json:"id"`
		} `json:"poll,omitempty"`
		Photo    []photoSize `json:"photo,omitempty"`
		Document *document   `json:"document,omitempty"`
	}
	for name, into := range map[string]any{"message_id": &r.Message, "poll": &r.Poll, "photo": &r.Photo, "document": &r.Document} {
		if raw, ok := answer.Result[name]; ok {
			_ = json.Unmarshal(raw, into)
		}
	}
	short, err := json.Marshal(map[string]any{"ok": true, "result": r})
	if err != nil {
		return body
	}
	return short
}

// do makes a request whose error holds no address.
func (c *client) do(req *http.Request) (*http.Response, error) {
	left := false
	trace := &httptrace.ClientTrace{WroteHeaders: func() { left = true }}
	resp, err := c.http.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		err = withoutAddress(err)
		if !left {
			err = &notSentError{err}
		}
	}
	return resp, err
}

// read is the body of an answer of the Bot API.
func read(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer: %w", err)
	case len(body) > 0 && body[0] == '{':
		return body, nil
	case resp.StatusCode >= 300:
		return nil, &statusError{resp.StatusCode}
	}
	return nil, errGarbled
}

// call is a request that the library has not, or not cheaply enough. A refusal
// is a *refusal.
func (c *client) call(ctx context.Context, method string, params []byte, result any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+method, bytes.NewReader(params))
	if err != nil {
		return &notSentError{errors.New("the address of the Bot API is wrong")}
	}
	req.Header["Content-Type"] = jsonType
	resp, err := c.do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := read(resp)
	if err != nil {
		return err
	}
	answer := struct {
		OK     bool `json:"ok"`
		Result any  `json:"result"`
		refusal
	}{Result: result}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("%w: %T", errGarbled, err) // the error's text may quote a message
	}
	if !answer.OK {
		return &answer.refusal
	}
	return nil
}

// tell is a request of whose answer only the status matters, and that only
// soon; there are many of them.
func (c *client) tell(ctx context.Context, method string, params []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+method, bytes.NewReader(params))
	if err != nil {
		return &notSentError{errors.New("the address of the Bot API is wrong")}
	}
	req.Header["Content-Type"] = jsonType
	resp, err := c.soon.Do(req)
	if err != nil {
		return withoutAddress(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)); err != nil { // so that the connection serves again
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return &statusError{resp.StatusCode}
	}
	return nil
}

var jsonType = []string{"application/json"}

// withoutAddress takes the address, which holds the token, out of an error of
// net/http.
func withoutAddress(err error) error {
	var inner *url.Error
	if errors.As(err, &inner) {
		return inner.Err
	}
	return err
}

// refusal is what the Bot API says when it does not do something.
type refusal struct {
	Code        int    `json:"error_code"`
	Description string `json:"description"`
	Parameters  struct {
		RetryAfter int   `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.Code, r.Description) }

// download fetches a file that somebody sent, of at most limit bytes.
func (c *client) download(ctx context.Context, path string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.file+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &statusError{resp.StatusCode}
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if int64(len(data)) > limit {
		return nil, errTooBig
	}
	return data, err
}

var errTooBig = errors.New("the file is too big")

func (c *client) CloseIdleConnections() {
	c.http.CloseIdleConnections()
	c.soon.CloseIdleConnections()
}
