package telegram

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"branchbot/bot/chat"
)

// Send implements chat.Adapter.
func (a *Adapter) Send(ctx context.Context, to chat.ChatID, p chat.Part) (chat.Receipt, error) {
	group, topic, err := number(to)
	if err != nil {
		return chat.Receipt{}, err
	}
	var sent *models.Message
	switch {
	case p.Poll != nil:
		sent, err = a.sendPoll(ctx, group, topic, p.Poll)
	case p.Media != nil:
		sent, err = a.sendMedia(ctx, group, topic, p)
	default:
		text, entities := styled(p.Spans)
		sent, err = a.bot.SendMessage(ctx, &bot.SendMessageParams{ChatID: group, MessageThreadID: topic, Text: text, Entities: entities,
			LinkPreviewOptions: &models.LinkPreviewOptions{IsDisabled: bot.True()}, ReplyMarkup: keyboard(p.Buttons)})
	}
	if err != nil {
		return chat.Receipt{}, a.failed(err)
	}
	var r chat.Receipt
	if sent.ID != 0 {
		r.Message = chat.MessageID(strconv.Itoa(sent.ID))
	}
	if sent.Poll != nil {
		r.Poll = chat.PollID(sent.Poll.ID)
	}
	return r, nil
}

func (a *Adapter) sendPoll(ctx context.Context, group int64, topic int, p *chat.Poll) (*models.Message, error) {
	params := &bot.SendPollParams{ChatID: group, MessageThreadID: topic, Question: p.Question, IsAnonymous: bot.False(),
		Type: "regular", AllowsMultipleAnswers: p.Several}
	for _, o := range p.Options {
		params.Options = append(params.Options, models.InputPollOption{Text: o})
	}
	if p.Right != nil && !p.Several {
		params.Type, params.CorrectOptionID, params.Explanation = "quiz", *p.Right, oneLineFeed(p.Explain)
	}
	return a.bot.SendPoll(ctx, params)
}

// oneLineFeed keeps an explanation within Telegram's two line feeds.
func oneLineFeed(s string) string { return strings.Join(strings.Fields(s), " ") }

func (a *Adapter) sendMedia(ctx context.Context, group int64, topic int, p chat.Part) (*models.Message, error) {
	caption, entities := styled(p.Spans)
	m := p.Media
	key := sha256.Sum256(m.Data)
	file := a.uploads.file(key, m)
	var sent *models.Message
	var err error
	if m.Name == "" {
		sent, err = a.bot.SendPhoto(ctx, &bot.SendPhotoParams{ChatID: group, MessageThreadID: topic, Photo: file,
			Caption: caption, CaptionEntities: entities, ReplyMarkup: keyboard(p.Buttons)})
	} else {
		sent, err = a.bot.SendDocument(ctx, &bot.SendDocumentParams{ChatID: group, MessageThreadID: topic, Document: file,
			Caption: caption, CaptionEntities: entities, ReplyMarkup: keyboard(p.Buttons)})
	}
	a.uploads.learn(key, m, sent, err)
	return sent, err
}

// uploads remembers what Telegram has already, so that a picture for thousands
// of groups is uploaded once.
type uploads struct {
	mu  *sync.Mutex
	ids map[upload]string
}

type upload struct {
	sum  [sha256.Size]byte
	name string
}

// maxUploads bounds the memory; forgotten ones are uploaded again.
const maxUploads = 10_000

func newUploads() uploads { return uploads{&sync.Mutex{}, map[upload]string{}} }

func (u uploads) file(sum [sha256.Size]byte, m *chat.Media) models.InputFile {
	u.mu.Lock()
	defer u.mu.Unlock()
	if id := u.ids[upload{sum, m.Name}]; id != "" {
		return &models.InputFileString{Data: id}
	}
	name := m.Name
	if name == "" {
		name = "picture" + strings.Replace(m.Type, "image/", ".", 1)
	}
	return &models.InputFileUpload{Filename: name, Data: bytes.NewReader(m.Data)}
}

