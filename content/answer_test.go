package content_test

import (
	"encoding/json"
	"testing"

	"branchbot/content"
)

func TestRight(t *testing.T) {
	t.Parallel()
	blank := content.Question{Type: content.Blank, Answer: "七一", Accept: []string{"七一", "The  Party's Day", "《党章》", "！"}}
	number := func(answer string) content.Question { return content.Question{Type: content.Number, Answer: answer} }
	for _, tt := range []struct {
		q      content.Question
		answer string
		want   bool
	}{
		{content.Question{Type: content.Single, Answer: "B"}, "B", true},
		{content.Question{Type: content.Single, Answer: "B"}, "A", false},
		{content.Question{Type: content.Multiple, Answer: "AC"}, "AC", true},
		{content.Question{Type: content.Multiple, Answer: "AC"}, "A", false},
		{content.Question{Type: content.Order, Answer: "BADC"}, "ABCD", false},
		{content.Question{Type: content.TrueFalse, Answer: "true"}, "true", true},
		{content.Question{Type: content.TrueFalse, Answer: "true"}, "false", false},
		{blank, "七一", true},
		{blank, " 七 一。", true},
		{blank, "ｔｈｅ party's day!", true},
		{blank, "THE PARTY'S  DAY", true},
		{blank, "theparty's day", false},
		{blank, "党章", true},
		{blank, "“党章”", true},
		{blank, "!", true},
		{blank, "", false},
		{blank, "。", false},
		{blank, "八一", false},
		{number("12"), "12", true},
		{number("12"), "12.0", true},
		{number("12"), "１２", true},
		{number("12"), "12.00000000000000001", false},
		{number("12±0.5"), "11.5", true},
		{number("12±0.5"), "12.5", true},
		{number("12±0.5"), "12.51", false},
		{number("0.1±0.2"), "0.3", true}, // not so with floats
		{number("-3"), "−3", true},
		{number("12"), "1e999999999", false},
		{number("12"), "24/2", false},
		{number("12"), "0xC", false},
		{number("12"), "NaN", false},
		{number("12"), "", false},
		{number("x"), "12", false},
	} {
		if got := tt.q.Right(tt.answer); got != tt.want {
			t.Errorf("%s %q: %q is right: %v, want %v", tt.q.Type, tt.q.Key(), tt.answer, got, tt.want)
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	q := content.Question{Pack: "p", ID: "q", Type: content.Single, Ask: "问？", Options: []string{"a", "b"}, Answer: "A"}
	other := q
	other.Pack, other.ID, other.At.Line = "o", "x", 9
	if q.Hash() != other.Hash() || len(q.Hash()) != 64 {
		t.Errorf("id and place must not count: %s, %s", q.Hash(), other.Hash())
	}
	for name, change := range map[string]func(*content.Question){
		"answer":  func(q *content.Question) { q.Answer = "B" },
		"explain": func(q *content.Question) { q.Explain = "x" },
		"options": func(q *content.Question) { q.Options = []string{"ab"} },
	} {
		other := q
		change(&other)
		if other.Hash() == q.Hash() {
			t.Errorf("%s must count", name)
		}
	}
}

// Rounds keep their question as JSON; it must come back as it was.
func TestQuestionAsJSON(t *testing.T) {
	t.Parallel()
	q := content.Question{Pack: "p", ID: "q", Type: content.Blank, Ask: "问？", Answer: "a", Accept: []string{"a", "b"}, Explain: "e", Source: "s",
		Tags: []string{"t"}, Media: []content.Media{{File: "media/x.png", Alt: "图"}}}
	text, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	var back content.Question
	if err := json.Unmarshal(text, &back); err != nil || back.Hash() != q.Hash() || back.Ref() != q.Ref() {
		t.Errorf("got %+v, %v; want %+v", back, err, q)
	}
}

// Several gaps want a text each, in their order.
func TestGaps(t *testing.T) {
	t.Parallel()
	q := content.Question{Type: content.Blank, Answer: "绿；红", Accept: []string{"绿；红"}}
	for answer, want := range map[string]bool{"绿；红": true, "绿 红": true, "绿、红": true, "绿，红": true, "绿和红": true, "红 绿": false, "绿": false, "红": false, "绿红": false, "": false} {
		if q.Right(answer) != want {
			t.Errorf("%q: not %v", answer, want)
		}
	}
}
