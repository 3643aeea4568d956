package roster

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
	"golang.org/x/time/rate"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/store"
)

// A name and a staff number are no secret, so /加入 with them only asks. What was
// typed is looked up later, by a timer: the answer to the one who asks is written
// before, and is the same for everybody.

const (
	// gathering is how long requests are gathered before the secretaries get them.
	gathering = 10 * time.Second
	// listEvery keeps the secretaries from more than one list in that time.
	listEvery = 10 * time.Minute
	// requestLife is how long a request waits.
	requestLife = 48 * time.Hour
	// asksADay bounds the requests of one account; asksForOne those for one member.
	asksADay, asksForOne = 5, 5
	// listedRequests bounds the requests in one message; the console has all.
	listedRequests = 10
)

// join binds the sender by a code: /加入 CODE. With NAME STAFFNO it asks.
func (f *Feature) join(t *engine.Turn, line command.Line) error {
	if line.Args == "" {
		return engine.Complain("member.join_how")
	}
	words := joinWords(line)
	if t.Member != nil {
		return f.joinAgain(t, line, words)
	}
	if code := command.ReadCode(line.Args); code != "" {
		done, err := f.joinByCode(t, code)
		if done || err != nil {
			return err
		}
		if len(words) < 2 {
			f.wrong.count(t, sender(t))
			return t.Say("member.join_unknown")
		}
	}
	if len(words) < 2 {
		return t.Say("member.join_unknown")
	}
	return f.ask(t, words)
}

// joinAgain is for a sender who is known.
func (f *Feature) joinAgain(t *engine.Turn, line command.Line, words []string) error {
	code := command.ReadCode(line.Args)
	if code == "" {
		return t.Say("member.joined_already", "Name", t.Member.Name)
	}
	c, err := codeOf(t.Tx, code)
	switch {
	case err != nil:
		return err
	case c == nil && len(words) < 2:
		return t.Say("member.join_unknown")
	case c == nil || c.Member == t.Member.ID:
		return t.Say("member.joined_already", "Name", t.Member.Name)
	}
	return engine.Complain("member.account_taken", "Name", t.Member.Name)
}

// joinByCode spends a code; false when it is not a good one.
func (f *Feature) joinByCode(t *engine.Turn, code string) (bool, error) {
	if f.wrong.tooMany(sender(t), t.Now) {
		return true, t.Say("member.join_wait")
	}
	m, proof, err := f.Redeem(t.Tx, code)
	if err != nil || m == nil {
		return false, err
	}
	if err := t.Lock(m.Unit); err != nil {
		return true, err
	}
	proof.Name = t.Event.From.Name
	private := chat.ChatID("")
	if t.Event.Private {
		private = t.Event.Chat
	}
	if err := f.Bind(t.Tx, t.Event.Account, t.Event.From.ID, m.ID, private, proof); err != nil {
		return true, err
	}
	u, err := f.Home(t.Tx, m)
	if err != nil {
		return true, err
	}
	if err := t.Say("member.joined", "Name", m.Name, "Unit", u.Name); err != nil {
		return true, err
	}
	return true, t.Recognised(m)
}

// joinWords are the words of a name and a number, however they are parted.
func joinWords(line command.Line) []string {
	return strings.FieldsFunc(strings.Join(line.Fields(), " "), func(r rune) bool { return strings.ContainsRune(" ,，、;；:：/|", r) })
}

// sender names the account that speaks.
func sender(t *engine.Turn) string { return string(t.Event.Account) + ":" + string(t.Event.From.ID) }

