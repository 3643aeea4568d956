package locale_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"branchbot/bot/command"
	"branchbot/bot/locale"
	"branchbot/bot/points"
	"branchbot/bot/roster"
	"branchbot/content"
)

// texts are the texts of a language by key; a text that depends on a number
// has several forms.
func texts(t *testing.T, lang string) map[string][]string {
	t.Helper()
	names, err := filepath.Glob("*." + lang + ".yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no files of %s (%v)", lang, err)
	}
	all := map[string][]string{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file map[string]any
		if err := yaml.Unmarshal(data, &file); err != nil { // a key that stands twice is an error too
			t.Fatalf("%s: %v", name, err)
		}
		feature, _, _ := strings.Cut(name, ".")
		for key, value := range file {
			if !strings.HasPrefix(key, feature+".") {
				t.Errorf("%s: %s belongs to another file", name, key)
			}
			switch v := value.(type) {
			case string:
				all[key] = []string{v}
			case map[string]any:
				for form, text := range v {
					if form != "one" && form != "other" {
						t.Errorf("%s: %s: there is no form %q", name, key, form)
					}
					all[key] = append(all[key], text.(string))
				}
			default:
				t.Errorf("%s: %s is no text", name, key)
			}
		}
	}
	return all
}

var placeholder = regexp.MustCompile(`{{\.(\w+)}}|%\w`)

