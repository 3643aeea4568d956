package survey

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/store"
)

// Survey is a vote, a survey or a pulse.
type Survey struct {
	left string // a word of an option that still stands in the title

	ID        int64
	Unit      string
	Kind      string // vote, survey, pulse
	Named     bool
	Title     string
	Questions []Question
	Seal      string // name of its key
	Prompt    int64
	Code      int
	ClosesAt  time.Time
	Closed    bool
}

func (s *Survey) ref() string { return strconv.FormatInt(s.ID, 10) }

func (s *Survey) insert(tx *store.Tx, day string) error {
	questions, err := json.Marshal(s.Questions)
	if err != nil {
		return err
	}
	err = tx.QueryRow(`INSERT INTO survey (unit, kind, named, title, questions, seal, day, closes_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
		s.Unit, s.Kind, s.Named, s.Title, string(questions), s.Seal, day, s.ClosesAt.UnixMilli()).Scan(&s.ID)
	if err != nil {
		return fmt.Errorf("open survey: %w", err)
	}
	return nil
}

func (s *Survey) prompted(tx *store.Tx, p engine.Prompt) error {
	s.Prompt, s.Code = p.ID, p.Code
	_, err := tx.Exec(`UPDATE survey SET prompt = $1, code = $2 WHERE id = $3`, p.ID, p.Code, s.ID)
	return err
}

const selectSurvey = `SELECT id, unit, kind, named, title, questions, seal, prompt, code, closes_at, closed_at IS NOT NULL FROM survey `

func scanSurvey(row store.Scanner) (*Survey, error) {
	s := &Survey{}
	var questions string
	var closes int64
	err := row.Scan(&s.ID, &s.Unit, &s.Kind, &s.Named, &s.Title, &questions, &s.Seal, &s.Prompt, &s.Code, &closes, &s.Closed)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.ClosesAt = time.UnixMilli(closes)
	if err := json.Unmarshal([]byte(questions), &s.Questions); err != nil {
		return nil, fmt.Errorf("survey %d: %w", s.ID, err)
	}
	return s, nil
}

// load returns nil for an unknown survey.
func load(tx *store.Tx, id int64) (*Survey, error) {
	return scanSurvey(tx.QueryRow(selectSurvey+`WHERE id = $1`, id))
}

// openFor are the open ones that the sender may fill in, of a kind or of all.
func openFor(t *engine.Turn, kind string) ([]*Survey, error) {
	home := t.Unit.ID
	if t.Member != nil {
		home = t.Member.Unit
	}
	line, err := t.Directory().Line(t.Tx, home)
	if err != nil {
		return nil, err
	}
	var all []*Survey
	for _, u := range line {
		found, err := openIn(t.Tx, u.ID, kind)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func openIn(tx *store.Tx, unit, kind string) ([]*Survey, error) {
	rows, err := tx.Query(selectSurvey+`WHERE unit = $1 AND closed_at IS NULL AND ($2 = '' OR kind = $2) ORDER BY id`, unit, kind)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []*Survey
	for rows.Next() {
		s, err := scanSurvey(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, rows.Err()
}

// countedSince tells whether one in which the sender has not voted was counted after he
// wrote what comes only now.
func countedSince(t *engine.Turn) (bool, error) {
	if !t.When.Before(t.Now) {
		return false, nil
	}
	line, err := t.Directory().Line(t.Tx, t.Member.Unit)
	if err != nil {
		return false, err
	}
	for _, u := range line {
		s, err := scanSurvey(t.Tx.QueryRow(selectSurvey+`WHERE unit = $1 AND closed_at > $2
			AND NOT EXISTS (SELECT 1 FROM survey_voted v WHERE v.survey = survey.id AND v.member = $3) ORDER BY id DESC LIMIT 1`,
			u.ID, t.When.UnixMilli(), t.Member.ID))
		if s != nil || err != nil {
			return s != nil, err
		}
	}
	return false, nil
}

func hasVoted(tx *store.Tx, survey, member int64) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM survey_voted WHERE survey = $1 AND member = $2`, survey, member).Scan(&n)
	return n > 0, err
}

func countVoted(tx *store.Tx, survey int64) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM survey_voted WHERE survey = $1`, survey).Scan(&n)
	return n, err
}

// countDue is how many a survey is for: the roster, and who has cast a ballot and left since.
func countDue(tx *store.Tx, s *Survey) (int, error) {
	n, err := roster.Count(tx, s.Unit)
	if err != nil {
		return 0, err
	}
	var left int
	err = tx.QueryRow(roster.Under+`SELECT COUNT(*) FROM survey_voted v JOIN member m ON m.id = v.member
		WHERE v.survey = $2 AND (m.left_at IS NOT NULL OR m.unit NOT IN (SELECT id FROM below))`, s.Unit, s.ID).Scan(&left)
	return n + left, err
}

func countDrafts(tx *store.Tx, member int64) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM survey_draft WHERE member = $1`, member).Scan(&n)
	return n, err
}

