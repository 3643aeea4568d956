package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/locale"
	"branchbot/store"
)

// Sender drains the letters of one account.
type Sender struct {
	out     *Outbox
	adapter chat.Adapter
	media   func(ref string) (data []byte, mediaType string, err error)
	log     *slog.Logger

	mu     sync.Mutex
	busy   map[chat.ChatID]bool // chats with a send under way
	lanes  lanes
	pace   *pace                     // of the account
	groups map[chat.ChatID]time.Time // when each group may get its next message
	pause  time.Time                 // the platform asked the whole account to wait until then
	// limited is the group that the platform refused last for its rate, until anything is
	// taken: another one that is refused as well shows that the account is meant.
	limited chat.ChatID
	looked  time.Time // when it was looked for letters that wait for long
	unsure  bool      // a message is of unknown fate: the platform is asked before the next one
	pings   int       // how often it has not answered
	lacking map[chat.ChatID]lacking
}

// lacking is what a group has refused, and until when it is not tried again: its
// administrators may change what it takes.
type lacking struct {
	what  chat.Lacks
	until time.Time
}

// lackFor is how long what a group lacks is remembered.
const lackFor = time.Hour

// attempts is how often a letter is tried whose chat moves time and again, or
// whose fate is unknown on a platform that shows it once.
const attempts = 8

// sendTimeout bounds one call of the platform; what takes longer is MaybeSent.
const sendTimeout = 30 * time.Second

// Role is that of the process which receives and sends for an account.
func Role(account chat.AccountID) string { return "account:" + string(account) }

// write is a transaction of the sender: refused when another process has it by now.
func (s *Sender) write(f func(*store.Tx) error) error {
	return s.out.db.WriteAs(Role(s.adapter.ID()), f)
}

// Sender makes the sender of an account. media finds the bytes of a picture.
func (o *Outbox) Sender(a chat.Adapter, media func(string) ([]byte, string, error), log *slog.Logger) *Sender {
	return &Sender{out: o, adapter: a, media: media, log: log,
		busy: map[chat.ChatID]bool{}, groups: map[chat.ChatID]time.Time{}, lacking: map[chat.ChatID]lacking{}, pace: newPace(a.Caps("").Pace)}
}

// workers is how many chats are served at a time, so that one slow chat does
// not hold up the others.
const workers = 16

// Run sends until ctx ends; sends under way are finished first.
func (s *Sender) Run(ctx context.Context) error {
	s.mu.Lock()
	s.lanes = lanes{} // another process may have sent since
	s.mu.Unlock()
	if err := s.Recover(); err != nil {
		return err
	}
	slots := make(chan struct{}, workers)
	var wg sync.WaitGroup
	defer wg.Wait()
	for ctx.Err() == nil {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		if err := s.stuck(); err != nil {
			s.log.Error("outbox", "account", s.adapter.ID(), "error", err)
		}
		l, wait, err := s.claim(ctx)
		if err != nil {
			s.log.Error("outbox", "account", s.adapter.ID(), "error", err)
			wait = time.Second
		}
		if l == nil {
			<-slots
			s.sleep(ctx, wait)
			continue
		}
		wg.Go(func() {
			defer func() { <-slots; poke(s.out.wake[s.adapter.ID()]) }()
			s.deliver(context.WithoutCancel(ctx), l)
		})
	}
	return nil
}

// Recover deals with what an earlier run left half-sent.
func (s *Sender) Recover() error {
	if err := s.count(); err != nil {
		return err
	}
	if err := s.knowRefusing(); err != nil {
		return err
	}
	return s.write(func(tx *store.Tx) error {
		return s.out.recover(tx, s.adapter.ID(), func(c chat.ChatID) bool { return s.adapter.Caps(c).Idempotent })
	})
}

// Drain sends what is due now, one after the other, and returns how many
// letters that were; for a program that does not Run the sender (rehearsal).
func (s *Sender) Drain(ctx context.Context) (int, error) { return s.DrainSome(ctx, math.MaxInt) }

// DrainSome is Drain for at most so many letters.
func (s *Sender) DrainSome(ctx context.Context, most int) (int, error) {
	for n := 0; ; n++ {
		if n == most {
			return n, nil
		}
		if err := s.stuck(); err != nil {
			return n, err
		}
		l, _, err := s.claim(ctx)
		if l == nil || err != nil {
			return n, err
		}
		s.deliver(ctx, l)
	}
}

