package survey_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/feature/delivery"
	"branchbot/bot/feature/misconduct"
	"branchbot/bot/feature/survey"
	"branchbot/bot/keystore"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
	"branchbot/store"
	"branchbot/store/storetest"
)

const voters = 40

// right is how many of forty ballots an adversary who guesses at random gives
// to the right voter, at most: nine or more happen once in a million times.
const right = 8

// keys is what the feature and the outbox need of a ring.
type keys interface {
	survey.Keys
	outbox.Keys
}

// openly seals nothing: the leak that the adversary must find.
type openly struct{}

func (openly) Make() (string, error)                        { return "none", nil }
func (openly) Seal(_ string, plain []byte) ([]byte, error)  { return plain, nil }
func (openly) Open(_ string, sealed []byte) ([]byte, error) { return sealed, nil }
func (openly) Destroy(string) error                         { return nil }

// platform shows each voter his messages, and remembers them as only he does.
type platform struct {
	chat.Adapter
	private map[chat.ChatID]string // the last message there
}

func (p *platform) ID() chat.AccountID         { return "acc" }
func (p *platform) Caps(chat.ChatID) chat.Caps { return chat.Caps{Buttons: true} }
func (p *platform) Send(_ context.Context, to chat.ChatID, part chat.Part) (chat.Receipt, error) {
	p.private[to] = part.Plain()
	return chat.Receipt{Message: chat.MessageID(fmt.Sprintf("m%d", rand.Int()))}, nil
}

// scene is a vote of forty people in a real bot, with all that an adversary
// may have got hold of.
type scene struct {
	t        *testing.T
	db       *store.DB
	keys     keys
	now      time.Time
	engine   *engine.Engine
	sender   *outbox.Sender
	platform *platform
	log      bytes.Buffer
	events   int

	truth    map[string]string // receipt → chat of the voter
	choice   map[string]string // receipt → choice
	order    []string          // chats in the order of voting
	exhibits map[string][]byte // files by name
	journal  string            // of PostgreSQL: the segment of its journal in which the vote began
	together map[string]guess  // of PostgreSQL: what was written in one transaction, by the time of the look
	sizes    []string          // of what is sealed, before the close
}

