package app

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"

	"branchbot/bot/config"
	"branchbot/bot/feature/shift"
	"branchbot/bot/locale"
	"branchbot/bot/points"
	"branchbot/bot/roster"
	"branchbot/bot/schedule"
	"branchbot/schedules"
	"branchbot/store"
)

// Settings is config.yaml: what each package declares, put together.
type Settings struct {
	Language  string                  `yaml:"language"`
	Timezone  string                  `yaml:"timezone"`
	Database  string                  `yaml:"database"`
	Listen    string                  `yaml:"listen"`
	Address   string                  `yaml:"address"` // as people reach it, through a proxy
	TLS       TLSConfig               `yaml:"tls"`
	Proxy     []string                `yaml:"proxy"`      // whose X-Forwarded-For and -Proto are believed: addresses, or networks such as 10.0.0.0/8
	Monitor   []string                `yaml:"monitoring"` // who may read /metrics and the accounts of /healthz, beside this machine
	Content   []string                `yaml:"content"`
	Units     []roster.UnitConfig     `yaml:"units"`
	Accounts  []yaml.Node             `yaml:"accounts"`
	Schedules []schedule.Config       `yaml:"schedules"`
	Shifts    map[string]shift.Config `yaml:"shifts"` // by letter; the usual ones unless given
	Points    PointsConfig            `yaml:"points"`
	Conduct   ConductConfig           `yaml:"conduct"`
	Alerts    MailConfig              `yaml:"alerts"`
	Backup    BackupConfig            `yaml:"backup"`

	accounts []account
	File     *config.File      `yaml:"-"`
	Notes    []error           `yaml:"-"` // what works, but is perhaps not what was meant
	WeChat   http.RoundTripper `yaml:"-"` // what WeChat accounts ask the platform over; nil: the usual one
}

// TLSConfig is with what pages are served to other machines: files in PEM.
type TLSConfig struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// PointsConfig is what earns points.
type PointsConfig struct {
	Rules []points.Rule `yaml:"rules"`
}

// ConductConfig is how much the bot may speak; see DESIGN.md section 9.
type ConductConfig struct {
	QuietHours       string `yaml:"quiet_hours"`
	LessonsPerDay    int    `yaml:"lessons_per_day"`
	NoticesPerDay    int    `yaml:"notices_per_day"`
	RemindersPerItem int    `yaml:"reminders_per_item"`
	DemandsPerWeek   int    `yaml:"demands_per_week"` // of one member; more is said by /负担, unless 0
	PublicBoard      string `yaml:"public_board"`
}

// account is one entry of accounts: its common keys, and the node that the
// platform's adapter reads.
type account struct {
	ID, Platform string
	node         yaml.Node
	path         string
}

// defaults are the settings of keys that are not given.
func defaults() Settings {
	return Settings{
		Language: locale.Default, Timezone: "Asia/Shanghai", Database: "sqlite:data/branchbot.db", Listen: "127.0.0.1:8080",
		Content: []string{"starter"}, Backup: BackupConfig{Folder: "backups", Keep: 14},
		Conduct: ConductConfig{QuietHours: "21:00-08:00", LessonsPerDay: 1, NoticesPerDay: 2, RemindersPerItem: 2, DemandsPerWeek: 15, PublicBoard: "opt-in"},
	}
}

// ReadSettings reads and checks a configuration; all faults are joined, each
// with its line.
func ReadSettings(f *config.File) (*Settings, error) {
	s := defaults()
	s.File = f
	if err := f.Decode(&s); err != nil {
		return nil, err
	}
	c := checker{f: f, s: &s, names: map[string]named{}}
	c.general()
	c.allAccounts()
	c.units()
	c.schedules()
	c.shifts()
	c.points()
	c.conduct()
	c.alerts()
	c.backup()
	return &s, errors.Join(c.errs...)
}

type checker struct {
	f     *config.File
	s     *Settings
	errs  []error
	names map[string]named // members by roster.Skeleton
}

// named is a member of the configuration.
type named struct{ name, path string }

