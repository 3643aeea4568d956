package telegramtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"branchbot/adapters/telegram/telegramtest"
)

const (
	group  = -100500
	person = 7
)

// client has connections of its own: a server that ends closes those of http.DefaultClient.
var client = http.Client{Transport: &http.Transport{}}

func newTown(t *testing.T, o telegramtest.Options) *telegramtest.Server {
	t.Helper()
	s := telegramtest.New(o)
	t.Cleanup(s.Start())
	s.Group(group, "群")
	s.Person(person, "张三")
	return s
}

type reply struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter int   `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

func call(t *testing.T, s *telegramtest.Server, method, body string) reply {
	t.Helper()
	resp, err := client.Post(s.URL+"/bot"+telegramtest.DefaultToken+"/"+method, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp)
}

func read(t *testing.T, resp *http.Response) (r reply) {
	t.Helper()
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	if !r.OK && r.Code != resp.StatusCode {
		t.Errorf("the status is %d, the answer says %d", resp.StatusCode, r.Code)
	}
	return r
}

// texts are the messages in a list of updates.
func texts(t *testing.T, r reply) (list []string, last int64) {
	t.Helper()
	var updates []struct {
		ID      int64 `json:"update_id"`
		Message struct {
			Text string `json:"text"`
		} `json:"message"`
	}
	if err := json.Unmarshal(r.Result, &updates); err != nil {
		t.Fatal(err)
	}
	for _, u := range updates {
		list, last = append(list, u.Message.Text), u.ID
	}
	return list, last
}

func TestUpdatesStayUntilTheyAreConfirmed(t *testing.T) {
	s := newTown(t, telegramtest.Options{HearsAll: true})
	for _, text := range []string{"一", "二", "三"} {
		s.Say(telegramtest.Said{Chat: group, From: person, Text: text})
	}
	for range 2 {
		if got, _ := texts(t, call(t, s, "getUpdates", `{"limit":2}`)); strings.Join(got, "") != "一二" {
			t.Errorf("unconfirmed: %q", got)
		}
	}
	_, last := texts(t, call(t, s, "getUpdates", `{"limit":2}`))
	if got, _ := texts(t, call(t, s, "getUpdates", fmt.Sprintf(`{"offset":%d}`, last+1))); strings.Join(got, "") != "三" || s.Pending() != 1 {
		t.Errorf("confirmed: %q, %d wait", got, s.Pending())
	}
}

func TestPrivacyMode(t *testing.T) {
	s := newTown(t, telegramtest.Options{})
	call(t, s, "sendMessage", fmt.Sprintf(`{"chat_id":%d,"text":"题"}`, group))
	question := s.Shown(group)[0].ID
	for _, m := range []telegramtest.Said{{Text: "闲话"}, {Text: "A", ReplyTo: question}, {Text: "B", ReplyTo: 999}, {Text: "/help"},
		{Text: "@branch_test_bot 今日"}} {
		m.Chat, m.From = group, person
		s.Say(m)
	}
	s.Say(telegramtest.Said{Chat: person, From: person, Text: "私聊"})
	if got, _ := texts(t, call(t, s, "getUpdates", `{}`)); strings.Join(got, "|") != "A|/help|@branch_test_bot 今日|私聊" {
		t.Errorf("the bot hears %q", got)
	}
}

func TestOnePollerAtATime(t *testing.T) {
	s := newTown(t, telegramtest.Options{})
	first := make(chan reply, 1)
	go func() { first <- call(t, s, "getUpdates", `{"timeout":20}`) }()
	for range 200 { // until the first one waits, the second may come too early
		if r := call(t, s, "getUpdates", `{"timeout":0}`); !r.OK {
			t.Fatalf("the second poller gets %+v", r)
		}
		select {
		case r := <-first:
			if r.Code != http.StatusConflict {
				t.Errorf("the first poller gets %+v", r)
			}
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
	t.Error("two pollers at a time")
}

func TestRefusals(t *testing.T) {
	s := newTown(t, telegramtest.Options{})
	long := strings.Repeat("😀", 2049)
	for _, c := range []struct{ method, body, want string }{
		{"sendMessage", `{"chat_id":1,"text":"x"}`, "chat not found"},
		{"sendMessage", `{"chat_id":7,"text":"x"}`, "bot can't initiate conversation with a user"},
		{"sendMessage", fmt.Sprintf(`{"chat_id":%d,"text":" "}`, group), "message text is empty"},
		{"sendMessage", fmt.Sprintf(`{"chat_id":%d,"text":"%s"}`, group, long), "message is too long"},
		{"sendMessage", fmt.Sprintf(`{"chat_id":%d,"text":"😀","entities":[{"type":"bold","offset":1,"length":1}]}`, group), "can't parse entities"},
		{"sendMessage", fmt.Sprintf(`{"chat_id":%d,"text":"x","reply_markup":{"inline_keyboard":[[{"text":"a","callback_data":"%s"}]]}}`, group, strings.Repeat("a", 65)), "BUTTON_DATA_INVALID"},
		{"sendMessage", fmt.Sprintf(`{"chat_id":%d,"text":"x","message_thread_id":5}`, group), "message thread not found"},
		{"sendPoll", fmt.Sprintf(`{"chat_id":%d,"question":"q","is_anonymous":false,"options":["a"]}`, group), "poll must have at least 2 option"},
		{"answerCallbackQuery", `{"callback_query_id":"1"}`, "query is too old"},
		{"setMyCommands", `{"commands":[{"command":"签到","description":"x"}]}`, "BOT_COMMAND_INVALID"},
		{"noSuchMethod", `{}`, "method not found"},
	} {
		if r := call(t, s, c.method, c.body); r.OK || !strings.Contains(r.Description, c.want) {
			t.Errorf("%s %.60s: %+v, want %q", c.method, c.body, r, c.want)
		}
	}
	if r := call(t, s, "sendMessage", fmt.Sprintf(`{"chat_id":%d,"text":"x"}`, group)); !r.OK {
		t.Errorf("a good message: %+v", r)
	}
	same := fmt.Sprintf(`{"chat_id":%d,"message_id":%d,"text":"x"}`, group, s.Shown(group)[0].ID)
	if r := call(t, s, "editMessageText", same); !strings.Contains(r.Description, "message is not modified") {
		t.Errorf("an edit of an equal text: %+v", r)
	}
	s.Migrate(group, -100600, person)
	if r := call(t, s, "sendMessage", fmt.Sprintf(`{"chat_id":%d,"text":"x"}`, group)); r.Parameters.MigrateTo != -100600 {
		t.Errorf("a group that moved: %+v", r)
	}
}

func TestLimits(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := newTown(t, telegramtest.Options{Limits: telegramtest.TelegramLimits, Now: func() time.Time { return now }})
	send := fmt.Sprintf(`{"chat_id":%d,"text":"x"}`, group)
	for i := range 21 {
		r := call(t, s, "sendMessage", send)
		if want := i < 20; r.OK != want {
			t.Fatalf("message %d in a minute: %+v", i+1, r)
		}
		if !r.OK && (r.Code != http.StatusTooManyRequests || r.Parameters.RetryAfter < 1) {
			t.Errorf("over the limit: %+v", r)
		}
	}
	now = now.Add(time.Minute)
	if r := call(t, s, "sendMessage", send); !r.OK {
		t.Errorf("a minute later: %+v", r)
	}
}

func TestAllFormsOfACall(t *testing.T) {
	s := newTown(t, telegramtest.Options{})
	base := s.URL + "/bot" + telegramtest.DefaultToken + "/sendMessage"
	form := url.Values{"chat_id": {fmt.Sprint(group)}, "text": {"一"}}
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	parts.WriteField("chat_id", fmt.Sprint(group))
	parts.WriteField("text", "三")
	parts.Close()
	for _, do := range []func() (*http.Response, error){
		func() (*http.Response, error) { return http.PostForm(base, form) },
		func() (*http.Response, error) {
			return client.Get(base + "?" + strings.Replace(form.Encode(), "%E4%B8%80", "%E4%BA%8C", 1))
		},
		func() (*http.Response, error) { return client.Post(base, parts.FormDataContentType(), &body) },
	} {
		resp, err := do()
		if err != nil {
			t.Fatal(err)
		}
		if r := read(t, resp); !r.OK {
			t.Errorf("%+v", r)
		}
	}
	got := ""
	for _, m := range s.Shown(group) {
		got += m.Text
	}
	if got != "一二三" {
		t.Errorf("the group shows %q", got)
	}
	resp, err := client.Get(s.URL + "/bot1:wrong/getMe")
	if err != nil {
		t.Fatal(err)
	}
	if r := read(t, resp); r.Code != http.StatusUnauthorized {
		t.Errorf("a wrong token: %+v", r)
	}
}
