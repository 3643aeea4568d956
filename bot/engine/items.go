package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"branchbot/store"
)

// OpenItem is something that a unit's chats wait for, or have waited for, as lists name it.
type OpenItem struct {
	Prompt  int64
	Feature string
	ID      int64  // within its feature
	Code    int    // its short number
	Number  string // of a series, 2026-017; "" without
	Title   string // one line of it
	Opened  int64  // UTC milliseconds
	Closes  int64  // UTC milliseconds; 0: no end
	Done    int    // how many have answered
	Due     int    // of how many; 0: of nobody in particular
	// Mine is how the member that was asked about has answered, in the feature's words; "":
	// not yet.
	Mine string
	// ByName items are awaited of each member by name: who has not answered is missing.
	ByName bool
	// Data is what the feature needs to show the item on a page.
	Data any
}

// OpenItemLister is an Answerer whose prompts stand in lists of what is open.
type OpenItemLister interface {
	// OpenItems are the prompts of a unit that are open; all since an instant, open or
	// not, unless it is zero. At most 50, the newest ones.
	OpenItems(tx *store.Tx, unit string, since time.Time) ([]OpenItem, error)
	// ItemsFor are those that are open and that a member may answer, with Mine. At most
	// 50, the newest ones.
	ItemsFor(tx *store.Tx, unit string, member int64) ([]OpenItem, error)
	// ItemCommands are what a secretary can do about one.
	ItemCommands() ItemCommands
}

// mostItems is how many are listed.
const mostItems = 50

// OpenItems are what the features list for a unit, the newest first; see OpenItemLister.
func (e *Engine) OpenItems(tx *store.Tx, unit string, since time.Time) ([]OpenItem, error) {
	return e.items(func(l OpenItemLister) ([]OpenItem, error) { return l.OpenItems(tx, unit, since) })
}

// ItemsFor are what a member may answer in a unit, the newest first.
func (e *Engine) ItemsFor(tx *store.Tx, unit string, member int64) ([]OpenItem, error) {
	return e.items(func(l OpenItemLister) ([]OpenItem, error) { return l.ItemsFor(tx, unit, member) })
}

func (e *Engine) items(list func(OpenItemLister) ([]OpenItem, error)) ([]OpenItem, error) {
	var all []OpenItem
	for _, f := range e.Features {
		l, ok := f.(OpenItemLister)
		if !ok {
			continue
		}
		items, err := list(l)
		if err != nil {
			return nil, err
		}
		for i := range items {
			items[i].Feature = f.Name()
		}
		all = append(all, items...)
	}
	slices.SortStableFunc(all, func(a, b OpenItem) int { return cmp.Compare(b.Prompt, a.Prompt) })
	return all[:min(len(all), mostItems)], nil
}

// Prompts begins a query of what OpenItems lists: WITH p, the feature's prompts of a unit
// that are open, or of all since an instant, each with its ref as a number. $1 is the unit;
// further arguments of the query come behind args.
func Prompts(feature, unit string, since time.Time) (with string, args []any) {
	with, args = `closed_at IS NULL`, []any{unit, feature}
	if !since.IsZero() {
		with, args = `opened_at >= $3`, append(args, since.UnixMilli())
	}
	return `WITH p AS (SELECT id, code, opened_at, CAST(ref AS BIGINT) AS ref FROM prompt WHERE unit = $1 AND feature = $2 AND ` + with +
		` ORDER BY id DESC LIMIT 50) `, args
}

// ItemCommands are the commands that a secretary can give about an open item of the
// feature: for missing, remind, close, each with %s for the item's code; a feature without
// one of them has no such command. See OpenItemLister.
type ItemCommands map[string]string

// itemActs are the keys of ItemCommands in the order in which pages show them.
var itemActs = []string{"missing", "remind", "close"}

// ItemActs are what can be done about the open items of a feature.
func (e *Engine) ItemActs(feature string) (acts []string) {
	if l, ok := e.Feature(feature).(OpenItemLister); ok {
		commands := l.ItemCommands()
		for _, act := range itemActs {
			if commands[act] != "" {
				acts = append(acts, act)
			}
		}
	}
	return acts
}

// ItemCommand is the line of a command about an item; "" when there is none.
func (e *Engine) ItemCommand(feature, act, code string) string {
	if l, ok := e.Feature(feature).(OpenItemLister); ok && l.ItemCommands()[act] != "" {
		return strings.ReplaceAll(l.ItemCommands()[act], "%s", code)
	}
	return ""
}
