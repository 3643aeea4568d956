package lesson

import (
	"errors"
	"strings"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/content"
	"branchbot/store"
)

func pushedOn(tx *store.Tx, unit, day string) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM lesson_push WHERE unit = $1 AND day = $2`, unit, day).Scan(&n)
	return n, err
}

// lastPushed is "" when nothing of the series has been pushed.
func lastPushed(tx *store.Tx, unit, series string) (ref string, err error) {
	err = tx.QueryRow(`SELECT lesson FROM lesson_push WHERE unit = $1 AND series = $2 ORDER BY id DESC LIMIT 1`, unit, series).Scan(&ref)
	if errors.Is(err, store.ErrNoRows) {
		return "", nil
	}
	return ref, err
}

func insertPush(tx *store.Tx, unit string, l *content.Lesson, series, day string) (id int64, err error) {
	err = tx.QueryRow(`INSERT INTO lesson_push (unit, lesson, title, series, prompt, day, pushed_at)
		VALUES ($1, $2, $3, $4, 0, $5, $6) RETURNING id`, unit, l.Ref(), l.Title, series, day, tx.Millis()).Scan(&id)
	return id, err
}

func setPrompt(tx *store.Tx, push, prompt int64) error {
	_, err := tx.Exec(`UPDATE lesson_push SET prompt = $1 WHERE id = $2`, prompt, push)
	return err
}

// pushed is a lesson as it was pushed.
type pushed struct {
	Unit, Title, Lesson string
	Prompt              int64
	At                  time.Time
}

func loadPush(tx *store.Tx, push int64) (p pushed, err error) {
	var at int64
	err = tx.QueryRow(`SELECT unit, title, lesson, prompt, pushed_at FROM lesson_push WHERE id = $1`, push).
		Scan(&p.Unit, &p.Title, &p.Lesson, &p.Prompt, &at)
	p.At = time.UnixMilli(at)
	return p, err
}

// setDone is true when it is the first time.
func setDone(t *engine.Turn, push, member int64) (bool, error) {
	n, err := t.Tx.Exec(`INSERT INTO lesson_done (push, member, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, push, member, t.When.UnixMilli())
	return n > 0, err
}

func dropDone(tx *store.Tx, push, member int64) error {
	_, err := tx.Exec(`DELETE FROM lesson_done WHERE push = $1 AND member = $2`, push, member)
	return err
}

func isDone(tx *store.Tx, push, member int64) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM lesson_done WHERE push = $1 AND member = $2`, push, member).Scan(&n)
	return n > 0, err
}

func countDone(tx *store.Tx, push int64) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM lesson_done WHERE push = $1`, push).Scan(&n)
	return n, err
}

// doneBy are the day and title of the last 50 lessons that a member has done.
func doneBy(tx *store.Tx, member int64) ([]string, error) {
	rows, err := tx.Query(`SELECT p.day, p.title FROM lesson_done d JOIN lesson_push p ON p.id = d.push
		WHERE d.member = $1 ORDER BY d.push DESC LIMIT 50`, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var day, title string
		if err := rows.Scan(&day, &title); err != nil {
			return nil, err
		}
		out = append(out, strings.TrimSpace(day+" "+title))
	}
	return out, rows.Err()
}

// Items are the lessons that were pushed in a unit in the days from one on, up
// to another.
func Items(tx *store.Tx, unit, from, to string) ([]engine.Item, error) {
	return roster.Items(tx, `SELECT l.id, l.title, l.day, l.pushed_at, COALESCE(p.closed_at, l.pushed_at + $4), p.closed_at IS NOT NULL
		FROM lesson_push l JOIN prompt p ON p.id = l.prompt WHERE l.unit = $1 AND l.day >= $2 AND l.day < $3 ORDER BY l.id`,
		unit, from, to, life.Milliseconds())
}

// Deeds are which Items of asked, which is the unit or one above it, those who
// stayed in a unit marked as done.
func Deeds(tx *store.Tx, asked, unit, from, to string) ([]engine.Deed, error) {
	return roster.Deeds(tx, `SELECT d.push, d.member, 'done' FROM lesson_push l CROSS JOIN stay s CROSS JOIN lesson_done d
		WHERE l.unit = $1 AND l.day >= $3 AND l.day < $4 AND d.push = l.id AND`+roster.Staying("d.member", "d.at"), asked, unit, from, to)
}

type seriesPush struct{ series, lesson string }

// lastOfSeries is the last lesson of each series that was pushed in the days
// from one on, up to another.
func lastOfSeries(tx *store.Tx, unit, from, to string) ([]seriesPush, error) {
	rows, err := tx.Query(`SELECT series, lesson FROM lesson_push WHERE id IN (
		SELECT MAX(id) FROM lesson_push WHERE unit = $1 AND day >= $2 AND day < $3 GROUP BY series) ORDER BY id`, unit, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []seriesPush
	for rows.Next() {
		var p seriesPush
		if err := rows.Scan(&p.series, &p.lesson); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

type reading struct {
	Reading
	ref string
}

func pushedSince(tx *store.Tx, unit, day string, most int) ([]reading, error) {
	rows, err := tx.Query(`SELECT id, title, day, pushed_at, lesson FROM lesson_push WHERE unit = $1 AND day >= $2 ORDER BY id DESC LIMIT $3`, unit, day, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []reading
	for rows.Next() {
		var r reading
		var at int64
		if err := rows.Scan(&r.Push, &r.Title, &r.Day, &at, &r.ref); err != nil {
			return nil, err
		}
		r.At = time.UnixMilli(at)
		out = append(out, r)
	}
	return out, rows.Err()
}

// titleOf is what an item is called; "" when it is gone.
func titleOf(tx *store.Tx, id int64) (title string, err error) {
	err = tx.QueryRow(`SELECT title FROM lesson_push WHERE id = $1`, id).Scan(&title)
	if errors.Is(err, store.ErrNoRows) {
		err = nil
	}
	return title, err
}

// FirstDay is the day of the first thing that is kept about a member; "" for none.
func FirstDay(tx *store.Tx, member int64) (day string, err error) {
	err = tx.QueryRow(`SELECT l.day FROM lesson_done d JOIN lesson_push l ON l.id = d.push WHERE d.member = $1 AND l.day <> '' ORDER BY d.push LIMIT 1`, member).Scan(&day)
	if errors.Is(err, store.ErrNoRows) {
		err = nil
	}
	return day, err
}