// NextDue is how long until a waiting letter may be sent; false when none waits.
func (s *Sender) NextDue() (wait time.Duration, waiting bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.out.db.Now()
	if err := s.sync(now); err != nil {
		return 0, false, err
	}
	free := s.pace.wait(now)
	for _, h := range s.lanes.heads {
		w := max(s.ready(h).Sub(now), free)
		if !waiting || w < wait {
			wait, waiting = w, true
		}
	}
	return wait, waiting, nil
}

// sync brings the lanes up to date.
func (s *Sender) sync(now time.Time) error {
	return s.lanes.sync(s.out.db, s.adapter.ID(), s.out.touched[s.adapter.ID()], now)
}

func (s *Sender) sleep(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(min(wait, time.Second)) // polling is the truth, waking a hint
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-s.out.wake[s.adapter.ID()]:
	}
}

// claim marks the most urgent letter that may be sent now as sending. nil when
// there is none; then wait is how long until one may be.
func (s *Sender) claim(ctx context.Context) (claimed *Letter, wait time.Duration, err error) {
	s.ping(ctx)
	// Held while reading, so that a letter whose lane is not busy is seen as its
	// last send left it.
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.out.db.Now()
	if wait := max(s.pace.wait(now), s.pause.Sub(now)); wait > 0 {
		return nil, wait, nil
	}
	if err := s.sync(now); err != nil {
		return nil, time.Second, err
	}
	for {
		h, next := s.lanes.next(now)
		switch {
		case h == nil && next.IsZero():
			return nil, time.Second, nil
		case h == nil:
			return nil, min(time.Second, next.Sub(now)), nil
		case s.busy[h.key.busyKey()]: // the end of that send wakes this one up
			s.lanes.wait(h, now.Add(20*time.Millisecond))
			continue
		}
		if at := s.ready(h); at.After(now) {
			s.lanes.wait(h, at)
			continue
		}
		l, err := s.claimHead(h)
		if err != nil {
			s.lanes.heads = nil // whatever it was: read anew
			return nil, time.Second, err
		}
		if l == nil { // overtaken in this moment, too late, or of unknown fate
			if err := s.sync(now); err != nil {
				return nil, time.Second, err
			}
			continue
		}
		l.Attempts++
		s.busy[lane(l)] = true
		s.pace.leave(now)
		if every := s.adapter.Caps(l.Chat).Pace.ChatEvery; every > 0 {
			s.groups[lane(l).Group()] = now.Add(every)
		}
		return l, 0, nil
	}
}

// pingTimeout bounds the question whether a platform answers, and pingEvery is how long
// it is left alone at most before the next one: so the end of an outage is soon known.
const (
	pingTimeout = 10 * time.Second
	pingEvery   = time.Minute
)

