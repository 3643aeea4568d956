package chat

import (
	"errors"
	"fmt"
	"time"
)

// Class says what the sender has to do about a failed send.
type Class string

const (
	// Temporary: not sent; try again later.
	Temporary Class = "temporary"
	// RateLimited: not sent; try again after SendError.After. It concerns the chat, or
	// the account where SendError.Account says so.
	RateLimited Class = "rate_limited"
	// MaybeSent: the request went out, its outcome is unknown. An answer that is not the
	// platform's own, or that tells of a fault of it, is of this class: it may have come
	// after the message was taken.
	MaybeSent Class = "maybe_sent"
	// ChatMoved: not sent; the chat is now SendError.To.
	ChatMoved Class = "chat_moved"
	// ChatGone: the chat does not exist any more, or the bot was removed.
	ChatGone Class = "chat_gone"
	// Forbidden: the chat is there, but the bot may not write (blocked, muted).
	Forbidden Class = "forbidden"
	// WindowClosed: the platform allows a reply only for a time that is over.
	WindowClosed Class = "window_closed"
	// LoggedOut: the account has no session; wait for it.
	LoggedOut Class = "logged_out"
	// TooBig: the text or file is over the platform's limit.
	TooBig Class = "too_big"
	// Unsupported: the platform or this chat does not take that kind of message (a
	// picture, a file, a poll), but others.
	Unsupported Class = "unsupported"
	// BadPart: the platform refuses this message, whenever it is sent.
	BadPart Class = "bad_part"
	// Deleted: it was taken and deleted at once, by somebody else in the chat (a bot
	// against spam): sending it again does not help.
	Deleted Class = "deleted"
	// NotThere: the message to be edited is not there any more, or cannot be edited.
	NotThere Class = "not_there"
)

// SendError is a failed Send, Edit or Direct.
type SendError struct {
	Class Class
	After time.Duration // RateLimited: how long to wait; 0 = unknown
	// Account tells, of RateLimited, that the platform limits the account and not only
	// the chat.
	Account bool
	To      ChatID // ChatMoved: the new id
	Topic   bool   // ChatGone, Forbidden: it is the topic that is deleted or closed, not the group
	Err     error  // the cause, without tokens or message text
}

func (e *SendError) Error() string {
	if e.Err == nil {
		return string(e.Class)
	}
	return fmt.Sprintf("%s: %v", e.Class, e.Err)
}

func (e *SendError) Unwrap() error { return e.Err }

// ClassOf returns the class of a send error. An error that is not marked may
// have happened after the message went out: it is MaybeSent.
func ClassOf(err error) Class {
	var se *SendError
	if errors.As(err, &se) {
		return se.Class
	}
	return MaybeSent
}
