package telegram

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"branchbot/adapters/adaptertest"
	"branchbot/adapters/telegram/telegramtest"
	"branchbot/bot/chat"
)

// running is an adapter that runs until the test ends, or gives up: stop waits
// for that.
func running(t *testing.T, a *Adapter) (in *adaptertest.Recorder, stop func() error) {
	t.Helper()
	in = adaptertest.NewRecorder()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx, in) }()
	ended := false
	stop = func() error {
		if ended {
			return nil
		}
		ended = true
		return <-done
	}
	t.Cleanup(func() {
		cancel()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return in, stop
}

func TestConversion(t *testing.T) {
	for _, c := range []struct {
		name, json string
		want       []chat.Event
	}{
		{"a topic's message that quotes", `{"update_id":1,"message":{"message_id":5,"message_thread_id":7,"is_topic_message":true,"date":100,
			"from":{"id":3,"first_name":"张","last_name":"三"},"chat":{"id":-1001,"type":"supergroup","title":"群"},"text":"A",
			"reply_to_message":{"message_id":4}}}`,
			[]chat.Event{{Kind: chat.Said, Key: "m-1001:5", Chat: "-1001/7", Title: "群", From: chat.User{ID: "3", Name: "张 三"}, Message: "5", Text: "A", ReplyTo: "4"}}},
		{"all messages of a topic quote its first one", `{"update_id":1,"message":{"message_id":5,"message_thread_id":7,"is_topic_message":true,"date":100,
			"from":{"id":3},"chat":{"id":-1001,"type":"supergroup"},"text":"A","reply_to_message":{"message_id":7,"forum_topic_created":{"name":"x"}}}}`,
			[]chat.Event{{Kind: chat.Said, Key: "m-1001:5", Chat: "-1001/7", From: chat.User{ID: "3"}, Message: "5", Text: "A"}}},
		{"a thread of answers is no topic", `{"update_id":1,"message":{"message_id":5,"message_thread_id":4,"date":100,"from":{"id":3},
			"chat":{"id":-1001,"type":"supergroup"},"text":"A"}}`,
			[]chat.Event{{Kind: chat.Said, Key: "m-1001:5", Chat: "-1001", From: chat.User{ID: "3"}, Message: "5", Text: "A"}}},
		{"a command with the bot's name", `{"update_id":1,"message":{"message_id":5,"date":100,"from":{"id":3},"chat":{"id":-1,"type":"group"},
			"text":"/help@Our_Bot 今日","entities":[{"type":"bot_command","offset":0,"length":13}]}}`,
			[]chat.Event{{Kind: chat.Said, Key: "m-1:5", Chat: "-1", From: chat.User{ID: "3"}, Message: "5", Text: "/help 今日", Mentioned: true}}},
		{"a mention behind emoji", `{"update_id":1,"message":{"message_id":5,"date":100,"from":{"id":3},"chat":{"id":-1,"type":"group"},
			"text":"👌 收到 @our_bot","entities":[{"type":"mention","offset":6,"length":8}]}}`,
			[]chat.Event{{Kind: chat.Said, Key: "m-1:5", Chat: "-1", From: chat.User{ID: "3"}, Message: "5", Text: "👌 收到", Mentioned: true}}},
		{"somebody else is mentioned", `{"update_id":1,"message":{"message_id":5,"date":100,"from":{"id":3},"chat":{"id":-1,"type":"group"},
			"text":"@not_our_bot A","entities":[{"type":"mention","offset":0,"length":12}]}}`,
			[]chat.Event{{Kind: chat.Said, Key: "m-1:5", Chat: "-1", From: chat.User{ID: "3"}, Message: "5", Text: "@not_our_bot A"}}},
		{"offsets outside the text", `{"update_id":1,"message":{"message_id":5,"date":100,"from":{"id":3},"chat":{"id":-1,"type":"group"},
			"text":"A","entities":[{"type":"mention","offset":-3,"length":900}]}}`,
			[]chat.Event{{Kind: chat.Said, Key: "m-1:5", Chat: "-1", From: chat.User{ID: "3"}, Message: "5", Text: "A"}}},
		{"a channel speaks for itself", `{"update_id":1,"message":{"message_id":5,"date":100,"sender_chat":{"id":-1009,"type":"channel"},"chat":{"id":-1,"type":"group"},"text":"A"}}`,
			[]chat.Event{{Kind: chat.Said, Key: "m-1:5", Chat: "-1", From: chat.User{Bot: true}, Message: "5", Text: "A"}}},
		{"a sticker in a group", `{"update_id":1,"message":{"message_id":5,"date":100,"from":{"id":3},"chat":{"id":-1,"type":"group"}}}`, nil},
		{"a post in a channel", `{"update_id":1,"message":{"message_id":5,"date":100,"chat":{"id":-1,"type":"channel"},"text":"A"}}`, nil},
		{"a press on a message that is no longer accessible", `{"update_id":1,"callback_query":{"id":"77","from":{"id":3},"data":"p:1:A",
			"message":{"message_id":5,"date":0,"chat":{"id":-1,"type":"group"}}}}`,
			[]chat.Event{{Kind: chat.Pressed, Key: "c77", Chat: "-1", From: chat.User{ID: "3"}, Message: "5", Data: "p:1:A"}}},
		{"a press on an inline message", `{"update_id":1,"callback_query":{"id":"77","from":{"id":3},"data":"x","inline_message_id":"1"}}`, nil},
		{"a vote that is taken back", `{"update_id":9,"poll_answer":{"poll_id":"p","user":{"id":3},"option_ids":[]}}`,
			[]chat.Event{{Kind: chat.Voted, Key: "vp:3:9", From: chat.User{ID: "3"}, Poll: "p"}}},
		{"the bot is put into a group", `{"update_id":9,"my_chat_member":{"chat":{"id":-1,"type":"group","title":"群"},"from":{"id":3},"date":4,
			"old_chat_member":{"status":"left","user":{"id":1}},"new_chat_member":{"status":"member","user":{"id":1}}}}`,
			[]chat.Event{{Kind: chat.Added, Key: "k-1:9:4", Chat: "-1", Title: "群", From: chat.User{ID: "3"}}}},
		{"the bot may write again", `{"update_id":9,"my_chat_member":{"chat":{"id":-1,"type":"group"},"from":{"id":3},"date":4,
			"old_chat_member":{"status":"restricted","is_member":true,"can_send_messages":false,"user":{"id":1}},
			"new_chat_member":{"status":"restricted","is_member":true,"can_send_messages":true,"user":{"id":1}}}}`,
			[]chat.Event{{Kind: chat.Added, Key: "k-1:9:4", Chat: "-1", From: chat.User{ID: "3"}}}},
		{"the bot is promoted", `{"update_id":9,"my_chat_member":{"chat":{"id":-1,"type":"group"},"from":{"id":3},"date":4,
			"old_chat_member":{"status":"member","user":{"id":1}},"new_chat_member":{"status":"administrator","user":{"id":1}}}}`, nil},
		{"somebody is banned by an administrator", `{"update_id":9,"chat_member":{"chat":{"id":-1,"type":"group"},"from":{"id":8},"date":4,
			"old_chat_member":{"status":"member","user":{"id":3,"first_name":"张三"}},"new_chat_member":{"status":"kicked","user":{"id":3,"first_name":"张三"}}}}`,
			[]chat.Event{{Kind: chat.Left, Key: "k-1:9:4", Chat: "-1", From: chat.User{ID: "3", Name: "张三"}}}},
		{"people come, one of them the bot", `{"update_id":9,"message":{"message_id":5,"date":4,"from":{"id":8},"chat":{"id":-1,"type":"group"},
			"new_chat_members":[{"id":1,"is_bot":true},{"id":3,"first_name":"张三"},{"id":4}]}}`,
			[]chat.Event{{Kind: chat.Joined, Key: "m-1:5:3", Chat: "-1", From: chat.User{ID: "3", Name: "张三"}},
				{Kind: chat.Joined, Key: "m-1:5:4", Chat: "-1", From: chat.User{ID: "4"}}}},
		{"somebody goes", `{"update_id":9,"message":{"message_id":5,"date":4,"from":{"id":8},"chat":{"id":-1,"type":"group"},"left_chat_member":{"id":3}}}`,
			[]chat.Event{{Kind: chat.Left, Key: "m-1:5:3", Chat: "-1", From: chat.User{ID: "3"}}}},
		{"the same where the bot is an administrator", `{"update_id":9,"message":{"message_id":5,"date":4,"from":{"id":8},"chat":{"id":-9,"type":"group"},"left_chat_member":{"id":3}}}`, nil},
		{"an update of a kind that is not known", `{"update_id":9,"story_reaction":{}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var u update
			if err := json.Unmarshal([]byte(c.json), &u); err != nil {
				t.Fatal(err)
			}
			got := convert(&u, 1, "our_bot", func(in chat.ChatID) bool { return in == "-9" })
			if diff := cmp.Diff(c.want, got.events, cmpopts.IgnoreFields(chat.Event{}, "At"), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// Whatever a server sends, nothing panics, and an event has a key and a chat.
func FuzzConvert(f *testing.F) {
	for _, s := range []string{
		`{"update_id":1,"message":{"message_id":5,"date":1,"from":{"id":3},"chat":{"id":-1,"type":"group"},"text":"👌@b","entities":[{"type":"mention","offset":2,"length":2}]}}`,
		`{"update_id":1,"edited_message":{"message_id":5,"date":1,"edit_date":2,"from":{"id":3},"chat":{"id":3,"type":"private"},"document":{"file_id":"f"}}}`,
		`{"update_id":1,"callback_query":{"id":"1","data":"x","message":{"chat":{}}}}`,
		`{"update_id":1,"my_chat_member":{"old_chat_member":{},"new_chat_member":{"status":"member"}}}`,
		`{"update_id":1,"poll_answer":{"poll_id":"p","user":{},"option_ids":[-1,99]}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var u update
		if json.Unmarshal(text, &u) != nil {
			return
		}
		for _, ev := range convert(&u, 1, "b", func(chat.ChatID) bool { return false }).events {
			if ev.Key == "" || ev.Chat == "" && ev.Kind != chat.Voted {
				t.Errorf("%s gives %+v", text, ev)
			}
		}
	})
}

func TestOneUnreadableUpdateHarmsNoOther(t *testing.T) {
	s := town(t, telegramtest.Options{HearsAll: true})
	s.Forget()
	s.Raw(`{"update_id":5000,"message":{"message_id":"not a number"}}`)
	s.Raw(`{"update_id":5001,"message":{"message_id":5,"date":1,"from":{"id":42,"first_name":"张三"},"chat":{"id":-300,"type":"group"},"text":"A"}}`)
	in, _ := running(t, connect(t, s))
	if ev := in.Wait(t, 1)[0]; ev.Text != "A" {
		t.Errorf("the event is %+v", ev)
	}
	adaptertest.Eventually(t, "both are confirmed", func() bool { return s.Pending() == 0 })
}

func TestWrongToken(t *testing.T) {
	s := town(t, telegramtest.Options{})
	a, err := New(Options{ID: "tg", Token: "1:wrong", APIURL: s.URL, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	in, stop := running(t, a)
	if state := in.WaitCondition(t, chat.NeedsHuman); state.Reason != chat.TokenRefused {
		t.Errorf("the state is %+v", state)
	}
	if err := stop(); err == nil || !strings.Contains(err.Error(), "@BotFather") || strings.Contains(err.Error(), "1:wrong") {
		t.Errorf("the error is %v", err)
	}
}

func TestTwoProgramsWithOneToken(t *testing.T) {
	s := town(t, telegramtest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	type end struct {
		in  *adaptertest.Recorder
		err error
	}
	ends := make(chan end, 2)
	for range 2 {
		a, in := connect(t, s), adaptertest.NewRecorder()
		go func() { ends <- end{in, a.Run(ctx, in)} }()
	}
	loser := <-ends // the one that asked first
	if state := loser.in.WaitCondition(t, chat.Down); state.Reason != chat.UsedTwice {
		t.Errorf("the state is %+v", state)
	}
	if loser.err == nil || !strings.Contains(loser.err.Error(), "another program") {
		t.Errorf("the error is %v", loser.err)
	}
	cancel()
	if other := <-ends; other.err != nil {
		t.Errorf("the other one ended: %v", other.err)
	}
}

func TestAWebhookThatIsLeftOverIsTakenAway(t *testing.T) {
	s := town(t, telegramtest.Options{HearsAll: true})
	s.SetWebhook("http://127.0.0.1:1/", "")
	in, _ := running(t, connect(t, s))
	s.Say(telegramtest.Said{Chat: group, From: someone, Text: "A"})
	for _, ev := range in.Wait(t, 2) {
		if ev.Text == "A" {
			return
		}
	}
	t.Error("the message did not come")
}

func TestNetworkDown(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	a, err := New(Options{ID: "tg", Token: "1:SECRET", APIURL: closed.URL, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	in, stop := running(t, a)
	if state := in.WaitCondition(t, chat.Down); state.Reason != chat.Unreachable {
		t.Errorf("the state is %+v", state)
	}
	if err := stop(); err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("the error is %v", err)
	}
	_, err = a.Send(t.Context(), "-1", chat.Part{Spans: []chat.Span{{Text: "通知"}}})
	if chat.ClassOf(err) != chat.Temporary || strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "通知") {
		t.Errorf("the send fails with %v", err)
	}
}

func TestRefusalsByClass(t *testing.T) {
	s := town(t, telegramtest.Options{})
	a := connect(t, s)
	for text, want := range map[string]chat.Class{
		"Forbidden: bot was kicked from the group chat":                                     chat.ChatGone,
		"Forbidden: bot is not a member of the supergroup chat":                             chat.ChatGone,
		"Forbidden: the group chat was deleted":                                             chat.ChatGone,
		"Forbidden: user is deactivated":                                                    chat.Forbidden,
		"Forbidden: bot was blocked by the user":                                            chat.Forbidden,
		"Forbidden: bot can't initiate conversation with a user":                            chat.Forbidden,
		"Bad Request: chat not found":                                                       chat.ChatGone,
		"Bad Request: not enough rights to send text messages to the chat":                  chat.Forbidden,
		"Bad Request: not enough rights to send photos to the chat":                         chat.Unsupported,
		"Bad Request: not enough rights to send polls to the chat":                          chat.Unsupported,
		"Bad Request: CHAT_SEND_DOCS_FORBIDDEN":                                             chat.Unsupported,
		"Bad Request: PHOTO_INVALID_DIMENSIONS":                                             chat.BadPart,
		"Bad Request: message to edit not found":                                            chat.NotThere,
		"Bad Request: message can't be edited":                                              chat.NotThere,
		"Bad Request: there is no text in the message to edit":                              chat.NotThere,
		"Bad Request: have no rights to send a message":                                     chat.Forbidden,
		"Bad Request: CHAT_WRITE_FORBIDDEN":                                                 chat.Forbidden,
		"Bad Request: TOPIC_CLOSED":                                                         chat.Forbidden,
		"Bad Request: message thread not found":                                             chat.ChatGone,
		"Bad Request: message is too long":                                                  chat.TooBig,
		"Bad Request: can't parse entities":                                                 chat.BadPart,
		"Bad Request: group chat was upgraded to a supergroup chat":                         chat.ChatGone,
		"Conflict: terminated by other getUpdates request":                                  chat.Temporary,
		"Internal Server Error: restart":                                                    chat.MaybeSent,
		"Internal Server Error: Request aborted":                                            chat.MaybeSent,
		"Internal Server Error: sent message was immediately deleted and can't be returned": chat.Deleted,
		"Bad Gateway":                 chat.MaybeSent,
		"Service Unavailable":         chat.MaybeSent,
		"Gateway Timeout":             chat.MaybeSent,
		"Request Entity Too Large":    chat.TooBig,
		"Not Found: method not found": chat.Unsupported,
	} {
		code := map[string]int{"Forbidden": 403, "Bad Request": 400, "Conflict": 409, "Internal Server Error": 500, "Gateway Timeout": 504, "Bad Gateway": 502, "Service Unavailable": 503,
			"Request Entity Too Large": 413, "Not Found": 404}[strings.Split(text, ":")[0]]
		s.Inject(telegramtest.Fault{Kind: telegramtest.Refuse, Code: code, Text: text})
		_, err := a.Send(t.Context(), id2chat(group), chat.Part{Spans: []chat.Span{{Text: "通知"}}})
		if got := chat.ClassOf(err); got != want || strings.Contains(err.Error(), "通知") {
			t.Errorf("%q is of class %s, want %s (%v)", text, got, want, err)
		}
	}
	s.Inject(telegramtest.Fault{Kind: telegramtest.Garble})
	_, err := a.Send(t.Context(), id2chat(group), chat.Part{Spans: []chat.Span{{Text: "通知"}}})
	if chat.ClassOf(err) != chat.MaybeSent || strings.Contains(err.Error(), "mess") {
		t.Errorf("half an answer: %v", err)
	}
}

// A page of HTML is no answer of Telegram's, whatever its status says.
func TestAPageIsNoAnswer(t *testing.T) {
	s := town(t, telegramtest.Options{})
	a := connect(t, s)
	for code, want := range map[int]chat.Class{200: chat.MaybeSent, 403: chat.MaybeSent, 404: chat.MaybeSent, 413: chat.TooBig, 429: chat.RateLimited,
		500: chat.MaybeSent, 502: chat.MaybeSent, 503: chat.MaybeSent, 520: chat.MaybeSent} {
		for _, send := range []func() error{
			func() error {
				_, err := a.Send(t.Context(), id2chat(group), chat.Part{Spans: []chat.Span{{Text: "通知"}}})
				return err
			},
			func() error {
				return a.Edit(t.Context(), id2chat(group), "1", chat.Part{Spans: []chat.Span{{Text: "通知"}}})
			},
			func() error {
				_, err := a.Send(t.Context(), id2chat(group), chat.Part{Poll: &chat.Poll{Question: "题", Options: []string{"一", "二"}}})
				return err
			},
		} {
			s.Inject(telegramtest.Fault{Kind: telegramtest.Broken, Code: code})
			if err := send(); chat.ClassOf(err) != want {
				t.Errorf("a page with %d: %v, want %s", code, err, want)
			}
		}
	}
}

// Of the answer to a message three fields matter; the others may be whatever they like.
func TestAnOddAnswerIsAReceipt(t *testing.T) {
	for body, want := range map[string]chat.Receipt{
		`{"ok":true,"result":{"message_id":7,"link_preview_options":"{\"is_disabled\":true}","date":"today","chat":[],"poll":{"id":"p","options":7}}}`: {Message: "7", Poll: "p"},
		`{"ok":true,"result":{"message_id":7,"photo":"none","reply_markup":3}}`:                                                                        {Message: "7"},
		`{"ok":true,"result":true}`: {},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
		a, err := New(Options{ID: "tg", Token: telegramtest.DefaultToken, APIURL: srv.URL, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.Send(t.Context(), id2chat(group), chat.Part{Spans: []chat.Span{{Text: "通知"}}})
		if got != want || err != nil {
			t.Errorf("%s gives %+v, %v", body, got, err)
		}
		a.client.CloseIdleConnections()
		srv.Close()
	}
}

// Telegram is not asked again before the time that it has named.
func TestARefusedPollRests(t *testing.T) {
	s := town(t, telegramtest.Options{})
	s.Inject(telegramtest.Fault{Methods: []string{"getUpdates"}, Kind: telegramtest.TooMany, After: 600})
	a := connect(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	in := adaptertest.NewRecorder()
	go func() { ended <- a.Run(ctx, in) }()
	in.WaitCondition(t, chat.Down)
	select {
	case err := <-ended:
		t.Errorf("Run ended at once: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	<-ended
}

func TestEntities(t *testing.T) {
	s := town(t, telegramtest.Options{})
	a := connect(t, s)
	_, err := a.Send(t.Context(), id2chat(group), chat.Part{Spans: []chat.Span{{Text: "👨‍👩‍👧 "}, {Text: "第 1 题", Style: chat.Bold}, {Text: "\n"}, {Text: "  ", Style: chat.Italic},
		{Text: "*链接*", Style: chat.Code, URL: "https://example.org/"}}})
	if err != nil {
		t.Fatal(err)
	}
	m := s.Shown(group)[0]
	want := []telegramtest.Entity{{Type: "bold", Offset: 9, Length: 5}, {Type: "code", Offset: 17, Length: 4},
		{Type: "text_link", Offset: 17, Length: 4, URL: "https://example.org/"}}
	if diff := cmp.Diff(want, m.Entities); diff != "" {
		t.Errorf("of %q: -want +got\n%s", m.Text, diff)
	}
}

func TestAPictureIsUploadedOnce(t *testing.T) {
	s := town(t, telegramtest.Options{})
	a := connect(t, s)
	p := chat.Part{Media: &chat.Media{Ref: "x.png", Data: []byte("png"), Type: "image/png"}, Spans: []chat.Span{{Text: "图"}}}
	for _, to := range []chat.ChatID{id2chat(group), id2chat(other), id2chat(someone)} {
		if _, err := a.Send(t.Context(), to, p); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Uploads(); n != 1 {
		t.Errorf("%d uploads of one picture", n)
	}
	s.LoseFiles() // Telegram does not know the id any more
	if _, err := a.Send(t.Context(), id2chat(group), p); chat.ClassOf(err) != chat.Temporary {
		t.Errorf("an id that is not known any more: %v", err)
	}
	if _, err := a.Send(t.Context(), id2chat(group), p); err != nil {
		t.Errorf("the next try uploads again: %v", err)
	}
}

func TestWebhook(t *testing.T) {
	s := town(t, telegramtest.Options{HearsAll: true})
	s.Forget()
	var a *Adapter
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.Handler().ServeHTTP(w, r) }))
	t.Cleanup(hook.Close)
	a, err := New(Options{ID: "tg", Token: telegramtest.DefaultToken, APIURL: s.URL, Log: slog.New(slog.DiscardHandler),
		Webhook: Webhook{URL: hook.URL + "/telegram", Secret: "s3cret"}})
	if err != nil {
		t.Fatal(err)
	}
	call := func(secret, body string) int {
		req, _ := http.NewRequest(http.MethodPost, hook.URL+"/telegram", strings.NewReader(body))
		req.Header.Set(secretHeader, secret)
		resp, err := hook.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return resp.StatusCode
	}
	const good = `{"update_id":1,"message":{"message_id":5,"date":1,"from":{"id":3},"chat":{"id":-1,"type":"group"},"text":"A"}}`
	if code := call("s3cret", good); code != http.StatusServiceUnavailable {
		t.Errorf("before it runs: %d", code)
	}
	in, _ := running(t, a)
	in.WaitCondition(t, chat.Online)
	for body, want := range map[[2]string]int{
		{"", good}: 401, {"s3cre", good}: 401, {"s3cret2", good}: 401,
		{"s3cret", "{"}: 400, {"s3cret", `{"x":"` + strings.Repeat("y", 2<<20) + `"}`}: 413,
		{"s3cret", good}: 200,
	} {
		if code := call(body[0], body[1]); code != want {
			t.Errorf("secret %q, %d bytes: %d, want %d", body[0], len(body[1]), code, want)
		}
	}
	in.WaitCaughtUp(t)
	s.Say(telegramtest.Said{Chat: group, From: someone, Text: "B"})
	in.FailNext(1)
	if n := s.Deliver(t.Context()); n != 0 || s.Pending() != 1 {
		t.Errorf("%d updates are taken although they were not stored", n)
	}
	if states := in.States(); states[len(states)-1].CaughtUp() {
		t.Error("the account is not behind, though telegram will deliver an update again")
	}
	if n := s.Deliver(t.Context()); n != 1 || s.Pending() != 0 {
		t.Errorf("%d updates are taken", n)
	}
	if events := in.Events(); len(events) != 2 || events[1].Text != "B" {
		t.Errorf("the events are %+v", events)
	}
	in.WaitCaughtUp(t)
}

func TestCursor(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for text, want := range map[string]int64{"": 0, "77@1799999999": 77, "77@1799300000": 0, "77": 0, "x@y": 0, "9@1900000000": 9} {
		if got := parseCursor(text).offset(now); got != want {
			t.Errorf("%q asks from %d, want %d", text, got, want)
		}
	}
	if text := (cursor{5, now}).String(); parseCursor(text) != (cursor{5, now}) {
		t.Errorf("%q is not read back", text)
	}
}

func TestToastsAreShort(t *testing.T) {
	s := town(t, telegramtest.Options{})
	a := connect(t, s)
	in, _ := running(t, a)
	in.WaitCondition(t, chat.Online)
	s.Press(group, someone, 1, "x")
	var press chat.Event
	for _, ev := range in.Wait(t, 2) {
		if ev.Kind == chat.Pressed {
			press = ev
		}
	}
	a.Ack(press, strings.Repeat("长", 300))
	adaptertest.Eventually(t, "the toast", func() bool { return len(s.Toasts(someone)) == 1 })
	if got := []rune(s.Toasts(someone)[0]); len(got) != 200 {
		t.Errorf("the toast has %d characters", len(got))
	}
}
