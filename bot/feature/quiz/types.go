package quiz

import (
	"branchbot/bot/command"
	"branchbot/content"
)

// typeInfo is what the bot needs to know of a type of question. The texts are quiz.type.TYPE,
// quiz.how.TYPE and, of one that is typed at a page, quiz.page.write.TYPE.
type typeInfo struct {
	kind command.Kind // how what people type is read
	form string       // how it is answered at a page: one, several, truth, text; see page/answer.html
}

// types has a row for each of content.Types; TestTypes holds that, and that each can be
// answered.
var types = map[content.Type]typeInfo{
	content.Single:    {command.Single, "one"},
	content.Multiple:  {command.Multiple, "several"},
	content.TrueFalse: {command.TrueFalse, "truth"},
	content.Blank:     {command.Blank, "text"},
	content.Number:    {command.Number, "text"},
	content.Order:     {command.Order, "text"},
}
