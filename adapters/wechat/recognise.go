package wechat

import (
	"maps"
	"slices"
	"strings"

	"branchbot/bot/chat"
)

// This file decides who is who after a login. It is pure; the rules are in the
// package comment.

// evidence is one thing that tells a person from others, e.g. a name in one
// group: only equal evidence of the same kind and place speaks for sameness.
type evidence struct{ kind, in, value string }

// recognition is what became of those whom a session shows.
type recognition struct {
	same  map[string]chat.UserID   // beyond doubt
	doubt map[string][]chat.UserID // who it may have been
}

// recognise finds the persons of earlier sessions among those of this one.
// known are those of this session who have their lasting id already.
func recognise(before map[chat.UserID][]evidence, now map[string][]evidence, known map[string]chat.UserID) recognition {
	bore, bear := index(before), index(now)
	points, pointed := map[string]map[chat.UserID]bool{}, map[chat.UserID]map[string]bool{}
	vague := map[string]map[chat.UserID]bool{}
	for at, id := range known {
		link(points, at, id)
		link(pointed, id, at)
	}
	for e, ats := range bear {
		ids := bore[e]
		for _, at := range ats {
			for _, id := range ids {
				if len(ids) == 1 && len(ats) == 1 {
					link(points, at, id)
					link(pointed, id, at)
				} else {
					link(vague, at, id)
				}
			}
		}
	}
	r := recognition{same: map[string]chat.UserID{}, doubt: map[string][]chat.UserID{}}
	for at := range now {
		if known[at] != "" {
			continue
		}
		ids := slices.Sorted(maps.Keys(points[at]))
		if len(ids) == 1 && len(pointed[ids[0]]) == 1 {
			r.same[at] = ids[0]
			continue
		}
		for id := range vague[at] {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		if ids = slices.Compact(ids); len(ids) > 0 {
			r.doubt[at] = ids
		}
	}
	return r
}

// index turns who bears what into what is borne by whom.
func index[K comparable](of map[K][]evidence) map[evidence][]K {
	out := map[evidence][]K{}
	for who, all := range of {
		for _, e := range all {
			if e.value != "" && !slices.Contains(out[e], who) {
				out[e] = append(out[e], who)
			}
		}
	}
	return out
}

func link[A, B comparable](m map[A]map[B]bool, a A, b B) {
	if m[a] == nil {
		m[a] = map[B]bool{}
	}
	m[a][b] = true
}

// How much of two member lists must be the same: a group is recognised with
// half of it, and may be meant with a quarter.
const (
	recognised = 0.5
	maybeMeant = 0.25
	leastSame  = 2 // members; one alone is no evidence
)

// groupRecognition is what became of the groups that a session shows, by their
// place in now.
type groupRecognition struct {
	same  map[int]chat.ChatID
	doubt map[int][]chat.ChatID // may have been; those of the same title are given up
	spent []chat.ChatID         // of earlier sessions, meant by a doubt: they are not looked for again
}

// recogniseGroups finds groups of earlier sessions among those of this one.
func recogniseGroups(before []*group, now []*group) groupRecognition {
	r := groupRecognition{same: map[int]chat.ChatID{}, doubt: map[int][]chat.ChatID{}}
	points, pointed := make([][]*group, len(now)), map[chat.ChatID]int{}
	for i, n := range now {
		for _, b := range before {
			share := overlap(b, n)
			if b.Title == n.Title && n.Title != "" && share >= maybeMeant {
				points[i] = append(points[i], b)
				pointed[b.Chat]++
			} else if share >= recognised {
				r.doubt[i] = append(r.doubt[i], b.Chat) // perhaps it was renamed
			}
		}
	}
	for i, n := range now {
		if len(points[i]) == 1 && pointed[points[i][0].Chat] == 1 && overlap(points[i][0], n) >= recognised {
			r.same[i] = points[i][0].Chat
			delete(r.doubt, i)
			continue
		}
		for _, b := range points[i] {
			r.doubt[i] = append(r.doubt[i], b.Chat)
			r.spent = append(r.spent, b.Chat)
		}
	}
	slices.Sort(r.spent)
	r.spent = slices.Compact(r.spent)
	for i, ids := range r.doubt { // a group that was found elsewhere is not meant
		r.doubt[i] = slices.DeleteFunc(ids, func(id chat.ChatID) bool {
			return slices.Contains(slices.Collect(maps.Values(r.same)), id)
		})
		if len(r.doubt[i]) == 0 {
			delete(r.doubt, i)
		}
	}
	return r
}

// overlap is how much of the larger of two member lists is in both, by name; 0
// when it is too little to say anything.
func overlap(a, b *group) float64 {
	left := map[string]int{}
	for _, m := range a.Members {
		left[m.shown()]++
	}
	common := 0
	for _, m := range b.Members {
		if name := m.shown(); name != "" && left[name] > 0 {
			left[name]--
			common++
		}
	}
	if common < leastSame {
		return 0
	}
	return float64(common) / float64(max(len(a.Members), len(b.Members)))
}

// names is the evidence of a member's names in a group.
func (m member) names(in chat.ChatID) []evidence {
	out := []evidence{{"name", string(in), squeeze(m.Display)}}
	if nick := squeeze(m.Nick); nick != out[0].value {
		out = append(out, evidence{"name", string(in), nick})
	}
	return out
}

func (f friend) evidence() []evidence {
	return []evidence{{"remark", "", squeeze(f.Remark)}, {"alias", "", f.Alias}}
}

// squeeze makes names equal that look equal.
func squeeze(s string) string { return strings.Join(strings.Fields(chat.Clean(s)), " ") }
