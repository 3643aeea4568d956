package engine

import (
	"slices"
	"strconv"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/outbox"
)

// Absence is a time in which a member is not to be asked for anything.
type Absence struct {
	Member   int64
	From, To time.Time // To is the first instant after it
	Reason   string    // a key of the catalogue, e.g. leave.away
}

// Excuser is a feature that knows when members are not to be asked.
type Excuser interface {
	// Absences are those of members, or for nil of all members of t.Unit and
	// the units under it, that touch the time from an instant up to another.
	Absences(t *Turn, members []int64, from, to time.Time) ([]Absence, error)
}

// LeaveTaker is a feature that notes leave said in plain words.
type LeaveTaker interface {
	// TakeLeave notes what the message asks for, when that is leave on days of its own;
	// false when it is not.
	TakeLeave(t *Turn) (bool, error)
}

// TakeLeave hands an answer that asks for leave to the feature that notes leave; false
// when it says nothing beyond what it answers.
func (t *Turn) TakeLeave() (bool, error) {
	for _, f := range t.work.engine.Features {
		if l, ok := f.(LeaveTaker); ok {
			if took, err := l.TakeLeave(t); took || err != nil {
				return took, err
			}
		}
	}
	return false, nil
}

// Wake is when a member begins to be awake.
type Wake struct {
	Member Member
	At     time.Time
}

// Waker is a feature that knows who is awake when.
type Waker interface {
	// Wakes are those members of t.Unit and the units under it who are not
	// awake at an instant but will be before another, each at the first time.
	Wakes(t *Turn, from, before time.Time) ([]Wake, error)
}

// Away tells why a member is not to be asked at an instant, as a key of the
// catalogue; "" when he may be asked.
func (t *Turn) Away(m *Member, at time.Time) (string, error) {
	list, err := t.absences([]int64{m.ID}, at, at.Add(time.Millisecond))
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0].Reason, nil
}

// AwayAmong tells of members who may not be asked at an instant why, as a key of the
// catalogue.
func (t *Turn) AwayAmong(members []int64, at time.Time) (map[int64]string, error) {
	away := map[int64]string{}
	if len(members) == 0 {
		return away, nil
	}
	list, err := t.absences(members, at, at.Add(time.Millisecond))
	for _, a := range list {
		if away[a.Member] == "" {
			away[a.Member] = a.Reason
		}
	}
	return away, err
}

// AwayAll are the members of t.Unit and the units under it who could not be
// asked at any time from an instant up to another, each with a reason.
func (t *Turn) AwayAll(from, to time.Time) (map[int64]string, error) {
	list, err := t.absences(nil, from, to)
	if err != nil {
		return nil, err
	}
	byMember := map[int64][]Absence{}
	for _, a := range list {
		byMember[a.Member] = append(byMember[a.Member], a)
	}
	away := map[int64]string{}
	for id, list := range byMember {
		reason := list[0].Reason
		if free, _ := firstFree(list, from); !free.Before(to) {
			away[id] = reason
		}
	}
	return away, nil
}

// Excused are how many of the members of t.Unit and the units under it could
// not be asked at any time from an instant up to another and have not done it.
// Counts leave them out.
func (t *Turn) Excused(from, to time.Time, did func(member int64) bool) (n int, err error) {
	away, err := t.AwayAll(from, to)
	for id := range away {
		if !did(id) {
			n++
		}
	}
	return n, err
}

// wakingAhead is how far ahead a waking window is looked for.
const wakingAhead = 31 * 24 * time.Hour

// Waking is the next time in which a member may be asked: from the first
// instant, not before at, up to his next absence. to is at most a month ahead;
// from is to where there is none until then.
func (t *Turn) Waking(m *Member, at time.Time) (from, to time.Time, err error) {
	end := at.Add(wakingAhead)
	list, err := t.absences([]int64{m.ID}, at, end)
	if err != nil {
		return at, end, err
	}
	from, to = firstFree(list, at)
	if to.IsZero() || to.After(end) {
		to = end
	}
	if from.After(to) {
		from = to
	}
	return from, to, nil
}

// firstFree is the first time from an instant on that no absence covers, up to
// the next absence; that is zero when there is none.
func firstFree(list []Absence, at time.Time) (from, to time.Time) {
	slices.SortFunc(list, func(a, b Absence) int { return a.From.Compare(b.From) })
	for _, a := range list {
		if a.From.After(at) {
			return at, a.From
		}
		if a.To.After(at) {
			at = a.To
		}
	}
	return at, time.Time{}
}

// absences asks every feature, in the order of the list of features.
func (t *Turn) absences(members []int64, from, to time.Time) ([]Absence, error) {
	var all []Absence
	for _, f := range t.work.engine.Features {
		e, ok := f.(Excuser)
		if !ok {
			continue
		}
		list, err := e.Absences(t, members, from, to)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func (t *Turn) wakes(from, before time.Time) ([]Wake, error) {
	var all []Wake
	for _, f := range t.work.engine.Features {
		w, ok := f.(Waker)
		if !ok {
			continue
		}
		list, err := w.Wakes(t, from, before)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// CopyLater has the feature's timer "copy" fire for the item at each time at
// which members who sleep through a post of now begin to be awake, up to its
// close. The feature then calls Copy.
func (t *Turn) CopyLater(feature, ref string, closes time.Time) error {
	wakes, err := t.wakes(t.Now, closes)
	if err != nil {
		return err
	}
	seen := map[time.Time]bool{}
	for _, w := range wakes {
		if seen[w.At] {
			continue
		}
		seen[w.At] = true
		key := feature + ":copy:" + ref + ":" + strconv.FormatInt(w.At.UnixMilli(), 10)
		if err := t.At(w.At, feature, "copy", ref, key); err != nil {
			return err
		}
	}
	return nil
}

// Copy tells a post in private to those who slept through it and begin to be
// awake when the timer falls due, unless they have done it already or are away.
func (t *Turn) Copy(tm Timer, p Post, posted time.Time, done func(member int64) (bool, error)) error {
	wakes, err := t.wakes(posted, tm.Due.Add(time.Millisecond))
	if err != nil {
		return err
	}
	p.Message.Spans = append([]chat.Span{{Text: t.T("engine.copy_head") + "\n"}}, p.Message.Spans...)
	for _, w := range wakes {
		if !w.At.Equal(tm.Due) {
			continue
		}
		was, err := done(w.Member.ID)
		if err != nil {
			return err
		}
		away, err := t.Away(&w.Member, t.Now)
		if err != nil {
			return err
		}
		if was || away != "" {
			continue
		}
		if err := t.copyTo(&w.Member, p); err != nil {
			return err
		}
	}
	return nil
}

// copyTo sends the post to a member if one of his accounts has a private chat.
func (t *Turn) copyTo(m *Member, p Post) error {
	addresses, err := t.Directory().Private(t.Tx, m.ID)
	if err != nil || len(addresses) == 0 || addresses[0].Refuses {
		return err
	}
	a := addresses[0]
	return t.add(outbox.Letter{
		Account: a.Account, Chat: a.Chat, User: a.User, Class: p.Class, Message: p.Message, Prompt: p.Prompt,
	})
}