// setVoted is false when the member had voted before.
func setVoted(tx *store.Tx, survey, member int64) (bool, error) {
	n, err := tx.Exec(`INSERT INTO survey_voted (survey, member) VALUES ($1, $2) ON CONFLICT DO NOTHING`, survey, member)
	return n > 0, err
}

// putBallot keeps a sealed ballot; that of a named vote replaces the member's
// earlier one.
func putBallot(tx *store.Tx, s *Survey, member int64, sealed []byte) error {
	id := rand.Text()
	if s.Named {
		id = fmt.Sprintf("member:%d", member)
	}
	_, err := tx.Exec(`INSERT INTO survey_sealed (survey, id, body) VALUES ($1, $2, $3)
		ON CONFLICT (survey, id) DO UPDATE SET body = excluded.body`, s.ID, id, sealed)
	return err
}

// sealedBallots are the bodies in the order of their random ids.
func sealedBallots(tx *store.Tx, survey int64) ([][]byte, error) {
	rows, err := tx.Query(`SELECT body FROM survey_sealed WHERE survey = $1 ORDER BY id`, survey)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var bodies [][]byte
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		bodies = append(bodies, b)
	}
	return bodies, rows.Err()
}

func putDraft(tx *store.Tx, survey, member int64, sealed []byte) error {
	_, err := tx.Exec(`INSERT INTO survey_draft (survey, member, body) VALUES ($1, $2, $3)
		ON CONFLICT (survey, member) DO UPDATE SET body = excluded.body`, survey, member, sealed)
	return err
}

func deleteDraft(tx *store.Tx, survey, member int64) error {
	_, err := tx.Exec(`DELETE FROM survey_draft WHERE survey = $1 AND member = $2`, survey, member)
	return err
}

// sealedDraft returns nil when there is none.
func sealedDraft(tx *store.Tx, survey, member int64) (body []byte, err error) {
	err = tx.QueryRow(`SELECT body FROM survey_draft WHERE survey = $1 AND member = $2`, survey, member).Scan(&body)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return body, err
}

// drafting are the surveys that a member has begun to fill in.
func drafting(tx *store.Tx, member int64) ([]int64, error) {
	rows, err := tx.Query(`SELECT survey FROM survey_draft WHERE member = $1 ORDER BY survey`, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// finish closes a survey with what the group sees of it, and deletes all that
// was sealed.
func (s *Survey) finish(tx *store.Tx, result string) error {
	if _, err := tx.Exec(`UPDATE survey SET closed_at = $1, result = $2 WHERE id = $3`, tx.Millis(), result, s.ID); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM survey_sealed WHERE survey = $1`, s.ID); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM survey_draft WHERE survey = $1`, s.ID)
	return err
}

func putReceipt(tx *store.Tx, survey int64, receipt, value string) error {
	_, err := tx.Exec(`INSERT INTO survey_receipt (survey, receipt, value) VALUES ($1, $2, $3)`, survey, receipt, value)
	return err
}

func putNamed(tx *store.Tx, survey, member int64, answers []string) error {
	value, err := json.Marshal(answers)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO survey_named (survey, member, value) VALUES ($1, $2, $3)`, survey, member, string(value))
	return err
}

// counted finds a receipt in the final lists.
func counted(tx *store.Tx, receipt string) (*Survey, bool, error) {
	s, err := scanSurvey(tx.QueryRow(selectSurvey+`WHERE id IN (SELECT survey FROM survey_receipt WHERE receipt = $1)`, receipt))
	return s, s != nil, err
}

// vote is that a member took part, with the answers of a named vote.
type vote struct{ day, title, named string }

func votedBy(tx *store.Tx, member int64) ([]vote, error) {
	rows, err := tx.Query(`SELECT s.day, s.title, COALESCE(n.value, '') FROM survey_voted v JOIN survey s ON s.id = v.survey
		LEFT JOIN survey_named n ON n.survey = v.survey AND n.member = v.member
		WHERE v.member = $1 ORDER BY v.survey DESC LIMIT 50`, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []vote
	for rows.Next() {
		var v vote
		if err := rows.Scan(&v.day, &v.title, &v.named); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