func (u uploads) learn(sum [sha256.Size]byte, m *chat.Media, sent *models.Message, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	key := upload{sum, m.Name}
	switch {
	case err != nil:
		delete(u.ids, key) // it may be what Telegram does not know any more
	case len(u.ids) >= maxUploads:
		clear(u.ids)
	case len(sent.Photo) > 0:
		u.ids[key] = sent.Photo[len(sent.Photo)-1].FileID
	case sent.Document != nil:
		u.ids[key] = sent.Document.FileID
	}
}

// styled is the text with the entities that style it. Offsets count UTF-16
// units.
func styled(spans []chat.Span) (string, []models.MessageEntity) {
	var text strings.Builder
	var entities []models.MessageEntity
	offset := 0
	for _, s := range spans {
		text.WriteString(s.Text)
		length := 0
		for _, r := range s.Text {
			length += utf16.RuneLen(r)
		}
		kind := map[chat.Style]models.MessageEntityType{chat.Bold: models.MessageEntityTypeBold,
			chat.Italic: models.MessageEntityTypeItalic, chat.Code: models.MessageEntityTypeCode}[s.Style]
		if blank := strings.TrimSpace(s.Text) == ""; kind != "" && !blank {
			entities = append(entities, models.MessageEntity{Type: kind, Offset: offset, Length: length})
		}
		if s.URL != "" {
			entities = append(entities, models.MessageEntity{Type: models.MessageEntityTypeTextLink, Offset: offset, Length: length, URL: s.URL})
		}
		offset += length
	}
	return text.String(), entities
}

// keyboard is nil, and not an empty keyboard, for no buttons.
func keyboard(rows [][]chat.Button) models.ReplyMarkup {
	if len(rows) == 0 {
		return nil
	}
	var markup models.InlineKeyboardMarkup
	for _, row := range rows {
		var line []models.InlineKeyboardButton
		for _, b := range row {
			line = append(line, models.InlineKeyboardButton{Text: b.Label, CallbackData: b.Data})
		}
		markup.InlineKeyboard = append(markup.InlineKeyboard, line)
	}
	return &markup
}

// Edit implements chat.Editor.
func (a *Adapter) Edit(ctx context.Context, in chat.ChatID, id chat.MessageID, p chat.Part) error {
	group, message, err := place(in, id)
	if err != nil {
		return err
	}
	text, entities := styled(p.Spans)
	_, err = a.bot.EditMessageText(ctx, &bot.EditMessageTextParams{ChatID: group, MessageID: message, Text: text, Entities: entities,
		LinkPreviewOptions: &models.LinkPreviewOptions{IsDisabled: bot.True()}, ReplyMarkup: keyboard(p.Buttons)})
	if err != nil && says(err, "message is not modified") {
		return nil
	}
	return a.failed(err)
}

// ClosePoll implements chat.PollCloser.
func (a *Adapter) ClosePoll(ctx context.Context, in chat.ChatID, id chat.MessageID) error {
	group, message, err := place(in, id)
	if err != nil {
		return err
	}
	_, err = a.bot.StopPoll(ctx, &bot.StopPollParams{ChatID: group, MessageID: message})
	if err != nil && says(err, "already been closed") {
		return nil
	}
	return a.failed(err)
}

func place(in chat.ChatID, id chat.MessageID) (group int64, message int, err error) {
	if group, _, err = number(in); err != nil {
		return 0, 0, err
	}
	if message, err = strconv.Atoi(string(id)); err != nil {
		return 0, 0, &chat.SendError{Class: chat.NotThere, Err: errors.New("there is no such message")}
	}
	return group, message, nil
}

// failed classifies an error, and ends Run when the token is refused.
func (a *Adapter) failed(err error) error {
	if err == nil {
		return nil
	}
	err = classed(err)
	if isUnauthorized(err) {
		a.mu.Lock()
		broken := a.broken
		a.mu.Unlock()
		if broken != nil {
			broken(err)
		}
	}
	return err
}