func placeholders(forms []string) []string {
	seen := map[string]bool{}
	for _, form := range forms {
		for _, p := range placeholder.FindAllString(form, -1) {
			seen[p] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func TestLanguagesAgree(t *testing.T) {
	t.Parallel()
	usual := texts(t, locale.Default)
	for _, lang := range locale.Languages {
		other := texts(t, lang)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(usual)), slices.Sorted(maps.Keys(other))); diff != "" {
			t.Errorf("keys of %s and %s (-%[1]s +%[2]s):\n%s", locale.Default, lang, diff)
		}
		for key, forms := range other {
			for _, form := range forms {
				if strings.TrimSpace(form) == "" {
					t.Errorf("%s: %s is empty", lang, key)
				}
				if strings.Contains(placeholder.ReplaceAllString(form, ""), "{{") {
					t.Errorf("%s: %s: %q has a placeholder that is none", lang, key, form)
				}
			}
			if diff := cmp.Diff(placeholders(usual[key]), placeholders(forms)); diff != "" {
				t.Errorf("%s: placeholders differ from those of %s:\n%s", key, locale.Default, diff)
			}
		}
	}
}

// made are the keys that the code puts together, by the part that is written.
var made = map[string][]string{
	"console.kind.":        roster.UnitKinds,
	"delivery.page.state.": {"dead", "uncertain", "failed", "waiting"},
	"notice.about.":        {"notice", "notice_result", "reminder"},
	"delivery.failed.":     {"blocked", "maybe_arrived", "too_big", "rejected"},
	"delivery.waits.":      {"muted", "removed", "topic_closed", "topic_gone", "logged_out"},
	"delivery.why.": {"muted", "removed", "topic_closed", "topic_gone", "blocked", "rate_limited", "chat_limited", "logged_out", "unreachable", "busy",
		"maybe_arrived", "window_closed", "too_big", "rejected"},
	"console.section.":          {"conduct", "points"},
	"member.page.import.allow.": roster.Kinds,
	"alert.":                    {"needs_human", "banned", "too_busy", "other_account", "accept_risk"},
	"engine.chat_":              {"added", "muted", "removed"},
	"member.chat.":              {"all", "addressed", "muted", "removed"},
	"member.how.":               {"invited", "own_code", "own_account", "secretary", "recognised", "program", "before"},
	"member.status.":            roster.Statuses,
	"member.role.":              roster.Roles,
	"member.rights.":            roster.Roles,
	"member.title.":             roster.Roles,
	"member.column.":            {"staff", "name", "unit", "status", "joined_on", "roles", "phone"},
	"member.fault.":             {"empty", "staff", "number", "name", "twice", "several", "elsewhere", "unit", "units", "status", "date", "future", "phone", "namesakes"},
	"member.allow.":             roster.Kinds,
	"member.allow_next.":        roster.Kinds,
	"member.leave.":             roster.Kinds,
	"member.leave_next.":        roster.Kinds,
	"member.is.":                {"new", "back", "changed", "same"},
	"member.column_is.":         roster.Meanings,
	"member.note.": {"column", "twin", "running", "sheet", "row", "full", "hidden", "blanks", "quotes", "staff", "zeros", "zeros_of", "zeros_like",
		"title", "namesake", "alike", "identity", "unit_as", "phone", "no_phone", "month", "made", "by_name"},
	"member.preview.":         append([]string{"faults", "some_faults", "new", "back", "changed", "same"}, roster.Kinds...),
	"member.preview.line.":    roster.Kinds,
	"engine.malformed.":       kinds,
	"engine.near.":            {"ack", "checkin", "done", "signup"},
	"checkin.state.":          {"on_time", "late", "late_pending", "leave"},
	"quiz.":                   {"true", "false"},
	"quiz.type.":              types(),
	"quiz.how.":               types(),
	"ledger.column.":          {"seq", "day", "staff", "name", "points", "rule", "note", "reverses"},
	"ledger.rule.":            {"quiz-correct", "quiz-answered", "check-in", "check-in-late", "lesson-done", "award"}, // of the sample
	"notice.page.one.state.":  {"asked", "sent", "closed", "recalled"},
	"survey.page.kind.":       {"vote", "survey", "pulse"},
	"checkin.page.one.":       {"missing", "here", "leave", "late_pending"},
	"console.platform.":       {"wechat", "telegram", "web", "sms"},
	"signup.column.":          {"n", "staff", "name", "people", "state"},
	"signup.state.":           {"in", "waiting", "guest", "several"},
	"desk.condition.":         {"connecting", "online", "needs_human", "banned", "down"},
	"desk.reason.":            {"token_refused", "used_twice", "unreachable", "not_delivered", "too_busy", "other_account", "accept_risk"},
	"desk.until.":             {"online", "banned"},
	"console.accounts.until.": {"online", "banned"},
	"engine.file.":            {"empty", "too_big", "unreachable"},
	"schedule.action.":        {"lesson", "quiz", "checkin", "notice", "pulse", "poster"},
	"schedule.state.":         {"fired", "done", "partly", "failed", "skipped", "missed"},
	"console.weekday.":        {"0", "1", "2", "3", "4", "5", "6"},
	"report.sheet.":           {"summary", "attendance", "study", "quiz", "points", "notices", "items"},
	"report.note.":            {"summary", "attendance", "study", "quiz", "points", "notices", "items"},
	"report.kind.":            {"lesson", "quiz", "checkin", "notice"},
	"report.chart.":           chartKeys(),
	"poster.kind.":            {"lesson", "quiz", "checkin", "notice"},
	"poster.held.":            {"lesson", "quiz", "checkin", "notice"},
	"poster.told.":            {"lesson", "quiz", "checkin", "notice"},
	"console.act.": {"enter", "post", "press", "code", "settings", "password", "no_password", "end", "open", "type", "export", "import", "remove_pack",
		"preview", "verify"},
	"console.today.":        {"missing", "remind", "close"}, // see engine.ItemCommands
	"material.page.import.": {"broken", "bomb", "many", "outside", "twice", "link", "locked", "nopack"},
	"quiz.page.write.":      {"blank", "number", "order"},
	"schedule.reason.": {"late", "newer", "holiday", "weekend", "makeup", "merged", // of schedules
		"days"}, // of rows that earlier releases wrote; the others are written out
	"shift.fault.":         {"nobody", "several", "twice", "letter", "long", "empty", "starts_on", "other", "sheet", "aside", "no_shifts", "column", "unknown", "two", "off", "month"},
	"desk.group.":          {"daily", "join", "mine", "publish", "follow", "people", "timing"},
	"import.why.":          {"essay", "duplicate", "in_pack", "other_answer", "aside", "no_answer", "letter_without_options", "option_slip", "answer_twice", "no_text", "no_type", "type", "id", "tag", "tag_twice", "long", "hidden", "line_break", "options_none", "options_count", "option_empty", "options_same", "truth", "number", "answer_empty", "no_option", "no_letter", "letter_twice", "several", "order", "matching", "gift_no_answers", "gift_open", "gift_second", "gift_none_right", "gift_sign", "gift_weight", "gift_numbers", "gift_range", "no_headings", "sheet_left", "guessed", "columns_left", "picture_left"},
	"import.file.":         {"line", "doc", "wps", "pdf", "picture", "zip", "locked", "coding", "big", "table", "empty", "broken"},
	"import.sheet.":        {"cells", "columns", "rows", "big", "coding", "hidden", "broken", "locked", "slow", "bomb"},
	"schedule.calendar.":   {"form", "not_announced", "day", "fault"},
	"schedule.why.":        {"holiday", "weekend", "makeup", "merged"},
	"survey.command.":      {"vote", "survey", "pulse"},
	"survey.head.":         {"vote", "survey", "pulse"},
	"survey.opened.":       {"vote", "survey", "pulse"},
	"survey.compose_how.":  {"vote", "survey"},
	"survey.fill.":         {"single", "multiple", "scale", "text"},
	"suggestion.how.":      {"suggestion", "question", "care"},
	"suggestion.kind.":     {"suggestion", "question"},
	"suggestion.state.":    {"received", "studying", "adopted", "declined", "done"},
	"suggestion.category.": {"money", "health", "family", "mind", "work", "other"},
	"survey.fault.": {"no_title", "both", "long", "until", "past", "far", "max", "max_options", "options_few", "options_many", "option_empty",
		"option_twice", "options_needless", "no_number", "no_questions", "questions_many", "no_ask"},
}

// ofFeatures are keys that features with items have, FEATURE.name …: what these are called,
// and what workload says of them.
var ofFeatures = []string{"name", "load", "load_hint"}

var kinds = []string{string(command.Single), string(command.Multiple), string(command.TrueFalse), string(command.Blank), string(command.Number),
	string(command.Order), string(command.Acknowledge), string(command.CheckIn), string(command.Done), string(command.Join)}

func types() (words []string) {
	for _, t := range content.Types {
		words = append(words, string(t))
	}
	return words
}

// inTemplate is a key in a template; one that the template puts together ends
// in %s.
var inTemplate = regexp.MustCompile(`"([a-z]+\.[a-z_.-]*)(?:%s)?"`)

// literals are the string literals of the program's Go files, and the keys in
// its templates, each with where it stands.
func literals(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	set := token.NewFileSet()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".html") && strings.Contains(path, "bot/") { // the templates of pages
			text, err := os.ReadFile(path)
			for _, m := range inTemplate.FindAllStringSubmatch(string(text), -1) {
				found[m[1]] = path
			}
			return err
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					found[s] = set.Position(lit.Pos()).String()
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var keyPattern = regexp.MustCompile(`^[a-z]+\.[a-z_.-]*$`)

func TestKeysAreUsed(t *testing.T) {
	t.Parallel()
	have := texts(t, locale.Default)
	features := map[string]bool{}
	for key := range have {
		feature, _, _ := strings.Cut(key, ".")
		features[feature] = true
	}
	used := map[string]string{}
	for text, at := range literals(t) {
		feature, _, _ := strings.Cut(text, ".")
		if !keyPattern.MatchString(text) || !features[feature] || slices.Contains(points.Occasions, text) {
			continue
		}
		ends, dynamic := made[text]
		switch {
		case dynamic:
			for _, end := range ends {
				used[text+end] = at
			}
		case strings.HasSuffix(text, "."):
			t.Errorf("%s: %q begins keys that this test does not know; add them to made", at, text)
		default:
			used[text] = at
		}
	}
	for key, at := range used {
		if have[key] == nil {
			t.Errorf("%s: the catalogue has no %s", at, key)
		}
	}
	for key := range have {
		if feature, rest, _ := strings.Cut(key, "."); slices.Contains(ofFeatures, rest) && features[feature] {
			continue
		}
		if used[key] == "" {
			t.Errorf("%s is not used", key)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lang, key string
		args      []any
		want      string
	}{
		{"zh-CN", "schedule.list", []any{"N", 1}, "日程 1 项："},
		{"en", "schedule.list", []any{"N", 1}, "1 schedule:"},
		{"en", "schedule.list", []any{"N", 2}, "2 schedules:"},
		{"xx", "schedule.list", []any{"N", 2}, "日程 2 项："},
		{"en", "no.such", nil, "[no.such]"},
		{"zh-CN", "ledger.awarded", []any{"Name", "<b>{{.N}}</b>", "Points", 1, "Seq", 2, "Reason", "好"}, "已给 <b>{{.N}}</b> 加 1 分（第 2 号）：好"},
	} {
		if got := locale.Text(c.lang, c.key, c.args...); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.lang, c.key, got, c.want)
		}
	}
}

// chartKeys are the words of each chart.
func chartKeys() (ends []string) {
	for _, name := range []string{"participation", "hardest", "pace"} {
		ends = append(ends, name, name+".about", name+".labels", name+".values")
	}
	return ends
}

// A text that has one form says it of every number.
func TestOneForm(t *testing.T) {
	t.Parallel()
	for _, lang := range locale.Languages {
		for n := range 3 {
			if got := locale.Text(lang, "ledger.page.count", "N", n); !strings.Contains(got, strconv.Itoa(n)) {
				t.Errorf("%s, %d: %q", lang, n, got)
			}
		}
	}
}
