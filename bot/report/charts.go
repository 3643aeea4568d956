package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"branchbot/bot/feature/notice"
	"branchbot/bot/locale"
	"branchbot/store"
)

// mostBars bounds the charts of items.
const mostBars = 8

// Participation is a chart of how many took part in what the unit's members
// were asked, week by week.
func (f *Figures) Participation(lang string) template.HTML {
	type week struct{ asked, did int }
	weeks := map[string]*week{}
	for i := range f.Items {
		day, err := time.Parse(time.DateOnly, f.Items[i].Day)
		if err != nil {
			continue // the welcome of the sample
		}
		monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7).Format(time.DateOnly)
		if weeks[monday] == nil {
			weeks[monday] = &week{}
		}
		asked, did := f.Items[i].taken()
		weeks[monday].asked += asked
		weeks[monday].did += did
	}
	c := chart(lang, "participation")
	for monday, w := range weeks {
		if w.asked > 0 {
			share := float64(w.did) / float64(w.asked)
			c.Bars = append(c.Bars, Bar{Label: monday[5:], Value: share, Text: percent(share)})
		}
	}
	// The weeks of a year are in order by month and day; a period of more is not drawn.
	order := func(b Bar) string {
		if b.Label < f.Period.From[5:] && f.Period.From[:4] != f.Period.To[:4] {
			return "1" + b.Label
		}
		return "0" + b.Label
	}
	slices.SortFunc(c.Bars, func(a, b Bar) int { return cmp.Compare(order(a), order(b)) })
	return c.Standing()
}

// asMany is how many answers a question needs to be among the hardest: the share
// of fewer would tell of one member or two.
const asMany = 5

// Hardest is a chart of the questions that were answered right least often.
func (f *Figures) Hardest(lang string) template.HTML {
	c := chart(lang, "hardest")
	sums := map[string]*Counts{} // a question may be asked several times
	for i := range f.Items {
		if item := &f.Items[i]; item.Kind == Rounds && item.Closed {
			if sums[item.Title] == nil {
				sums[item.Title] = &Counts{}
			}
			sums[item.Title].add(&item.Counts)
		}
	}
	for title, s := range sums {
		if s.Answered >= asMany {
			share := float64(s.Right) / float64(s.Answered)
			c.Bars = append(c.Bars, Bar{Label: strings.Join(strings.Fields(title), " "), Value: share, Text: percent(share)})
		}
	}
	slices.SortFunc(c.Bars, func(a, b Bar) int { return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(a.Label, b.Label)) })
	c.Bars = c.Bars[:min(len(c.Bars), mostBars)]
	return c.Lying()
}

// Pace is a chart of how long the newest notices took until nine of ten who
// were asked had acknowledged them.
func (f *Figures) Pace(tx *store.Tx, lang string) (template.HTML, error) {
	acked, err := notice.Acknowledged(tx, f.Unit.ID, f.Period.From, f.Period.To)
	if err != nil {
		return "", fmt.Errorf("pace of notices in %s: %w", f.Unit.ID, err)
	}
	c := chart(lang, "pace")
	longest := time.Hour
	var took []time.Duration
	for i := len(f.Items) - 1; i >= 0 && len(c.Bars) < mostBars; i-- {
		item := &f.Items[i]
		if item.Kind != Notices || item.Unit != f.Unit.ID || item.Counts.Notices == 0 {
			continue
		}
		bar := Bar{Label: item.Day[5:] + " " + item.Title, Text: locale.Text(lang, "report.chart.never")}
		d := time.Duration(-1)
		if n := int(math.Ceil(0.9 * float64(item.Counts.Notices))); n <= len(acked[item.ID]) {
			d = acked[item.ID][n-1].Sub(item.From)
			bar.Text = locale.Text(lang, "report.chart.hours", "Hours", strings.TrimSuffix(fmt.Sprintf("%.1f", d.Hours()), ".0"))
			longest = max(longest, d)
		}
		c.Bars, took = append(c.Bars, bar), append(took, d)
	}
	for i, d := range took {
		c.Bars[i].Value = float64(d) / float64(longest)
	}
	return c.Lying(), nil
}

// chart is an empty one with its words.
func chart(lang, name string) Chart {
	return Chart{ID: "chart-" + name, Title: locale.Text(lang, "report.chart."+name), About: locale.Text(lang, "report.chart."+name+".about"),
		Labels: locale.Text(lang, "report.chart."+name+".labels"), Values: locale.Text(lang, "report.chart."+name+".values"),
		Data: locale.Text(lang, "report.chart.data"), Empty: locale.Text(lang, "report.chart.empty")}
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", share*100) }