// ask keeps what somebody says of himself until it is looked up.
func (f *Feature) ask(t *engine.Turn, words []string) error {
	var asked int
	err := t.Tx.QueryRow(`SELECT COUNT(*) FROM join_request WHERE account = $1 AND user_id = $2 AND asked_at > $3`,
		t.Event.Account, t.Event.From.ID, t.Now.Add(-24*time.Hour).UnixMilli()).Scan(&asked)
	if err != nil {
		return err
	}
	if asked >= asksADay {
		return t.Say("member.asked_enough")
	}
	text := strings.Join(words, " ")
	if len(text) > 200 {
		return t.Say("member.join_unknown")
	}
	private := 0
	if t.Event.Private {
		private = 1
	}
	var id int64
	expires := t.Now.Add(requestLife)
	err = t.Tx.QueryRow(`INSERT INTO join_request (account, user_id, chat, private, name, words, state, asked_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'new', $7, $8) RETURNING id`, t.Event.Account, t.Event.From.ID, t.Event.Chat, private,
		chat.CleanName(t.Event.From.Name), text, t.Tx.Millis(), expires.UnixMilli()).Scan(&id)
	if err != nil {
		return fmt.Errorf("keep a request: %w", err)
	}
	nobody := *t
	nobody.Unit = nil // whose the request is, turns out later
	if err := nobody.At(t.Now.Add(gathering), "member", "look", "", "member:look"); err != nil {
		return err
	}
	if err := nobody.At(expires, "member", "expire", strconv.FormatInt(id, 10), fmt.Sprintf("member:expire:%d", id)); err != nil {
		return err
	}
	return t.Say("member.asked")
}

// request is a row of join_request.
type request struct {
	ID      int64
	Account chat.AccountID
	User    chat.UserID
	Chat    chat.ChatID
	Private bool
	Name    string
	words   string
	Member  int64
	Unit    string
	state   string
	AskedAt int64
	expires int64
}

// open tells whether it still waits for somebody's word.
func (r *request) open(now time.Time) bool {
	return (r.state == "secretary" || r.state == "own") && now.UnixMilli() < r.expires
}

// openRequests are those that wait for the secretaries of the unit $1 at the time $2.
const openRequests = `WHERE state = 'secretary' AND unit = $1 AND settled_at IS NULL AND expires_at > $2`

