package telegramtest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// waiting is an update that was not confirmed.
type waiting struct {
	id   int64
	json []byte
}

type webhook struct {
	url, secret string
	failed      string
	failedAt    time.Time
}

// put adds an update of a kind; the caller holds the lock.
func (s *Server) put(kind string, value any) {
	if kind == "chat_member" && !s.allowed[kind] || s.allowed != nil && !s.allowed[kind] {
		return
	}
	s.next.update++
	text, err := json.Marshal(map[string]any{"update_id": s.next.update, kind: value})
	if err != nil {
		panic(err)
	}
	s.updates = append(s.updates, waiting{s.next.update, text})
	s.wake()
}

func (s *Server) wake() {
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// Pending counts the updates that were not confirmed.
func (s *Server) Pending() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.updates) }

// Again delivers the newest update once more under a new id, as Telegram does
// now and then.
func (s *Server) Again() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		return
	}
	s.next.update++
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(s.last, &fields); err != nil {
		panic(err)
	}
	fields["update_id"], _ = json.Marshal(s.next.update)
	text, _ := json.Marshal(fields)
	s.updates = append(s.updates, waiting{s.next.update, text})
	s.wake()
}

var errConflict = &refused{code: 409, text: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"}

func (s *Server) getUpdates(ctx context.Context, p values) (any, *refused) {
	s.mu.Lock()
	if s.webhook.url != "" {
		s.mu.Unlock()
		return nil, &refused{code: 409, text: "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"}
	}
	if !s.allow(p) {
		s.mu.Unlock()
		return nil, bad("can't parse allowed_updates JSON object")
	}
	s.confirm(p.number("offset"))
	close(s.polling) // another one ends
	mine := make(chan struct{})
	s.polling = mine
	s.mu.Unlock()

	timeout := time.NewTimer(time.Duration(min(p.number("timeout"), 50)) * time.Second)
	defer timeout.Stop()
	limit := int(p.number("limit"))
	if limit <= 0 || limit > 100 {
		limit = 100
	}
	for {
		s.mu.Lock()
		list, arrived, revoked, poll := s.list(limit), s.arrived, s.revoked, s.webhook.url == ""
		s.mu.Unlock()
		switch {
		case revoked:
			return nil, &refused{code: 401, text: "Unauthorized"}
		case !poll:
			return nil, errConflict
		case len(list) > 0:
			return joined(list), nil
		}
		select {
		case <-arrived:
		case <-timeout.C:
			return json.RawMessage("[]"), nil
		case <-mine:
			return nil, errConflict
		case <-ctx.Done():
			return json.RawMessage("[]"), nil
		case <-s.closing:
			return json.RawMessage("[]"), nil
		}
	}
}

func (s *Server) list(limit int) [][]byte {
	var list [][]byte
	for _, u := range s.updates[:min(limit, len(s.updates))] {
		list = append(list, u.json)
	}
	return list
}

func joined(list [][]byte) json.RawMessage {
	return slices.Concat([]byte("["), bytes.Join(list, []byte(",")), []byte("]"))
}

// confirm forgets what lies below the offset; a negative one keeps the last few.
func (s *Server) confirm(offset int64) {
	if offset < 0 {
		s.updates = s.updates[max(0, len(s.updates)+int(offset)):]
		return
	}
	for len(s.updates) > 0 && s.updates[0].id < offset {
		s.last = s.updates[0].json
		s.updates = s.updates[1:]
	}
}

// allow remembers which updates are wanted; without the parameter, those that
// were wanted before.
func (s *Server) allow(p values) bool {
	var list []string
	if !p.decode("allowed_updates", &list) {
		return false
	}
	if list != nil {
		s.allowed = map[string]bool{}
		for _, kind := range list {
			s.allowed[kind] = true
		}
	}
	return true
}

func (s *Server) setWebhook(p values) (any, *refused) {
	if !s.allow(p) {
		return nil, bad("can't parse allowed_updates JSON object")
	}
	s.webhook = webhook{url: p.text["url"], secret: p.text["secret_token"]}
	s.wake()
	return true, nil
}

// SetWebhook leaves a webhook behind, as another program may have.
func (s *Server) SetWebhook(url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook = webhook{url: url, secret: secret}
}

// Raw puts in an update as it is, of a higher id than all before.
func (s *Server) Raw(update string) {
	var u struct {
		ID int64 `json:"update_id"`
	}
	if err := json.Unmarshal([]byte(update), &u); err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next.update = u.ID
	s.updates = append(s.updates, waiting{u.ID, []byte(update)})
	s.wake()
}

func (s *Server) webhookInfo(values) (any, *refused) {
	info := map[string]any{"url": s.webhook.url, "has_custom_certificate": false, "pending_update_count": len(s.updates)}
	if s.webhook.failed != "" {
		info["last_error_message"], info["last_error_date"] = s.webhook.failed, s.webhook.failedAt.Unix()
	}
	return info, nil
}

// Deliver calls the webhook with what waits, oldest first, each until it is
// taken or ctx ends. It returns how many were taken. Telegram does so by itself
// and repeats with pauses.
func (s *Server) Deliver(ctx context.Context) int {
	for n := 0; ; n++ {
		s.mu.Lock()
		hook := s.webhook
		var u waiting
		if len(s.updates) > 0 {
			u = s.updates[0]
		}
		s.mu.Unlock()
		if u.json == nil || hook.url == "" || ctx.Err() != nil {
			return n
		}
		problem := s.call(ctx, hook, u.json)
		s.mu.Lock()
		if problem != "" {
			s.webhook.failed, s.webhook.failedAt = problem, s.o.Now()
			s.mu.Unlock()
			return n
		}
		s.updates = slices.DeleteFunc(s.updates, func(w waiting) bool { return w.id == u.id })
		s.last = u.json
		s.mu.Unlock()
	}
}

// call is one call of the webhook; "" when the update was taken.
func (s *Server) call(ctx context.Context, hook webhook, update []byte) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.url, bytes.NewReader(update))
	if err != nil {
		return err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Telegram-Bot-Api-Secret-Token", hook.secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return "Wrong response from the webhook: " + resp.Status
	}
	return ""
}

// Forget drops all updates that wait.
func (s *Server) Forget() { s.mu.Lock(); defer s.mu.Unlock(); s.updates = nil }