// ping asks a platform, after a message of unknown fate, whether it answers, and lets the
// account rest while it does not. So an outage costs the few messages that were under way,
// and what is repeated does not go where the first one went.
func (s *Sender) ping(ctx context.Context) {
	p, ok := s.adapter.(chat.Pinger)
	now := s.out.db.Now()
	s.mu.Lock()
	ask := ok && s.unsure && !now.Before(s.pause)
	s.mu.Unlock()
	if !ask {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	err := p.Ping(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if class := chat.ClassOf(err); err != nil && (class == chat.Temporary || class == chat.MaybeSent) {
		s.pings++
		s.pause = now.Add(min(backoff(s.pings), pingEvery))
		return
	}
	s.unsure, s.pings = false, 0
}

// claimHead takes the first letter of a lane; nil when it is not to be sent.
func (s *Sender) claimHead(h *head) (claimed *Letter, err error) {
	err = s.write(func(tx *store.Tx) error {
		claimed = nil
		found, err := letters(tx, `WHERE id = $1`, h.id)
		if err != nil || len(found) == 0 {
			return err
		}
		l := &found[0]
		switch {
		case laneOf(l) != h.key || l.State != Pending && l.State != Sending: // another process has changed it
			s.out.touch(tx, l.Account, laneOf(l), true)
		case l.State == Sending: // it was sent, or not: its fate could not be stored
			err = s.out.uncertain(tx, l, s.adapter.Caps(l.Chat).Idempotent, "what became of it could not be stored")
		default:
			var yes bool
			if yes, err = s.out.tooLate(tx, l, s.adapter.Caps(l.Chat).Pace); err != nil || yes {
				return err
			}
			if yes, err = take(tx, l.ID); yes {
				claimed = l
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if claimed == nil {
		s.out.touched[s.adapter.ID()].add(h.key) // there is another first letter now
	}
	return claimed, nil
}

// ready is when the first letter of a lane may leave.
func (s *Sender) ready(h *head) time.Time {
	at := h.notBefore
	for _, t := range []time.Time{s.pause, s.groups[h.key.busyKey().Group()]} {
		if t.After(at) {
			at = t
		}
	}
	return at
}

func lane(l *Letter) chat.ChatID { return laneOf(l).busyKey() }

func laneOf(l *Letter) laneKey { return laneKey{l.Chat, l.User} }

// deliver sends a claimed letter and stores what became of it.
func (s *Sender) deliver(ctx context.Context, l *Letter) {
	defer func() {
		s.out.touched[s.adapter.ID()].add(laneOf(l)) // also when its fate could not be stored
		s.mu.Lock()
		delete(s.busy, lane(l))
		s.mu.Unlock()
		s.arrived(l, 0) // if it never left
	}()
	err := s.send(ctx, l)
	if err == nil {
		return
	}
	if err := s.failed(l, err); err != nil {
		// The letter stays "sending" and is dealt with at the next start.
		s.log.Error("store the fate of a letter", "account", l.Account, "letter", l.ID, "error", err)
	}
}

// arrived notes, once, that the platform has answered to a letter; see pace.arrived.
func (s *Sender) arrived(l *Letter, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !l.answered {
		l.answered = true
		s.pace.arrived(s.out.db.Now(), took)
	}
}

// send renders a letter and sends its parts that have no receipt yet.
func (s *Sender) send(ctx context.Context, l *Letter) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	to, err := s.address(ctx, l)
	if err != nil {
		return err
	}
	if l.Class == Ending {
		return s.end(ctx, l, to)
	}
	if err := s.out.open(l); err != nil {
		return &chat.SendError{Class: chat.BadPart, Err: err}
	}
	if err := s.spare(l, to); err != nil {
		return err
	}
	caps := s.adapter.Caps(to)
	r, err := chat.Render(s.marked(l, caps), caps, Words(l.Language))
	if err != nil {
		return &chat.SendError{Class: chat.BadPart, Err: err}
	}
	if l.Class == Progress || l.Class == Digest {
		done, err := s.edit(ctx, l, to, caps, r)
		if done || err != nil {
			return err
		}
	}
	sent := l.parts - l.before
	if sent >= len(r.Parts) { // all of it is there: the platform takes more in one message than it did
		return s.settled(l, Sent, "")
	}
	for n := sent; n < len(r.Parts); n++ {
		if n > sent && caps.Pace != (chat.Pace{}) { // each part waits for its turn
			return s.write(func(tx *store.Tx) error { return rest(tx, l.ID) })
		}
		if err := s.part(ctx, l, to, n, r); err != nil {
			return s.lesser(l, to, r.Parts[:n+1], err)
		}
	}
	return nil
}

// spare takes out of a message what its chat has refused lately.
func (s *Sender) spare(l *Letter, to chat.ChatID) error {
	s.mu.Lock()
	known := s.lacking[to.Group()]
	s.mu.Unlock()
	if known.what == 0 || l.parts > l.before || !s.out.db.Now().Before(known.until) {
		return nil
	}
	m, changed := l.Message.Without(known.what, Words(l.Language))
	if !changed {
		return nil
	}
	return s.write(func(tx *store.Tx) error { return s.out.rewrite(tx, l, m, l.parts) })
}

// lesser has a letter go on with something lesser in the place of the last of these parts,
// which was refused for what it is; else it returns the error.
func (s *Sender) lesser(l *Letter, to chat.ChatID, parts []chat.Part, err error) error {
	last := len(parts) - 1
	switch chat.ClassOf(err) {
	case chat.Unsupported, chat.BadPart, chat.TooBig:
	default:
		return err
	}
	if hidden := (*hiddenError)(nil); parts[last].Lack() == 0 || errors.As(err, &hidden) {
		return err
	}
	m, ok := l.Message.Rest(parts[:last], parts[last], Words(l.Language))
	if !ok {
		return err
	}
	s.log.Info("sent as something lesser", "account", l.Account, "letter", l.ID, "error", err)
	now := s.out.db.Now()
	if chat.ClassOf(err) == chat.Unsupported {
		s.mu.Lock()
		known := s.lacking[to.Group()]
		s.lacking[to.Group()] = lacking{known.what | parts[last].Lack(), now.Add(lackFor)}
		s.mu.Unlock()
	}
	return s.write(func(tx *store.Tx) error {
		if err := s.out.rewrite(tx, l, m, l.before+last); err != nil {
			return err
		}
		return rest(tx, l.ID)
	})
}

// address opens the private chat of a user who has not been seen in one.
func (s *Sender) address(ctx context.Context, l *Letter) (chat.ChatID, error) {
	if l.Chat != "" {
		return l.Chat, nil
	}
	d, ok := s.adapter.(chat.Directer)
	if !ok {
		return "", &chat.SendError{Class: chat.Unsupported, Err: errors.New("no private chat is known")}
	}
	return d.Direct(ctx, l.User)
}

// marked is the message, with the mark of a repetition where it is one, and
// with how to answer it in words where the bot does not hear all words.
func (s *Sender) marked(l *Letter, caps chat.Caps) chat.Message {
	m := l.Message
	switch waited := l.Reason.refusal() && s.out.db.Now().Sub(l.Created) >= late; {
	case waited && l.closed:
		m.Buttons, m.Hint = nil, ""
		m.Spans = append([]chat.Span{{Text: locale.Text(l.Language, "outbox.again_closed")}}, m.Spans...)
	case strings.HasSuffix(l.Key, repeated), waited && l.Class == Notice:
		m.Spans = append([]chat.Span{{Text: locale.Text(l.Language, "outbox.again")}}, m.Spans...)
	}
	if l.Prompt != 0 && !l.closed && caps.AddressedOnly && len(m.Buttons) == 0 {
		m.Spans = append(m.Spans[:len(m.Spans):len(m.Spans)], chat.Span{Text: "\n" + locale.Text(l.Language, "outbox.quote")})
	}
	return m
}

// hiddenError is of a picture that we have not, or that must not be seen (any more): nothing
// else takes its place.
type hiddenError struct {
	ref string
	err error
}

func (e *hiddenError) Error() string { return fmt.Sprintf("picture %s: %v", e.ref, e.err) }

// part sends one part and stores its receipt; with the last one the letter is
// sent.
func (s *Sender) part(ctx context.Context, l *Letter, to chat.ChatID, n int, r chat.Rendered) error {
	p := r.Parts[n]
	p.Key = fmt.Sprintf("%d:%d", l.ID, l.before+n)
	if p.Media != nil {
		data, mediaType, err := s.media(p.Media.Ref)
		if err != nil {
			return &chat.SendError{Class: chat.BadPart, Err: &hiddenError{p.Media.Ref, err}}
		}
		m := *p.Media
		m.Data, m.Type = data, mediaType
		if m.AsFile {
			m.Name = strings.Replace(mediaType, "/", ".", 1) // image.png
		}
		p.Media = &m
	}
	left := s.out.db.Now()
	got, err := s.adapter.Send(ctx, to, p)
	took := s.out.db.Now().Sub(left)
	if err != nil || p.Media != nil {
		took = 0
	}
	s.arrived(l, took)
	if err != nil {
		return err
	}
	s.accepted()
	return s.write(func(tx *store.Tx) error {
		if err := receipt(tx, l, l.before+n, to, got); err != nil {
			return err
		}
		if n < len(r.Parts)-1 {
			return nil
		}
		if err := bind(tx, l, to, r.Bindings); err != nil {
			return err
		}
		if err := s.taken(tx, l, to); err != nil {
			return err
		}
		return s.out.settle(tx, l, Sent, "")
	})
}

// edit puts a count in the place of its thread's message. true: the letter is
// dealt with.
func (s *Sender) edit(ctx context.Context, l *Letter, to chat.ChatID, caps chat.Caps, r chat.Rendered) (bool, error) {
	editor, ok := s.adapter.(chat.Editor)
	if !caps.Edit || !ok || len(r.Parts) != 1 {
		if l.Class == Digest {
			return false, nil
		}
		return true, s.settled(l, Skipped, "this chat cannot edit")
	}
	old, _, err := s.shown(l)
	if err != nil || old == "" {
		return false, err
	}
	err = editor.Edit(ctx, to, old, r.Parts[0])
	s.arrived(l, 0)
	switch class := chat.ClassOf(err); {
	case err == nil:
	case class == chat.NotThere: // it becomes a message of its own
		s.mu.Lock()
		l.answered = false
		s.pace.leave(s.out.db.Now())
		s.mu.Unlock()
		return false, nil
	case class == chat.MaybeSent: // an edit may be done twice
		return false, &chat.SendError{Class: chat.Temporary, Err: err}
	default:
		return false, err
	}
	return true, s.write(func(tx *store.Tx) error {
		if err := receipt(tx, l, 0, to, chat.Receipt{Message: old}); err != nil {
			return err
		}
		return s.out.settle(tx, l, Sent, "")
	})
}

// accepted notes that the platform takes messages.
func (s *Sender) accepted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limited = ""
}

func (s *Sender) shown(l *Letter) (id chat.MessageID, poll bool, err error) {
	err = s.out.db.Read(func(tx *store.Tx) (err error) { id, poll, err = shown(tx, l); return err })
	return id, poll, err
}

// end ends the poll of a letter's thread, where there is one.
func (s *Sender) end(ctx context.Context, l *Letter, in chat.ChatID) error {
	closer, ok := s.adapter.(chat.PollCloser)
	id, poll, err := s.shown(l)
	if err != nil {
		return err
	}
	if !ok || !poll {
		return s.settled(l, Skipped, "there is no poll here")
	}
	if err := closer.ClosePoll(ctx, in, id); err != nil {
		return err
	}
	return s.settled(l, Sent, "")
}

func (s *Sender) settled(l *Letter, state State, problem string) error {
	return s.write(func(tx *store.Tx) error { return s.out.settle(tx, l, state, problem) })
}

// failed acts on the class of a send error, on nothing else.
func (s *Sender) failed(l *Letter, err error) error {
	class := chat.ClassOf(err)
	s.log.Warn("not sent", "account", l.Account, "letter", l.ID, "class", class, "attempt", l.Attempts, "error", err)
	var se *chat.SendError
	errors.As(err, &se)
	now := s.out.db.Now()
	waited := l.Reason
	l.Reason = reasonOf(err)
	switch class {
	case chat.Forbidden, chat.ChatGone:
		return s.refused(l, l.Reason, err.Error())
	case chat.RateLimited:
		wait := se.After
		if wait <= 0 {
			wait = 5 * time.Second
		}
		at := now.Add(min(wait, day)) // an absurd value must not silence anybody for ever
		if !s.limit(lane(l).Group(), at, se.Account) {
			l.Reason = ChatLimited
		}
		return s.later(l, waited, at, err)
	case chat.LoggedOut:
		return s.later(l, waited, now.Add(30*time.Second), err) // for somebody to log in
	case chat.Temporary:
		return s.later(l, waited, now.Add(backoff(l.Attempts)), err)
	case chat.ChatMoved:
		if l.Chat == "" || se.To == "" || l.Attempts >= attempts {
			break // "" is no chat: it stands for everybody's private one
		}
		return s.write(func(tx *store.Tx) error {
			if err := mark(tx, l.ID, Pending, tx.Now, err.Error()); err != nil {
				return err
			}
			return s.out.Moved(tx, l.Account, l.Chat, se.To)
		})
	case chat.MaybeSent:
		s.mu.Lock()
		s.unsure = true
		s.mu.Unlock()
		return s.write(func(tx *store.Tx) error {
			if s.adapter.Caps(l.Chat).Idempotent && l.Attempts < attempts {
				return mark(tx, l.ID, Pending, tx.Now.Add(backoff(l.Attempts)), err.Error())
			}
			return s.out.uncertain(tx, l, false, err.Error())
		})
	}
	return s.settled(l, Dead, err.Error())
}

// limit lets a group rest until a time; the whole account, and tells so, if the platform
// says so, or if another group was refused just before.
func (s *Sender) limit(group chat.ChatID, until time.Time, account bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups[group] = until
	account = account || s.limited != "" && s.limited != group && s.groups[s.limited].After(s.out.db.Now())
	if account {
		s.pause = until
	}
	s.limited = group
	return account
}

// later tries a letter once more at a time, if it is of use then.
func (s *Sender) later(l *Letter, waited Reason, at time.Time, err error) error {
	if at.After(l.deadline()) {
		return s.settled(l, Dead, err.Error())
	}
	return s.write(func(tx *store.Tx) error {
		if err := mark(tx, l.ID, Pending, at, err.Error()); err != nil {
			return err
		}
		if at.Sub(l.Created) < late || l.Reason == waited {
			return nil
		}
		// It will have waited for long by then, and is told of now.
		if _, err := tx.Exec(`UPDATE outbox SET reason = $1 WHERE id = $2`, l.Reason, l.ID); err != nil {
			return err
		}
		l.State, l.Retry = Pending, at
		return s.out.undelivered(tx, l)
	})
}

// backoff is 1 s, 2 s, 4 s … up to 5 min, each with up to a quarter more so
// that lanes do not all come back at once.
func backoff(attempt int) time.Duration {
	d := min(time.Second<<min(max(attempt-1, 0), 10), 5*time.Minute)
	return d + rand.N(d/4)
}

// Words are what Render adds to a message.
func Words(lang string) chat.Words {
	return chat.Words{
		Picture: locale.Text(lang, "outbox.picture"),
		File:    locale.Text(lang, "outbox.file"),
		Choose:  locale.Text(lang, "outbox.choose"),
	}
}