func requests(tx *store.Tx, where string, args ...any) ([]request, error) {
	rows, err := tx.Query(`SELECT id, account, user_id, chat, private, name, words, member, unit, state, asked_at, expires_at FROM join_request `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []request
	for rows.Next() {
		var r request
		var private int
		err := rows.Scan(&r.ID, &r.Account, &r.User, &r.Chat, &private, &r.Name, &r.words, &r.Member, &r.Unit, &r.state, &r.AskedAt, &r.expires)
		if err != nil {
			return nil, err
		}
		r.Private = private != 0
		all = append(all, r)
	}
	return all, rows.Err()
}

// Timer implements engine.Timed.
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error {
	switch tm.Kind {
	case "look":
		return f.look(t)
	case "requests":
		u, err := f.Unit(t.Tx, tm.Ref)
		if err != nil {
			return err
		}
		return f.tellRequests(t.In(u))
	case "expire":
		return f.expire(t, tm.Ref)
	case "bound":
		return f.tellAccounts(t, tm.Ref)
	case "returned":
		u, err := f.Unit(t.Tx, tm.Ref)
		if err != nil {
			return err
		}
		return f.tellReturned(t.In(u))
	case "bindings":
		u, err := f.Unit(t.Tx, tm.Ref)
		if err != nil {
			return err
		}
		return f.tellBindings(t.In(u))
	}
	return fmt.Errorf("unknown timer %s", tm.Kind)
}

// look finds out who those say they are who have asked since the last time.
func (f *Feature) look(t *engine.Turn) error {
	all, err := requests(t.Tx, `WHERE state = 'new' AND settled_at IS NULL ORDER BY id LIMIT 200`)
	if err != nil {
		return err
	}
	turns := map[string]*engine.Turn{} // one for each unit: it numbers what is said
	in := func(m *engine.Member) (*engine.Turn, error) {
		home, err := f.Home(t.Tx, m)
		if err == nil && turns[home.ID] == nil {
			turns[home.ID] = t.In(home)
		}
		if err != nil {
			return nil, err
		}
		return turns[home.ID], nil
	}
	for _, r := range all {
		if err := f.lookAt(t, &r, in); err != nil {
			return fmt.Errorf("look at request %d: %w", r.ID, err)
		}
	}
	return nil
}

func (f *Feature) lookAt(t *engine.Turn, r *request, in func(*engine.Member) (*engine.Turn, error)) error {
	m, err := meant(t.Tx, strings.Fields(r.words))
	if err != nil {
		return err
	}
	r.state = "nobody"
	var home *engine.Turn
	if m != nil {
		if r.state, err = f.way(t, r, m); err != nil {
			return err
		}
		if home, err = in(m); err != nil {
			return err
		}
		r.Member = m.ID
	}
	if r.state == "secretary" {
		r.Unit = home.Unit.ID
	}
	_, err = t.Tx.Exec(`UPDATE join_request SET state = $1, member = $2, unit = $3, words = '' WHERE id = $4`, r.state, r.Member, r.Unit, r.ID)
	if err != nil {
		return err
	}
	switch r.state {
	case "secretary":
		return home.At(t.Now, "member", "requests", r.Unit, "member:requests:"+r.Unit)
	case "own":
		return f.askOwn(home, r, m)
	}
	return nil
}

// way is how a request for a member can be confirmed.
func (f *Feature) way(t *engine.Turn, r *request, m *engine.Member) (string, error) {
	var before, again int
	err := t.Tx.QueryRow(`SELECT COUNT(*), COUNT(CASE WHEN account = $1 AND user_id = $2 AND settled_at IS NULL THEN 1 END) FROM join_request
		WHERE member = $3 AND asked_at > $4 AND state <> 'nobody'`, r.Account, r.User, m.ID, t.Now.Add(-24*time.Hour).UnixMilli()).Scan(&before, &again)
	if err != nil {
		return "", err
	}
	if before >= asksForOne || again > 0 {
		return "nobody", nil
	}
	accounts, err := Accounts(t.Tx, m.ID)
	if err != nil {
		return "", err
	}
	if len(accounts) > 0 {
		return "own", nil
	}
	granted, err := Granted(t.Tx, m.ID)
	if err != nil {
		return "", err
	}
	if len(granted) > 0 {
		return "nobody", nil // a code is needed
	}
	return "secretary", nil
}

// askOwn asks the member at each of their accounts.
func (f *Feature) askOwn(t *engine.Turn, r *request, m *engine.Member) error {
	return f.tellAll(t, m, "", "", func(lang string) chat.Message {
		text := func(key string) string {
			return locale.Text(lang, key, "Name", m.Name, "Account", r.Account, "User", visible(lang, r.Name))
		}
		msg := chat.Text(text("member.own_asked"))
		msg.Buttons = [][]chat.Button{{
			{Label: text("member.own_yes"), Data: fmt.Sprintf("member:mine:%d", r.ID)},
			{Label: text("member.own_no"), Data: fmt.Sprintf("member:notmine:%d", r.ID)},
		}}
		return msg
	})
}

// tellRequests gives the secretaries of t.Unit the list of those who wait, if there
// is somebody new.
func (f *Feature) tellRequests(t *engine.Turn) error {
	all, err := f.Asking(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	fresh, err := t.Tx.Exec(`UPDATE join_request SET told_at = $1 WHERE state = 'secretary' AND unit = $2 AND settled_at IS NULL AND told_at IS NULL`,
		t.Tx.Millis(), t.Unit.ID)
	if err != nil || fresh == 0 || len(all) == 0 {
		return err
	}
	if err := t.TellSecretaries(requestList(t, all)); err != nil {
		return err
	}
	return t.At(t.Now.Add(listEvery), "member", "requests", t.Unit.ID, "member:requests:"+t.Unit.ID)
}

// requestList is a message with those who wait; who has no place in it is counted.
func requestList(t *engine.Turn, all []Request) chat.Message {
	lines := []string{t.T("member.requests_head", "Unit", t.Unit.Name, "N", len(all))}
	listed := all[:min(len(all), listedRequests)]
	var buttons [][]chat.Button
	for i, r := range listed {
		lines = append(lines, t.T("member.requests_line", "N", i+1, "Name", r.Name, "Staff", r.Staff, "Account", r.Account, "User", visible(t.Lang, r.Shown)))
		n := ""
		if len(listed) > 1 {
			n = strconv.Itoa(i+1) + " "
		}
		buttons = append(buttons, []chat.Button{
			{Label: n + t.T("member.request_yes"), Data: fmt.Sprintf("member:yes:%d", r.ID)},
			{Label: n + t.T("member.request_no"), Data: fmt.Sprintf("member:no:%d", r.ID)},
		})
	}
	if len(listed) > 1 {
		buttons = append(buttons, []chat.Button{{Label: t.T("member.request_all"), Data: fmt.Sprintf("member:all:%d", listed[len(listed)-1].ID)}})
	}
	if more := len(all) - len(listed); more > 0 {
		lines = append(lines, t.T("member.requests_more", "N", more))
	}
	lines = append(lines, t.T("member.requests_foot"))
	msg := chat.Text(strings.Join(lines, "\n"))
	msg.Buttons = buttons
	return msg
}

// pressed handles the buttons of requests.
func (f *Feature) pressed(t *engine.Turn, verb string, id int64) error {
	where, args := `WHERE id = $1`, []any{id}
	if verb == "all" {
		where = `WHERE state = 'secretary' AND settled_at IS NULL AND id <= $1 AND told_at IS NOT NULL
			AND unit = (SELECT unit FROM join_request WHERE id = $1) ORDER BY id`
	}
	all, err := requests(t.Tx, where, args...)
	if err != nil {
		return err
	}
	return f.decideAll(t, all, verb, verb == "all")
}

// decideAll settles requests and says what became of each. Of several, one that cannot be
// settled does not hold up the others.
func (f *Feature) decideAll(t *engine.Turn, all []request, verb string, several bool) error {
	var said []string
	for _, r := range all {
		var line string
		err := t.Try(func() (err error) {
			line, err = f.decideOn(t, &r, verb)
			return err
		})
		var complaint *engine.Complaint
		if errors.As(err, &complaint) && several {
			line, err = t.T(complaint.Key, complaint.Args...), nil
		}
		if err != nil {
			return err
		}
		said = append(said, line)
	}
	if len(said) == 0 {
		return engine.Complain("member.request_done")
	}
	return t.Reply(chat.Text(strings.Join(said, "\n")))
}

// named is the member whom a request names; nil when they have left the roster, or for
// another unit than that whose secretaries were asked.
func (f *Feature) named(tx *store.Tx, r *request) (*engine.Member, error) {
	m, err := f.Directory.Member(tx, r.Member)
	if err != nil || m == nil || r.Unit == "" {
		return m, err
	}
	home, err := f.Home(tx, m)
	if err != nil || home.ID != r.Unit {
		return nil, err
	}
	return m, nil
}

// Asking are those who ask the secretaries of a unit to be let in, those first who have
// waited longest.
func (f *Feature) Asking(tx *store.Tx, unit string) ([]Request, error) {
	all, err := requests(tx, openRequests+` ORDER BY id`, unit, tx.Millis())
	if err != nil {
		return nil, err
	}
	out := make([]Request, 0, len(all))
	for _, r := range all {
		m, err := f.named(tx, &r)
		if err != nil {
			return nil, err
		}
		if m != nil {
			out = append(out, Request{r.ID, m.Name, m.Staff, r.Account, chat.CleanName(r.Name), r.AskedAt, r.expires})
		}
	}
	return out, nil
}

// Request is somebody who says that they are a member, and has shown nothing for it.
type Request struct {
	ID          int64
	Name, Staff string         // whom they say they are
	Account     chat.AccountID // where they ask
	Shown       string         // as that account's platform shows them, untrusted
	At, Until   int64
}

// Decide confirms or refuses requests that Asking told, by their ids.
func (f *Feature) Decide(t *engine.Turn, ids []int64, yes bool) error {
	verb := "no"
	if yes {
		verb = "yes"
	}
	var chosen []request
	for _, id := range ids {
		all, err := requests(t.Tx, `WHERE id = $1 AND state NOT IN ('new', 'nobody', 'own') AND unit = $2`, id, t.Unit.ID)
		if err != nil {
			return err
		}
		chosen = append(chosen, all...)
	}
	return f.decideAll(t, chosen, verb, len(ids) > 1)
}

// decideOn settles a request on the word of the sender, if that is theirs to give.
func (f *Feature) decideOn(t *engine.Turn, r *request, verb string) (string, error) {
	own := verb == "mine" || verb == "notmine"
	if own != (r.state == "own") || !r.open(t.Now) {
		return "", engine.Complain("member.request_done")
	}
	if own && r.Member != t.Member.ID {
		return "", engine.Complain("engine.old_button")
	}
	if !own {
		role, err := f.Role(t.Tx, t.Member, r.Unit)
		if err != nil {
			return "", err
		}
		if role < engine.Secretary {
			return "", engine.Complain("engine.secretaries_only")
		}
	}
	m, err := f.named(t.Tx, r)
	if err != nil {
		return "", err
	}
	if m == nil {
		return "", engine.Complain("member.request_done")
	}
	if err := t.Lock(m.Unit); err != nil {
		return "", err
	}
	if verb == "no" || verb == "notmine" {
		if err := f.settle(t, r, "refused"); err != nil {
			return "", err
		}
		return t.T("member.request_refused", "Name", m.Name), nil
	}
	return f.confirm(t, r, m, own)
}

// confirm binds the account of a request. What it rests on is asked again: since the
// request the member may have got an account, or an office.
func (f *Feature) confirm(t *engine.Turn, r *request, m *engine.Member, own bool) (string, error) {
	proof := Proof{How: "secretary", By: t.Member.ID, Name: r.Name}
	if own {
		opened, err := f.Via(t)
		if err != nil {
			return "", err
		}
		proof.How, proof.OpenedBy = "own_account", opened
	} else {
		way, err := f.vouchable(t.Tx, m.ID, "")
		if err != nil {
			return "", err
		}
		if way != "" {
			return "", engine.Complain(way, "Name", m.Name)
		}
	}
	private := chat.ChatID("")
	if r.Private {
		private = r.Chat
	}
	if err := f.Bind(t.Tx, r.Account, r.User, m.ID, private, proof); err != nil {
		return "", err
	}
	if err := f.settle(t, r, "confirmed"); err != nil {
		return "", err
	}
	if err := t.RecognisedAs(r.Account, r.User, m); err != nil {
		return "", err
	}
	return t.T("member.request_confirmed", "Name", m.Name), nil
}

// vouchable is why a secretary's word is not enough for a member: a key of the
// catalogue; "" when it is. Accounts at besides are not asked about.
func (f *Feature) vouchable(tx *store.Tx, id int64, besides chat.AccountID) (string, error) {
	granted, err := Granted(tx, id)
	if err != nil {
		return "", err
	}
	if len(granted) > 0 {
		return "member.needs_code", nil
	}
	accounts, err := Accounts(tx, id)
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if a.Account != besides {
			return "member.needs_own", nil
		}
	}
	return "", nil
}

// settle ends a request on somebody's word. Of a refusal the one who asked hears nothing
// until the request expires, as do those who named nobody: else it would tell who there is.
func (f *Feature) settle(t *engine.Turn, r *request, state string) error {
	_, err := t.Tx.Exec(`UPDATE join_request SET state = $1, settled_at = $2, settled_by = $3, words = '' WHERE id = $4`,
		state, t.Tx.Millis(), t.Member.ID, r.ID)
	if err != nil || state == "refused" {
		return err
	}
	if err := t.Cancel(fmt.Sprintf("member:expire:%d", r.ID)); err != nil {
		return err
	}
	m, err := Member(t.Tx, r.Member)
	if err != nil {
		return err
	}
	home, err := f.Home(t.Tx, m)
	if err != nil {
		return err
	}
	return t.TellAt(r.address(t), chat.Text(t.T("member.joined", "Name", m.Name, "Unit", home.Name)))
}

// address is where the one who asked is told: in private if the platform can.
func (r *request) address(t *engine.Turn) engine.Address {
	if r.Private || !t.Engine().Caps(r.Account, "").Direct {
		return engine.Address{Account: r.Account, Chat: r.Chat}
	}
	return engine.Address{Account: r.Account, User: r.User}
}

// expire tells that a request came to nothing: nobody gave their word, it was refused,
// or there is none of that name and number. What is told, and when, is the same for
// all of these.
func (f *Feature) expire(t *engine.Turn, ref string) error {
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		return err
	}
	all, err := requests(t.Tx, `WHERE id = $1 AND state NOT IN ('confirmed', 'expired')`, id)
	if err != nil || len(all) == 0 {
		return err
	}
	r := &all[0]
	bound, err := f.Who(t.Tx, r.Account, r.User)
	if err != nil {
		return err
	}
	var later int
	err = t.Tx.QueryRow(`SELECT COUNT(*) FROM join_request WHERE account = $1 AND user_id = $2 AND state <> 'confirmed' AND id > $3`, r.Account, r.User, r.ID).Scan(&later)
	if err != nil {
		return err
	}
	if r.state != "refused" {
		_, err := t.Tx.Exec(`UPDATE join_request SET state = 'expired', settled_at = $1, words = '' WHERE id = $2`, t.Tx.Millis(), r.ID)
		if err != nil {
			return err
		}
	}
	if bound != nil || later > 0 { // in by a code meanwhile, or asked again
		return nil
	}
	return t.TellAt(r.address(t), chat.Text(t.T("member.request_over")))
}