func newScene(t *testing.T, e storetest.Engine, ring func(path string) keys) *scene {
	t.Helper()
	s := &scene{t: t, now: time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC), truth: map[string]string{}, choice: map[string]string{},
		exhibits: map[string][]byte{}, together: map[string]guess{}, platform: &platform{private: map[chat.ChatID]string{}}}
	var err error
	s.db, err = e.Opener(t)(store.Options{Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	d := roster.NewDirectory()
	unit := roster.UnitConfig{ID: "demo", Name: "示范党支部", Kind: "branch", Timezone: "Asia/Shanghai", Language: "zh-CN", Chats: []string{"acc:group"}}
	for i := range voters {
		m := roster.MemberConfig{Name: fmt.Sprintf("党员%02d", i), Staff: fmt.Sprintf("%04d", i), Status: "full"}
		if i == 0 {
			m.Roles = []string{"secretary"}
		}
		unit.Members = append(unit.Members, m)
	}
	err = s.db.Write(func(tx *store.Tx) error {
		if err := d.Setup(tx, []roster.UnitConfig{unit}); err != nil {
			return err
		}
		for i := range voters {
			if err := d.Bind(tx, "acc", user(i), int64(i+1), private(i), roster.Proof{How: "program"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.keys = ring(s.db.Path())
	log := slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	out := outbox.New(s.db, "acc")
	out.Keys = s.keys
	s.engine = engine.New(engine.Options{DB: s.db, Directory: d, Outbox: out, Log: log, Language: "zh-CN",
		Features: []engine.Feature{&survey.Feature{Keys: s.keys, Reports: &misconduct.Feature{Keys: s.keys}}, &delivery.Feature{}}})
	s.sender = out.Sender(s.platform, nil, log)
	return s
}

func user(i int) chat.UserID    { return chat.UserID(fmt.Sprintf("u%02d", i)) }
func private(i int) chat.ChatID { return chat.ChatID(fmt.Sprintf("dm-u%02d", i)) }

func (s *scene) say(i int, text, press string) {
	s.t.Helper()
	s.events++
	ev := chat.Event{Key: fmt.Sprintf("ev%d", s.events), Kind: chat.Said, Chat: private(i), Private: true,
		From: chat.User{ID: user(i)}, Text: text}
	if press != "" {
		ev.Kind, ev.Data, ev.Text = chat.Pressed, press, ""
	}
	if err := s.engine.Handle("acc", "", ev); err != nil {
		s.t.Fatal(err)
	}
	s.now = s.now.Add(time.Duration(100+rand.IntN(900)) * time.Millisecond)
	s.settle()
}

func (s *scene) settle() {
	s.t.Helper()
	for {
		fired, err := s.engine.FireDue()
		if err != nil {
			s.t.Fatal(err)
		}
		sent, err := s.sender.Drain(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if fired+sent == 0 {
			return
		}
	}
}

var receipt = regexp.MustCompile(`\b[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}\b`)

// receipts are the places of the receipts in megabytes of data, in which the expression
// alone would search for minutes.
func receipts(data []byte) (places [][]int) {
	for dash := 0; ; dash++ {
		next := bytes.IndexByte(data[dash:], '-')
		if next < 0 {
			return places
		}
		dash += next
		from, to := max(dash-6, 0), min(dash+7, len(data)) // and a byte before and after it
		if at := receipt.FindIndex(data[from:to]); at != nil {
			places = append(places, []int{from + at[0], from + at[1]})
		}
	}
}

// hold holds the vote and collects what an adversary can.
func (s *scene) hold() {
	s.t.Helper()
	if s.db.Postgres() {
		s.keepJournal()
		s.journal = s.column(`SELECT pg_walfile_name(pg_current_wal_lsn())`)[0]
	}
	s.say(0, "/投票 截止 1小时 换届方式\n甲\n乙\n丙\n丁", "")
	for n, i := range rand.Perm(voters) {
		choice := string(rune('A' + rand.IntN(4)))
		if n%2 == 0 {
			s.say(i, "/投票", "")
			s.say(i, choice, "")
			s.say(i, "确认", "")
		} else {
			s.say(i, "", "survey:go:1")
			s.say(i, "", "survey:pick:1:0:"+choice)
			s.say(i, "", "survey:cast:1")
		}
		code := receipt.FindString(s.platform.private[private(i)])
		if code == "" {
			s.t.Fatalf("voter %d has no receipt: %s", i, s.platform.private[private(i)])
		}
		s.truth[code], s.choice[code] = string(private(i)), choice
		s.order = append(s.order, string(private(i)))
		if n == voters/2 {
			s.seize("middle")
		}
	}
	s.seize("before")
	s.sizes = s.column(`SELECT DISTINCT 'ballot ' || length(body) FROM survey_sealed UNION ALL
		SELECT DISTINCT 'letter ' || length(message) FROM outbox WHERE message LIKE '{"sealed"%'`)
	s.now = s.now.Add(time.Hour)
	s.settle()
	s.seize("closed")
	s.now = s.now.Add(time.Hour)
	s.settle()
	s.seize("end")
	s.exhibits["log"] = s.log.Bytes()
}

// keepJournal has the server, which other tests use at the same time, keep what is
// written from now on, as long as the connection lives.
func (s *scene) keepJournal() {
	s.t.Helper()
	s.column(`SELECT lsn FROM pg_create_physical_replication_slot('vote_' || lower(replace(current_database(), '-', '_')), true, true)`)
}

// seize copies the database, its journal and a backup, which is made as the daily
// ones are.
func (s *scene) seize(when string) {
	s.t.Helper()
	if s.db.Postgres() {
		s.seizeServer(when)
	} else {
		for _, ending := range []string{"", "-wal"} {
			data, err := os.ReadFile(s.db.Path() + ending)
			if err != nil {
				s.t.Fatal(err)
			}
			s.exhibits[when+ending] = data
		}
	}
	file := filepath.Join(s.t.TempDir(), "backup.db")
	if err := s.db.Backup(s.t.Context(), file); err != nil {
		s.t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	s.exhibits[when+"-backup"] = data
}

// seizeServer copies the files of a server's tables, in which rows that are gone
// stand until they are overwritten, and its journal since the vote began.
func (s *scene) seizeServer(when string) {
	s.t.Helper()
	err := s.db.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(`CHECKPOINT`)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.exhibits[when] = []byte(strings.Join(s.column(`SELECT pg_read_binary_file(pg_relation_filepath(oid)) FROM pg_class
		WHERE relkind IN ('r', 't', 'i') AND oid >= 16384 ORDER BY relname`), ""))
	s.exhibits[when+"-journal"] = []byte(strings.Join(s.column(`SELECT pg_read_binary_file('pg_wal/' || name) FROM pg_ls_waldir()
		WHERE name >= '`+s.journal+`' AND name <= pg_walfile_name(pg_current_wal_lsn()) ORDER BY name`), ""))
	s.together[when] = s.transactions()
}

var encoded = regexp.MustCompile(`\\x([0-9a-f]{32,})|[A-Za-z0-9+/]{32,}={0,2}`)

// decoded adds to a row what stands in it in hexadecimal or in base64.
func decoded(row string) string {
	for _, found := range encoded.FindAllStringSubmatch(row, -1) {
		if found[1] != "" {
			data, _ := hex.DecodeString(found[1])
			row += string(data)
		} else if data, err := base64.StdEncoding.DecodeString(found[0]); err == nil {
			row += string(data)
		}
	}
	return row
}

// transactions gives the receipts that a transaction of a server has written to
// the one voter whose address it has written too.
func (s *scene) transactions() guess {
	s.t.Helper()
	codes, people := map[string][]string{}, map[string][]string{}
	for _, table := range s.column(`SELECT relname FROM pg_class WHERE relkind = 'r' AND oid >= 16384`) {
		for _, row := range s.column(fmt.Sprintf(`SELECT xmin || ' ' || CAST(t AS TEXT) FROM %q t`, table)) {
			transaction, text, _ := strings.Cut(row, " ")
			text = decoded(text)
			codes[transaction] = append(codes[transaction], receipt.FindAllString(text, -1)...)
			people[transaction] = append(people[transaction], dm.FindAllString(text, -1)...)
		}
	}
	g := guess{}
	for transaction, who := range people {
		slices.Sort(who)
		if who = slices.Compact(who); len(who) == 1 {
			for _, code := range codes[transaction] {
				g[code] = who[0]
			}
		}
	}
	return g
}

// guess is who an adversary thinks cast which ballot.
type guess map[string]string

func (s *scene) hits(g guess) (n int) {
	for code, who := range g {
		if s.truth[code] == who {
			n++
		}
	}
	return n
}

// attacks are the ways to link that we could think of.
func (s *scene) attacks() map[string]guess {
	all := map[string]guess{}
	for name, data := range s.exhibits {
		all["near "+name] = near(data)
		if strings.HasSuffix(name, "-wal") {
			all["commits "+name] = commits(data)
		}
		if !strings.HasSuffix(name, "-wal") && name != "log" {
			all["page order "+name] = inOrder(different(data, receipts(data)), s.order)
		}
	}
	stored := s.column(`SELECT receipt FROM survey_receipt`)
	all["row order"] = inOrder(stored, s.order)
	all["row order by members"] = inOrder(stored, s.column(`SELECT i.private_chat FROM survey_voted v JOIN identity i ON i.member = v.member`))
	all["letters"] = s.letters()
	for when, g := range s.together {
		all["transactions "+when] = g
	}
	return all
}

func (s *scene) column(query string) (values []string) {
	s.t.Helper()
	err := s.db.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v string
			if err := rows.Scan(&v); err != nil {
				return err
			}
			values = append(values, v)
		}
		return rows.Err()
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return values
}

// letters reads what the outbox has sent to each voter, also what is only
// encoded.
func (s *scene) letters() guess {
	g := guess{}
	for _, row := range s.column(`SELECT chat || ' ' || message FROM outbox WHERE chat LIKE 'dm-%'`) {
		who, message, _ := strings.Cut(row, " ")
		var e struct{ Body string }
		if json.Unmarshal([]byte(message), &e) == nil {
			plain, _ := base64.StdEncoding.DecodeString(e.Body)
			message += string(plain)
		}
		for _, code := range receipt.FindAllString(message, -1) {
			g[code] = who
		}
	}
	return g
}

var dm = regexp.MustCompile(`dm-u\d\d`)

// different are the different words at some places, in the order in which they stand.
func different(data []byte, places [][]int) (found []string) {
	for _, at := range places {
		if word := string(data[at[0]:at[1]]); !slices.Contains(found, word) {
			found = append(found, word)
		}
	}
	return found
}

// inOrder gives the first receipt to the first voter, and so on.
func inOrder(receipts, order []string) guess {
	g := guess{}
	for i := range min(len(receipts), len(order)) {
		g[receipts[i]] = order[i]
	}
	return g
}

// near gives each receipt to the voter whose address stands nearest to it, at
// its first place.
func near(data []byte) guess {
	g := guess{}
	places := dm.FindAllIndex(data, -1)
	for _, at := range receipts(data) {
		code := string(data[at[0]:at[1]])
		if g[code] != "" || len(places) == 0 {
			continue
		}
		best := slices.MinFunc(places, func(a, b []int) int { return abs(a[0]-at[0]) - abs(b[0]-at[0]) })
		g[code] = string(data[best[0]:best[1]])
	}
	return g
}

func abs(n int) int { return max(n, -n) }

// commits reads the journal transaction by transaction. What is new in a page
// compared with its last version belongs together: when a receipt appears with
// the address of one voter, they are linked.
func commits(wal []byte) guess {
	g := guess{}
	if len(wal) < 32 {
		return g
	}
	size := int(binary.BigEndian.Uint32(wal[8:]))
	pages := map[uint32]map[string]int{} // how often each word stands in the page's last version
	var codes, people []string
	for frame := wal[32:]; len(frame) >= 24+size; frame = frame[24+size:] {
		number, page := binary.BigEndian.Uint32(frame), frame[24:24+size]
		had, has := pages[number], map[string]int{}
		for _, at := range slices.Concat(receipts(page), dm.FindAllIndex(page, -1)) {
			word := string(page[at[0]:at[1]])
			if has[word]++; has[word] <= had[word] {
				continue
			}
			if strings.HasPrefix(word, "dm-") {
				people = append(people, word)
			} else {
				codes = append(codes, word)
			}
		}
		pages[number] = has
		if binary.BigEndian.Uint32(frame[4:]) == 0 {
			continue // not the last frame of its transaction
		}
		slices.Sort(people)
		if people = slices.Compact(people); len(people) == 1 {
			for _, code := range codes {
				if g[code] == "" {
					g[code] = people[0]
				}
			}
		}
		codes, people = nil, nil
	}
	return g
}

// The adversary has the database, its journal, backups of all times, the log;
// he must not do better than chance.
func TestBallotsCannotBeLinked(t *testing.T) { storetest.Each(t, ballotsCannotBeLinked) }

func ballotsCannotBeLinked(t *testing.T, e storetest.Engine) {
	var path string
	s := newScene(t, e, func(p string) keys { path = p; return keystore.Beside(p) })
	s.hold()
	if n := len(s.column(`SELECT receipt FROM survey_receipt`)); n != voters {
		t.Fatalf("%d ballots in the final list", n)
	}
	for name, g := range s.attacks() {
		n := s.hits(g)
		t.Logf("%s: %d guesses, %d right", name, len(g), n)
		if n > right {
			t.Errorf("%s: %d of %d ballots are linked to their voters", name, n, voters)
		}
	}
	journal := "-wal"
	if e == storetest.Postgres {
		journal = "-journal"
	}
	for _, name := range []string{"middle", "middle" + journal, "middle-backup", "before", "before" + journal, "before-backup", "log"} {
		if len(s.exhibits[name]) == 0 && name != "log" {
			t.Errorf("nothing is seized as %s", name)
		}
		for code := range s.truth {
			if bytes.Contains(s.exhibits[name], []byte(code)) {
				t.Errorf("%s: holds the receipt %s before the close", name, code)
			}
		}
	}
	if len(s.sizes) != 2 { // one of the ballots, one of the letters
		t.Errorf("ballots and letters have the lengths %v, which tell something", s.sizes)
	}
	left, err := os.ReadDir(path + ".keys")
	if err != nil || len(left) != 0 {
		t.Errorf("%d keys are left: %v", len(left), err)
	}
	if strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("log:\n%s", s.log.String())
	}
}

// The attempt must be able to succeed: without the seals it does.
func TestAdversaryFindsLeaks(t *testing.T) { storetest.Each(t, adversaryFindsLeaks) }

func adversaryFindsLeaks(t *testing.T, e storetest.Engine) {
	s := newScene(t, e, func(string) keys { return openly{} })
	s.hold()
	all := s.attacks()
	for name, g := range all {
		t.Logf("%s: %d guesses, %d right", name, len(g), s.hits(g))
	}
	ways := []string{"letters", "commits before-wal"}
	if e == storetest.Postgres {
		ways = []string{"letters", "transactions before", "near before-journal"}
	}
	for _, name := range ways {
		if n := s.hits(all[name]); n < voters*3/4 {
			t.Errorf("%s: only %d of %d ballots are linked although nothing is sealed", name, n, voters)
		}
	}
	var cast []string // a final list in the order of voting
	for _, who := range s.order {
		for code, voter := range s.truth {
			if voter == who {
				cast = append(cast, code)
			}
		}
	}
	if n := s.hits(inOrder(cast, s.order)); n != voters {
		t.Errorf("order: %d of %d", n, voters)
	}
}
