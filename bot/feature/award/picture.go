package award

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/draw"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/store"
)

// References of pictures. "honour:own.3.png" is a certificate as its owner gets
// it, "honour:public.3.png" one for the group, which there is only as long as
// the member agrees; "honour:roll.UNIT.3-5-8.png" is a roll of honour.
func certificateRef(id int64) string { return fmt.Sprintf("honour:own.%d.png", id) }

func publicRef(id int64) string { return fmt.Sprintf("honour:public.%d.png", id) }

func rollRef(unit string, ids []string) string {
	return "honour:roll." + unit + "." + strings.Join(ids, "-") + ".png"
}

// Picture draws what a reference names after its "honour:". An honour that does
// not exist, was revoked, or is not published has no picture.
func Picture(tx *store.Tx, name string, unit func(tx *store.Tx, id string) (*engine.Unit, error)) ([]byte, error) {
	words := strings.Split(strings.TrimSuffix(name, ".png"), ".")
	if words[0] == "roll" && len(words) == 3 {
		return roll(tx, words[1], words[2], unit)
	}
	if len(words) != 2 || words[0] != "own" && words[0] != "public" {
		return nil, fmt.Errorf("%q names no picture of an honour", name)
	}
	id, err := strconv.ParseInt(words[1], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q names no honour", name)
	}
	h, err := load(tx, id)
	switch {
	case err != nil:
		return nil, err
	case h == nil:
		return nil, fmt.Errorf("there is no honour %d", id)
	case h.Revoked:
		return nil, fmt.Errorf("honour %d was revoked", id)
	case words[0] == "public" && !h.Published():
		return nil, fmt.Errorf("honour %d is not published", id)
	}
	u, err := unit(tx, h.Unit)
	if err != nil {
		return nil, err
	}
	return certificate(h, u).PNG()
}

func certificate(h *Honour, u *engine.Unit) *draw.Certificate {
	text := func(key string, args ...any) string { return locale.Text(u.Language, key, args...) }
	before := text("honour.paper.before")
	if h.Reason != "" {
		before = text("honour.paper.before_reason", "Reason", h.Reason)
	}
	return &draw.Certificate{
		Head: text("honour.paper.head"), Name: text("honour.paper.name", "Name", h.Name), Before: before, Title: h.Title,
		After: text("honour.paper.after"), Unit: u.Name, Day: date(u.Language, h.Day),
	}
}

// date is a day key as it is written out on paper.
func date(lang, day string) string {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return d.Format(locale.Text(lang, "honour.paper.date"))
}

// roll draws the published ones of some honours of a unit.
func roll(tx *store.Tx, of, numbers string, unit func(tx *store.Tx, id string) (*engine.Unit, error)) ([]byte, error) {
	var ids []int64
	for number := range strings.SplitSeq(numbers, "-") {
		id, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q names no honours", numbers)
		}
		ids = append(ids, id)
	}
	honours, err := numbered(tx, of, ids)
	if err != nil {
		return nil, err
	}
	if len(honours) == 0 {
		return nil, fmt.Errorf("none of the honours %s of unit %s is published", numbers, of)
	}
	u, err := unit(tx, of)
	if err != nil {
		return nil, err
	}
	card := draw.Card{}
	for _, h := range honours {
		card.Rows = append(card.Rows, draw.Row{Head: h.Name, Text: h.Title})
	}
	page := draw.Page{Kicker: locale.Text(u.Language, "honour.paper.roll"), Title: u.Name, Period: date(u.Language, honours[0].Day),
		Cards: []draw.Card{card}, Foot: locale.Text(u.Language, "honour.paper.foot")}
	return page.PNG()
}