// wrongCodes counts the wrong codes of each sender: ten, then one more every six
// minutes. Nobody pays for others.
type wrongCodes struct {
	mu      sync.Mutex
	senders map[string]*rate.Limiter
}

func (w *wrongCodes) of(who string) *rate.Limiter {
	if w.senders == nil || len(w.senders) > 10_000 { // strangers must not fill the memory
		w.senders = map[string]*rate.Limiter{}
	}
	if w.senders[who] == nil {
		w.senders[who] = rate.NewLimiter(rate.Every(6*time.Minute), 10)
	}
	return w.senders[who]
}

func (w *wrongCodes) tooMany(who string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.of(who).TokensAt(now) < 1
}

// count takes a try once it is stored that it was made.
func (w *wrongCodes) count(t *engine.Turn, who string) {
	now := t.Now
	t.Tx.AfterCommit(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.of(who).AllowN(now, 1)
	})
}

// meant is the member whom the words of a request name: the name, which may have
// blanks, and the staff number, before it or behind; nil when there is none.
func meant(tx *store.Tx, words []string) (*engine.Member, error) {
	last := len(words) - 1
	for _, try := range []struct{ name, staff string }{
		{strings.Join(words[:last], ""), words[last]},
		{strings.Join(words[1:], ""), words[0]},
	} {
		for _, staff := range staffForms(try.staff) {
			m, err := ByStaff(tx, staff)
			if err != nil {
				return nil, err
			}
			if m != nil && sameName(m.Name, try.name) {
				return m, nil
			}
		}
	}
	return nil, nil
}

// staffForms are the ways in which a roster may have a staff number.
func staffForms(staff string) []string {
	folded := width.Narrow.String(norm.NFKC.String(staff))
	return []string{staff, folded, strings.ToUpper(folded), strings.ToLower(folded), width.Widen.String(folded)}
}

// sameName tells whether a name is another one as people write it: blanks, the dot
// in names, full width and capitals are no difference.
func sameName(a, b string) bool {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			switch {
			case strings.ContainsRune("·・•‧∙⋅.．。", r), unicode.IsSpace(r):
				return -1
			}
			return unicode.ToLower(r)
		}, norm.NFKC.String(s))
	}
	return plain(a) == plain(b)
}
