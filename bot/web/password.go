package web

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"branchbot/bot/engine"
	"branchbot/store"
)

// Costs of a password's hash, as OWASP advises for argon2id: one try takes some
// 30 ms and 19 MiB.
const (
	hashTime, hashMemory, hashThreads = 2, 19 << 10, 1
	hashBytes                         = 32
)

// A password is long rather than strange.
const (
	shortest = 12
	longest  = 128
)

// ErrWeak is a password that would soon be guessed.
var ErrWeak = fmt.Errorf("a password has %d to %d characters, at least 5 different ones, and neither name nor staff number in it", shortest, longest)

// SetPassword gives a member a password; ErrWeak when it is none that will do. opened is
// the binding (package member) of the account by which they came; 0: none.
func SetPassword(tx *store.Tx, m *engine.Member, password string, opened int64) error {
	if !strong(m, password) {
		return ErrWeak
	}
	salt := make([]byte, 16)
	rand.Read(salt)
	return putPassword(tx, m.ID, opened, encodeHash(salt, derive(password, salt)))
}

func strong(m *engine.Member, password string) bool {
	n := utf8.RuneCountInString(password)
	different := map[rune]bool{}
	for _, r := range password {
		different[r] = true
	}
	return utf8.ValidString(password) && n >= shortest && n <= longest && len(different) >= 5 &&
		!strings.Contains(password, m.Staff) && !strings.Contains(password, m.Name) && !sequence(password)
}

// sequence tells runs of a keyboard or of the alphabet.
func sequence(password string) bool {
	for _, run := range []string{"12345678901234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv"} {
		if strings.HasPrefix(run+run, strings.ToLower(password)) {
			return true
		}
	}
	return false
}

func derive(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashThreads, hashBytes)
}

func encodeHash(salt, hash []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashThreads, b64.EncodeToString(salt), b64.EncodeToString(hash))
}

// isPassword tells whether a password is the one of an encoded hash.
func isPassword(encoded, password string) (bool, error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errors.New("a stored password is of no kind that is known")
	}
	var version, memory, time, threads int
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &time, &threads); err != nil || version != argon2.Version {
		return false, fmt.Errorf("a stored password is of no kind that is known: %s %s", parts[2], parts[3])
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, err
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, err
	}
	have := argon2.IDKey([]byte(password), salt, uint32(time), uint32(memory), uint8(threads), uint32(len(want)))
	return subtle.ConstantTimeCompare(have, want) == 1, nil
}

// check tells whether a password is a member's. It takes as long for one who has
// none, and for nobody.
func (s *Server) check(staff, password string) (*engine.Member, error) {
	var m *engine.Member
	stored := ""
	err := s.DB.Read(func(tx *store.Tx) (err error) {
		if m, err = s.Roster.ByStaff(tx, staff); err != nil || m == nil {
			return err
		}
		stored, err = passwordOf(tx, m.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(password) > longest {
		return nil, nil
	}
	s.hashing <- struct{}{}
	defer func() { <-s.hashing }()
	if stored == "" {
		derive(password, make([]byte, 16))
		return nil, nil
	}
	right, err := isPassword(stored, password)
	if err != nil || !right {
		return nil, err
	}
	return m, nil
}

// enterByPassword lets a browser in that knows a staff number and its password.
func (s *Server) enterByPassword(r *Request) {
	staff, address := strings.TrimSpace(r.PostFormValue("staff")), addressOf(r.Request)
	known := s.knows(r.Request, staff)
	if !s.limits.allow("password:"+address, r.Now) || !s.guesses.may(staff, address, known, r.Now) {
		s.showEntry(r, http.StatusTooManyRequests, entry{Wrong: "console.too_fast", Password: true})
		return
	}
	m, err := s.check(staff, r.PostFormValue("password"))
	if err != nil {
		r.fail(err)
		return
	}
	if m == nil {
		s.guesses.wrong(staff, address, known, r.Now)
		s.showEntry(r, http.StatusForbidden, entry{Wrong: "console.password_wrong", Password: true})
		return
	}
	s.guesses.right(staff, address)
	s.letIn(r, func(tx *store.Tx) (visitor, error) {
		opened, err := passwordBy(tx, m.ID)
		return visitor{m.ID, opened}, err
	}, entry{})
}

// setPassword takes a new password; who has one already must know it. It ends
// all other sessions.
func (r *Request) setPassword() error {
	stored := ""
	err := r.server.DB.Read(func(tx *store.Tx) (err error) {
		stored, err = passwordOf(tx, r.Member.ID)
		return err
	})
	if err != nil {
		return err
	}
	if stored != "" {
		address := addressOf(r.Request)
		if !r.server.guesses.may(r.Member.Staff, address, "own", r.Now) {
			return UserError(http.StatusTooManyRequests, "console.too_fast")
		}
		m, err := r.server.check(r.Member.Staff, r.PostForm.Get("before"))
		if err != nil {
			return err
		}
		if m == nil {
			r.server.guesses.wrong(r.Member.Staff, address, "own", r.Now)
			return UserError(http.StatusForbidden, "console.me.password_before_wrong")
		}
	}
	if r.PostForm.Get("password") != r.PostForm.Get("again") {
		return UserError(http.StatusBadRequest, "console.me.password_differs")
	}
	err = r.server.DB.Write(func(tx *store.Tx) error {
		if err := SetPassword(tx, r.Member, r.PostForm.Get("password"), r.session.openedBy); err != nil {
			return err
		}
		return endSessionOf(tx, r.Member.ID, 0, r.session.ID)
	})
	if errors.Is(err, ErrWeak) {
		return UserError(http.StatusBadRequest, "console.me.password_weak")
	}
	return err
}