// note tells something that does not keep the program from starting.
func (c *checker) note(path, format string, args ...any) {
	c.s.Notes = append(c.s.Notes, c.f.Fault(path, format, args...))
}

func (c *checker) fault(path, format string, args ...any) {
	c.errs = append(c.errs, c.f.Fault(path, format, args...))
}

func (c *checker) zone(path, name string) {
	if _, err := schedules.Zone(name); err != nil {
		c.fault(path, "%v", err)
	}
}

func (c *checker) language(path, lang string) {
	if !locale.Known(lang) {
		c.fault(path, "%q is none of %s", lang, config.Plain(strings.Join(locale.Languages, ", ")))
	}
}

func (c *checker) oneOf(path, value string, known []string) {
	if !slices.Contains(known, value) {
		c.fault(path, "%q is none of %s", value, config.Plain(strings.Join(known, ", ")))
	}
}

var idPattern = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$`)

// id checks an id and that it is the first of its name.
func (c *checker) id(path, id string, seen map[string]string) {
	switch first, twice := seen[id]; {
	case id == "":
		c.fault(path, "id is missing")
	case !idPattern.MatchString(id):
		c.fault(path+".id", "%q: use letters, digits, - and _ only", id)
	case twice:
		c.fault(path+".id", "%q is taken already by %s", id, config.Plain(first))
	}
	seen[id] = path
}

func (c *checker) general() {
	c.language("language", c.s.Language)
	c.zone("timezone", c.s.Timezone)
	if path, ok := strings.CutPrefix(c.s.Database, "sqlite:"); (!ok || path == "") && !store.IsPostgres(c.s.Database) {
		c.fault("database", "%q: write sqlite:PATH, e.g. sqlite:data/branchbot.db, or postgres://USER@HOST/NAME", c.s.Database)
	}
	c.listen()
	if a, err := url.Parse(c.s.Address); c.s.Address != "" &&
		(err != nil || a.Host == "" || a.Scheme != "http" && a.Scheme != "https" || strings.Trim(a.Path, "/") != "") {
		c.fault("address", "%q: write how people reach the browser room, e.g. https://bot.example.org", c.s.Address)
	}
	if len(c.s.Content) == 0 {
		c.fault("content", "name at least one pack, e.g. starter")
	}
}

// listen checks that nothing is served to other machines in the clear, unless a
// proxy is said to stand before it.
func (c *checker) listen() {
	for key, texts := range map[string][]string{"proxy": c.s.Proxy, "monitoring": c.s.Monitor} {
		for i, text := range texts {
			if _, err := network(text); err != nil {
				c.fault(fmt.Sprintf("%s[%d]", key, i), "%q is no address: write e.g. 10.0.0.5, or a network such as 10.0.0.0/8", text)
			}
		}
	}
	t := c.s.TLS
	if (t.Cert == "") != (t.Key == "") {
		c.fault("tls", "write both cert: and key:, files in PEM")
	} else if t.Cert != "" {
		if _, err := tls.LoadX509KeyPair(c.s.path(t.Cert), c.s.path(t.Key)); err != nil {
			c.fault("tls", "%v", err)
		}
	}
	host, _, err := net.SplitHostPort(c.s.Listen)
	switch {
	case err != nil:
		c.fault("listen", "%q: write ADDRESS:PORT, e.g. 127.0.0.1:8080", c.s.Listen)
	case !isLoopback(host) && t.Cert == "" && len(c.s.Proxy) == 0:
		c.fault("listen", "%q is reachable from other machines: give tls: {cert: FILE, key: FILE}, or proxy: [ADDRESS] of the proxy that has TLS, "+
			"or listen on 127.0.0.1", c.s.Listen)
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// network reads an address or a network.
func network(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		return netip.ParsePrefix(text)
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return a.Prefix(a.BitLen())
}

// path is a path of the configuration, relative to it.
func (s *Settings) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.File.Dir, name)
}

func (c *checker) allAccounts() {
	seen := map[string]string{}
	for i, n := range c.s.Accounts {
		path := fmt.Sprintf("accounts[%d]", i)
		a := account{node: n, path: path}
		for j := 0; j+1 < len(n.Content); j += 2 {
			switch n.Content[j].Value {
			case "id":
				a.ID = n.Content[j+1].Value
			case "platform":
				a.Platform = n.Content[j+1].Value
			}
		}
		a.ID = cmp.Or(a.ID, a.Platform)
		c.id(path, a.ID, seen)
		if platform, ok := platforms[a.Platform]; !ok {
			c.oneOf(path+".platform", a.Platform, platformNames())
		} else if err := platform.check(c.f, a); err != nil {
			c.errs = append(c.errs, err)
		} else if platform.warn != nil {
			if err := platform.warn(c.f, a); err != nil {
				c.s.Notes = append(c.s.Notes, err)
			}
		}
		c.s.accounts = append(c.s.accounts, a)
	}
}

func (c *checker) units() {
	seen, staff := map[string]string{}, map[string]string{}
	for i := range c.s.Units {
		u := &c.s.Units[i]
		path := fmt.Sprintf("units[%d]", i)
		if u.Parent != "" && seen[u.Parent] == "" {
			c.fault(path+".parent", "there is no unit %q above this one in the file", u.Parent)
		}
		c.id(path, u.ID, seen)
		if strings.TrimSpace(u.Name) == "" {
			c.fault(path, "name is missing")
		}
		u.Kind = cmp.Or(u.Kind, "branch")
		c.oneOf(path+".kind", u.Kind, roster.UnitKinds)
		if u.Timezone != "" { // what is inherited has been checked where it stands
			c.zone(path+".timezone", u.Timezone)
		}
		if u.Language != "" {
			c.language(path+".language", u.Language)
		}
		u.Timezone = cmp.Or(u.Timezone, c.s.Timezone)
		u.Language = cmp.Or(u.Language, c.s.Language)
		for j, chat := range u.Chats {
			id, room, ok := strings.Cut(chat, ":")
			if !ok || room == "" || !slices.ContainsFunc(c.s.accounts, func(a account) bool { return a.ID == id }) {
				c.fault(fmt.Sprintf("%s.chats[%d]", path, j), "%q: write ACCOUNT:CHAT with the id of an account below", chat)
			}
		}
		for j := range u.Members {
			c.member(fmt.Sprintf("%s.members[%d]", path, j), &u.Members[j], staff)
		}
	}
}

func (c *checker) member(path string, m *roster.MemberConfig, staff map[string]string) {
	if strings.TrimSpace(m.Name) == "" {
		c.fault(path, "name is missing")
	}
	if first := staff[m.Staff]; m.Staff == "" {
		c.fault(path, "staff is missing: the staff number, in quotes")
	} else if first != "" {
		c.fault(path+".staff", "%q is taken already by %s", m.Staff, config.Plain(first))
	}
	staff[m.Staff] = path
	c.spelling(path, m, staff)
	if m.Status != "" {
		m.Status = cmp.Or(roster.StatusOf(m.Status), m.Status)
		c.oneOf(path+".status", m.Status, roster.Statuses)
	}
	if m.JoinedOn != "" {
		c.day(path+".joined_on", m.JoinedOn)
	}
	if m.Phone != "" && roster.Phone(m.Phone) == "" {
		c.fault(path+".phone", "%q is no telephone number; put it in quotes", m.Phone)
	}
	for i, r := range m.Roles {
		if role := roster.RoleOf(r); role != "" {
			m.Roles[i], r = role, role
		}
		c.oneOf(fmt.Sprintf("%s.roles[%d]", path, i), r, roster.Roles)
	}
}

// spelling notes how names and numbers are written that people would not type so, or
// that look like others.
func (c *checker) spelling(path string, m *roster.MemberConfig, staff map[string]string) {
	switch tidy := roster.TidyStaff(m.Staff); {
	case tidy != m.Staff:
		c.note(path+".staff", "%q is taken in as %q, in half width, without quotes and what does not show", m.Staff, tidy)
	case len(strings.Fields(tidy)) > 1:
		c.note(path+".staff", "%q has a blank in it, which nobody can type in a command", m.Staff)
	}
	key := "folded " + roster.StaffKey(m.Staff) // beside the numbers as they are written
	if first := staff[key]; first != "" {
		c.note(path+".staff", "%q differs from that of %s in width or case only", m.Staff, config.Plain(first))
	}
	staff[key] = path
	tidy := roster.TidyName(m.Name)
	if tidy != m.Name {
		c.note(path+".name", "%q is taken in as %q, without blanks, quotes and what does not show", m.Name, tidy)
	}
	first, there := c.names[roster.Skeleton(tidy)]
	switch {
	case !there:
		c.names[roster.Skeleton(tidy)] = named{tidy, path}
	case first.name != tidy:
		c.note(path+".name", "%q looks like %q of %s, but is written otherwise", m.Name, first.name, config.Plain(first.path))
	}
}

func (c *checker) day(path, text string) {
	if _, err := time.Parse("2006-01-02", text); err != nil {
		c.fault(path, "%q: write the day as 2006-01-02, in quotes", text)
	}
}

func (c *checker) schedules() {
	seen := map[string]string{}
	for i := range c.s.Schedules {
		s := &c.s.Schedules[i]
		path := fmt.Sprintf("schedules[%d]", i)
		c.id(path, s.ID, seen)
		if s.Timezone != "" {
			c.zone(path+".timezone", s.Timezone)
		}
		unit := slices.IndexFunc(c.s.Units, func(u roster.UnitConfig) bool { return u.ID == s.Unit })
		if unit < 0 {
			c.fault(path+".unit", "there is no unit %q", s.Unit)
		} else {
			s.Timezone = cmp.Or(s.Timezone, c.s.Units[unit].Timezone)
		}
		s.Timezone = cmp.Or(s.Timezone, c.s.Timezone)
		if spec, err := schedules.Parse(s.Cron); err != nil {
			c.fault(path+".cron", "%v", err)
		} else if on, err := spec.On(s.Rule(), shippedHolidays()); err != nil {
			c.fault(path, "%v", err)
		} else {
			c.runs(path, s, on)
		}
		if _, err := schedules.ParseMisfire(s.Misfire); err != nil {
			c.fault(path+".misfire", "%v", err)
		}
		for key, day := range map[string]string{"starts_on": s.StartsOn, "ends_on": s.EndsOn} {
			if day != "" {
				c.day(path+"."+key, day)
			}
		}
	}
}

// runs notes of a schedule that it never runs, or not as it reads.
func (c *checker) runs(path string, s *schedule.Config, spec schedules.Spec) {
	zone, err1 := schedules.Zone(s.Timezone)
	quiet, err2 := schedules.ParseQuiet(c.s.Conduct.QuietHours)
	if err1 != nil || err2 != nil { // which are faults of their own
		return
	}
	now := time.Now()
	if s.EndsOn != "" && s.EndsOn < now.In(zone).Format(time.DateOnly) {
		c.note(path+".ends_on", "%q is over: it never runs again", s.EndsOn)
		return
	}
	if spec.DayOrWeekday() {
		c.note(path+".cron", "%q: with a day of the month and a weekday it runs on both, not only where they meet; for the first Friday write when: {monthly: first friday}", s.Cron)
	}
	slots, silent := 0, 0
	for at := now; slots < runsLooked; slots++ {
		slot, ok := spec.Next(at, zone)
		if !ok {
			break
		}
		if at = slot.At; slots == 0 && at.Sub(now) > year {
			c.note(path, "it runs next on %s, and seldom: look whether that is meant", at.In(zone).Format(time.DateOnly))
		}
		if quiet.Contains(at.In(zone)) {
			silent++
		}
	}
	switch {
	case slots == 0:
		c.note(path, "it never runs: no such day comes")
	case silent == slots:
		c.note(path+".cron", "%q: all its times lie in the quiet hours (%s), so that it never runs; take another time, or change conduct: quiet_hours", s.Cron, c.s.Conduct.QuietHours)
	case silent > 0:
		c.note(path+".cron", "%q: some of its times lie in the quiet hours (%s), and are left out", s.Cron, c.s.Conduct.QuietHours)
	}
}

// runsLooked is how many runs of a schedule are looked at.
const (
	runsLooked = 60
	year       = 366 * 24 * time.Hour
)

// shippedHolidays will do to check a rule for days.
var shippedHolidays = sync.OnceValue(func() *schedules.Holidays {
	h, err := schedules.NewHolidays(schedules.Shipped()...)
	if err != nil {
		panic(err) // embedded, and tested
	}
	return h
})

func (c *checker) shifts() {
	if len(c.s.Shifts) == 0 {
		c.s.Shifts = shift.Usual
	}
	_, faults := shift.Read(c.s.Shifts)
	for key, err := range faults {
		c.fault("shifts."+key, "%v", err)
	}
}

func (c *checker) points() {
	seen := map[string]string{}
	for i, r := range c.s.Points.Rules {
		path := fmt.Sprintf("points.rules[%d]", i)
		c.id(path, r.ID, seen)
		c.oneOf(path+".on", r.On, points.Occasions)
		if r.Points < 1 || r.Points > 100 {
			c.fault(path+".points", "%d is out of range 1-100", r.Points)
		}
		for period, most := range r.Cap {
			c.oneOf(path+".cap", period, points.Periods)
			if most < 1 {
				c.fault(path+".cap."+period, "%d must be at least 1", most)
			}
		}
	}
}

func (c *checker) conduct() {
	if _, err := schedules.ParseQuiet(c.s.Conduct.QuietHours); err != nil {
		c.fault("conduct.quiet_hours", "%v", err)
	}
	for key, n := range map[string]int{"lessons_per_day": c.s.Conduct.LessonsPerDay, "notices_per_day": c.s.Conduct.NoticesPerDay,
		"reminders_per_item": c.s.Conduct.RemindersPerItem} {
		if n < 0 || n > 20 {
			c.fault("conduct."+key, "%d is out of range 0-20", n)
		}
	}
	if n := c.s.Conduct.DemandsPerWeek; n < 0 || n > 100 {
		c.fault("conduct.demands_per_week", "%d is out of range 0-100", n)
	}
	c.oneOf("conduct.public_board", c.s.Conduct.PublicBoard, []string{"opt-in", "off"})
}

func (c *checker) backup() {
	if n := c.s.Backup.Keep; n < 1 || n > 3650 {
		c.fault("backup.keep", "%d is out of range 1-3650", n)
	}
	if c.s.Backup.Folder == "" {
		c.fault("backup.folder", "is empty: name a folder, or write off")
	}
}

func (c *checker) alerts() {
	a := c.s.Alerts
	if a.SMTP == "" && a.From == "" && len(a.To) == 0 {
		return
	}
	if _, _, err := net.SplitHostPort(a.SMTP); err != nil {
		c.fault("alerts.smtp", "%q: write HOST:PORT, e.g. smtp.example.org:465", a.SMTP)
	}
	for i, address := range append([]string{a.From}, a.To...) {
		path := "alerts.from"
		if i > 0 {
			path = fmt.Sprintf("alerts.to[%d]", i-1)
		}
		if _, err := mail.ParseAddress(address); err != nil {
			c.fault(path, "%q is no e-mail address", address)
		}
	}
	if len(a.To) == 0 {
		c.fault("alerts", "to is missing: who is to be told, e.g. to: [secretary@example.org]")
	}
}

// Base is what the addresses of pages begin with.
func (s *Settings) Base() string {
	scheme := "http://"
	if s.TLS.Cert != "" {
		scheme = "https://"
	}
	return strings.TrimSuffix(cmp.Or(s.Address, scheme+s.Listen), "/")
}

// top is the unit whose secretaries answer for the whole program: the first
// that has none above it.
func (s *Settings) top() string {
	for _, u := range s.Units {
		if u.Parent == "" {
			return u.ID
		}
	}
	return ""
}

// JoinPage is the address at which a join code opens the browser room; "" without a room.
func (s *Settings) JoinPage(code string) string {
	for _, a := range s.accounts {
		if a.Platform == "web" {
			return s.Base() + "/enter#" + code
		}
	}
	return ""
}
