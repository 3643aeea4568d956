package telegram

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"branchbot/bot/chat"
)

// Menu is a list of commands in one language, for one kind of reader.
type Menu struct {
	For      Readers
	Language string // two letters; "" for all others
	Commands []Command
}

// Command is one line of a menu.
type Command struct {
	Name string // letters a to z, digits and _, at most 32
	Text string // at most 256 characters
}

// Readers are who sees a menu.
type Readers string

const (
	Groups         Readers = "all_group_chats"
	Administrators Readers = "all_chat_administrators"
	Private        Readers = "all_private_chats"
)

// menuKey holds the sum of the menus that were published last.
const menuKey = "menus"

// publish hands the menus to Telegram, if they are not there yet.
func (a *Adapter) publish(ctx context.Context, in chat.Inbox) error {
	text, err := json.Marshal(a.o.Menus)
	if err != nil {
		return err
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(text))
	if old, err := in.Get(ctx, menuKey); err != nil || string(old) == sum {
		return err
	}
	for _, m := range a.o.Menus {
		params := &bot.SetMyCommandsParams{LanguageCode: m.Language}
		switch m.For {
		case Groups:
			params.Scope = &models.BotCommandScopeAllGroupChats{}
		case Administrators:
			params.Scope = &models.BotCommandScopeAllChatAdministrators{}
		default:
			params.Scope = &models.BotCommandScopeAllPrivateChats{}
		}
		for _, c := range m.Commands {
			if runes := []rune(c.Text); len(runes) > 256 {
				c.Text = string(runes[:256])
			}
			params.Commands = append(params.Commands, models.BotCommand{Command: c.Name, Description: c.Text})
		}
		if _, err := a.bot.SetMyCommands(ctx, params); err != nil {
			return fmt.Errorf("publish the commands: %w", err)
		}
	}
	return in.Put(ctx, chat.Item{Key: menuKey, Value: []byte(sum)})
}
