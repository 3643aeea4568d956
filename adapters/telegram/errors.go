package telegram

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-telegram/bot"

	"branchbot/bot/chat"
)

// classed is the error of a request in the classes of the sender. The texts are
// the Bot API's own; it has no finer codes.
func classed(err error) error {
	if err == nil {
		return nil
	}
	var known *chat.SendError
	if errors.As(err, &known) {
		return known
	}
	var (
		tooMany *bot.TooManyRequestsError
		moved   *bot.MigrateError
		refused *refusal
		status  *statusError
		notSent *notSentError
	)
	switch {
	case errors.As(err, &tooMany):
		return &chat.SendError{Class: chat.RateLimited, After: time.Duration(tooMany.RetryAfter) * time.Second, Err: errors.New("429 too many requests")}
	case errors.As(err, &moved):
		return &chat.SendError{Class: chat.ChatMoved, To: chat.ChatID(strconv.Itoa(moved.MigrateToChatID)), Err: errors.New("the group is a supergroup now")}
	case errors.As(err, &refused) && refused.Parameters.MigrateTo != 0:
		return &chat.SendError{Class: chat.ChatMoved, To: chat.ChatID(id(refused.Parameters.MigrateTo)), Err: refused}
	case errors.As(err, &refused):
		return &chat.SendError{Class: classOf(refused.Code, refused.Description), After: time.Duration(refused.Parameters.RetryAfter) * time.Second,
			Topic: ofTopic(refused.Description), Err: refused}
	case errors.As(err, &status):
		return &chat.SendError{Class: status.class(), Err: status}
	case errors.As(err, &notSent):
		return &chat.SendError{Class: chat.Temporary, Err: notSent.err}
	}
	for code, sentinel := range map[int]error{
		http.StatusForbidden: bot.ErrorForbidden, http.StatusBadRequest: bot.ErrorBadRequest, http.StatusUnauthorized: bot.ErrorUnauthorized,
		http.StatusNotFound: bot.ErrorNotFound, http.StatusConflict: bot.ErrorConflict,
	} {
		if errors.Is(err, sentinel) {
			return &chat.SendError{Class: classOf(code, err.Error()), Topic: ofTopic(err.Error()), Err: err}
		}
	}
	// "error response from telegram for method M, CODE TEXT" for what the
	// library has no name for.
	if _, rest, ok := strings.Cut(err.Error(), "error response from telegram for method "); ok {
		_, rest, _ = strings.Cut(rest, ", ")
		number, _, _ := strings.Cut(rest, " ")
		if code, err2 := strconv.Atoi(number); err2 == nil {
			return &chat.SendError{Class: classOf(code, rest), Err: errors.New(rest)}
		}
	}
	return &chat.SendError{Class: chat.MaybeSent, Err: err}
}

// class of an answer that is not the Bot API's: some proxy's, before or after the message
// was taken, unless it says that the request was too much for it.
func (e *statusError) class() chat.Class {
	switch e.status {
	case http.StatusTooManyRequests:
		return chat.RateLimited
	case http.StatusRequestEntityTooLarge:
		return chat.TooBig
	}
	return chat.MaybeSent
}

// refusals are what the descriptions of refused requests say, and the classes
// that they stand for.
var refusals = []struct {
	says  string
	class chat.Class
}{
	{"too long", chat.TooBig},
	{"too big", chat.TooBig},
	{"entity too large", chat.TooBig},
	{"chat not found", chat.ChatGone},
	{"peer_id_invalid", chat.ChatGone},
	{"upgraded to a supergroup", chat.ChatGone}, // without the new id
	{"kicked", chat.ChatGone},
	{"not a member", chat.ChatGone},
	{"chat was deleted", chat.ChatGone},
	{"group is deactivated", chat.ChatGone},
	{"thread not found", chat.ChatGone},
	{"topic_deleted", chat.ChatGone},
	{"topic_id_invalid", chat.ChatGone},
	{"topic_closed", chat.Forbidden},
	{"rights to send photos", chat.Unsupported}, // "not enough rights to send … to the chat"
	{"rights to send documents", chat.Unsupported},
	{"rights to send polls", chat.Unsupported},
	{"rights to send media", chat.Unsupported},
	{"send_media_forbidden", chat.Unsupported},
	{"send_photos_forbidden", chat.Unsupported},
	{"send_docs_forbidden", chat.Unsupported},
	{"send_polls_forbidden", chat.Unsupported},
	{"not enough rights", chat.Forbidden},
	{"no rights", chat.Forbidden},
	{"administrator rights", chat.Forbidden},
	{"write_forbidden", chat.Forbidden},
	{"send_plain_forbidden", chat.Forbidden},
	{"message to edit not found", chat.NotThere},
	{"can't be edited", chat.NotThere},
	{"no text in the message to edit", chat.NotThere},
	{"message_id_invalid", chat.NotThere},
	{"wrong file identifier", chat.Temporary}, // is uploaded anew
	{"wrong remote file", chat.Temporary},
}

// classOf reads the code and the text of a refusal.
func classOf(code int, description string) chat.Class {
	description = strings.ToLower(description)
	switch {
	case code == http.StatusNotFound && strings.Contains(description, "method"): // of a server that is not Telegram's own
		return chat.Unsupported
	case code == http.StatusUnauthorized, code == http.StatusNotFound: // 404: no such token
		return chat.LoggedOut
	case code == http.StatusTooManyRequests:
		return chat.RateLimited
	case code == http.StatusRequestEntityTooLarge:
		return chat.TooBig
	case code == http.StatusConflict:
		return chat.Temporary
	case code >= 500 && strings.Contains(description, "immediately deleted"):
		return chat.Deleted
	case code >= 500: // of the server itself, or of a proxy in between: it may have been taken
		return chat.MaybeSent
	}
	for _, r := range refusals {
		if strings.Contains(description, r.says) {
			return r.class
		}
	}
	if code == http.StatusForbidden {
		return chat.Forbidden
	}
	return chat.BadPart
}

// ofTopic tells whether a refusal concerns one topic of a group.
func ofTopic(description string) bool {
	description = strings.ToLower(description)
	return strings.Contains(description, "thread not found") || strings.Contains(description, "topic_")
}

// movedTo is where the chat of an error is now.
func movedTo(err error) chat.ChatID {
	var se *chat.SendError
	if errors.As(err, &se) {
		return se.To
	}
	return ""
}

func isUnauthorized(err error) bool {
	var se *chat.SendError
	return errors.As(classed(err), &se) && se.Class == chat.LoggedOut
}

func isConflict(err error) bool {
	var refused *refusal
	return errors.Is(err, bot.ErrorConflict) || errors.As(err, &refused) && refused.Code == http.StatusConflict
}

// says tells whether a refusal has these words.
func says(err error, words string) bool {
	return strings.Contains(strings.ToLower(err.Error()), words)
}
