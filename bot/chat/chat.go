// Package chat is the vocabulary that the engine and the adapters share: what
// happens in a conversation (Event), what the bot says (Message, Part), what a
// platform can do (Caps) and how a send can fail (SendError). It imports the
// standard library only and knows neither features nor platforms.
package chat

import (
	"context"
	"strings"
	"time"
)

// AccountID names one login of the bot: the id under accounts: in config.yaml.
type AccountID string

// ChatID names a conversation. It is unique within an account and opaque to
// all but the account's adapter, but for one thing: what stands before the
// first "/" is the group of which the chat is a topic.
type ChatID string

// Group is the group of which a chat is a topic; of other chats, itself.
func (id ChatID) Group() ChatID {
	group, _, _ := strings.Cut(string(id), "/")
	return ChatID(group)
}

// UserID names a person's platform account. It is unique within an account
// and opaque to all but the account's adapter.
type UserID string

// MessageID names a sent or received message. It is unique within a chat and
// opaque to all but the account's adapter.
type MessageID string

// PollID names a poll that the bot sent. It is unique within an account.
type PollID string

// Kind says what an Event is.
type Kind string

const (
	// Said is a message that somebody wrote.
	Said Kind = "said"
	// Pressed is a press of a button that the bot sent; Data is the button's.
	Pressed Kind = "pressed"
	// Voted is a vote in a poll that the bot sent; Poll and Choice say in which
	// and for what. Platforms do not tell the chat.
	Voted Kind = "voted"
	// Joined and Left: From has come into a group chat or gone out of it.
	Joined Kind = "joined"
	Left   Kind = "left"
	// Added: the bot was put into a group chat, or may write there again;
	// Muted: it may not write any more; Removed: it was taken out, or a person
	// has closed his private chat to it. A group stands for all its topics.
	Added   Kind = "added"
	Muted   Kind = "muted"
	Removed Kind = "removed"
	// Moved: the group Chat is now To.
	Moved Kind = "moved"
	// Undelivered: the platform says afterwards that people do not see Message of
	// the bot, which it had taken; Why says what for.
	Undelivered Kind = "undelivered"
	// Recalled is a message that its author has taken back: Message is that
	// message. From is empty where the platform does not say for certain who
	// did it.
	Recalled Kind = "recalled"
)

// Event is one thing that happened on an account.
type Event struct {
	Account AccountID
	// Key is unique within the account and the same at each delivery of the
	// same thing: the engine drops an event whose key it has seen.
	Key  string
	Kind Kind
	// At is when it happened by the platform's clock; zero when unknown. Deadlines are
	// held against it, so that it must never be what somebody's own device says. What has
	// no date is taken to happen when it comes; while the account is behind (State), when
	// it was last heard before that, since it may have waited from then on.
	At      time.Time
	Chat    ChatID
	Title   string // of a group chat, as people see it; may be empty
	Private bool   // one to one with the bot
	From    User
	Message MessageID // Said: the message; Pressed: the message that carries the button
	Text    string    // Said: as typed, unchanged
	Edited  bool      // Said: the text of an earlier message, new or not; Key differs from that one's
	Written time.Time // Edited: when the message was first written
	ReplyTo MessageID // Said: the message that this one quotes; empty when none
	// Mentioned tells that the message is addressed to the bot (@bot) by the
	// platform's means; such a mention at its ends is not in Text.
	Mentioned bool
	Data      string // Pressed: the button's data
	Poll      PollID // Voted
	Choice    []int  // Voted: indices of options; none when the vote was taken back
	To        ChatID // Moved
	Files     []File // Said, private chats only: what was sent along
	Why       Class  // Undelivered
	// Shared are, on an account that is a person's own, the groups in which From
	// is together with the bot; see Caps.Personal.
	Shared []ChatID
}

// User is who caused an event.
type User struct {
	ID   UserID
	Name string // as others see it; changeable, not unique, untrusted
	Bot  bool
}

// File is a file that a person sent to the bot in private, at most 5 MiB.
type File struct {
	Name string // untrusted: only for showing and for its ending
	Data []byte // empty when it was larger, or could not be fetched
	// Problem is why Data is empty; "" when the file is.
	Problem FileProblem
}

// FileProblem is why a file could not be had.
type FileProblem string

const (
	FileTooBig      FileProblem = "too_big"
	FileUnreachable FileProblem = "unreachable"
)

// Style says how a Span looks where the platform can show it.
type Style string

const (
	Plain  Style = ""
	Bold   Style = "bold"
	Italic Style = "italic"
	Code   Style = "code"
)

// Span is a run of text in one style. Text may hold line breaks. It is never
// markup: no adapter may interpret it.
type Span struct {
	Text  string `json:"t"`
	Style Style  `json:"s,omitempty"`
	URL   string `json:"u,omitempty"` // makes it a link
}

// Media is a picture to be sent, or a file when it has a Name.
type Media struct {
	// Ref is where the sender finds the bytes, e.g. "starter/media/cpr.png".
	Ref string `json:"ref"`
	// Alt is what the picture says, for readers who cannot see it.
	Alt string `json:"alt"`
	// Name makes it a file to be saved under this name.
	Name string `json:"name,omitempty"`
	// AsFile makes a picture a file, for a chat that took no picture.
	AsFile bool `json:"as_file,omitempty"`
	// Data and Type are filled in by the sender just before Adapter.Send.
	Data []byte `json:"-"`
	Type string `json:"-"` // media type, e.g. image/png
}

// Button is a choice offered under a message.
type Button struct {
	Label string `json:"l"`
	// Data comes back in Event.Data; at most 64 bytes (Telegram's limit).
	Data string `json:"d"`
	// Word is what a person can type instead and the bot will understand
	// without further help ("A", "签到"). Where buttons cannot be shown, a
	// button without a Word becomes a numbered line with Bindings.
	Word string `json:"w,omitempty"`
}

// Poll is a question that people answer by the platform's own means. Everybody
// in the chat may see who voted for what.
type Poll struct {
	Question string   `json:"q"`
	Options  []string `json:"o"`
	Several  bool     `json:"s,omitempty"` // more than one option may be chosen
	// Right is the index of the right option; nil: the platform does not tell
	// right from wrong.
	Right   *int   `json:"r,omitempty"`
	Explain string `json:"e,omitempty"` // shown to those who have voted, if there is a right option
}

// Message is what a feature says. Render turns it into Parts.
type Message struct {
	Spans   []Span     `json:"spans,omitempty"`
	Media   []Media    `json:"media,omitempty"`
	Buttons [][]Button `json:"buttons,omitempty"` // rows
	// Poll takes the place of all else where the platform has polls and this
	// one fits in.
	Poll *Poll `json:"poll,omitempty"`
	// Hint is appended where buttons cannot be shown, to say what to type.
	Hint string `json:"hint,omitempty"`
	// Refuse lists the losses that this message must not suffer; Render
	// returns an error instead of a mutilated message.
	Refuse Loss `json:"refuse,omitempty"`
	// Secret messages leave no copy with us: the sender and the adapter keep
	// nothing of them but what shows them now.
	Secret bool `json:"secret,omitempty"`
}

// Text is a message of plain text.
func Text(s string) Message { return Message{Spans: []Span{{Text: s}}} }

// Add appends plain text and returns the message, so that calls chain.
func (m Message) Add(s string) Message {
	m.Spans = append(m.Spans, Span{Text: s})
	return m
}

// AddStyled appends text in a style and returns the message.
func (m Message) AddStyled(s string, style Style) Message {
	m.Spans = append(m.Spans, Span{Text: s, Style: style})
	return m
}

// Part is exactly one platform message.
type Part struct {
	// Key is the same at each try of the same part and differs between
	// parts; a platform with idempotent sends can use it.
	Key     string
	Spans   []Span
	Media   *Media // nil or one picture; Spans are then its caption
	Buttons [][]Button
	Poll    *Poll // nil, or all that this part is
	Secret  bool  // the adapter must not put it on its shelf
}

// Plain is the part's text without styles.
func (p Part) Plain() string { return plain(p.Spans) }

// Unit is what a platform counts a text's length in.
type Unit string

const (
	Runes Unit = "runes"
	UTF16 Unit = "utf16"
	Bytes Unit = "bytes"
)

// Caps says what a platform can do in a chat.
type Caps struct {
	TextLimit    int  // the longest text of one message, in TextUnit; 0 = no limit
	CaptionLimit int  // the longest text beside a picture; 0 = no captions
	TextUnit     Unit // "" = Runes
	Styles       bool // shows bold, italic, code
	Links        bool // shows a Span's URL behind its text
	Pictures     bool
	Files        bool
	Buttons      bool
	Polls        PollLimits // the zero value: no polls
	Edit         bool       // the adapter is an Editor and this chat allows it
	Recalls      bool       // people can take messages back, and the bot is told
	Edits        bool       // people can edit messages, and the bot is told
	Direct       bool       // the adapter is a Directer
	Idempotent   bool       // a Part with a known Key is shown once, however often it is sent
	Pace         Pace
	// Personal: the account was made for a person. Whoever writes to it in private
	// need not mean the bot.
	Personal bool
	// AddressedOnly: of what people write in this chat the bot gets only
	// commands, replies to it and mentions of it.
	AddressedOnly bool
}

// PollLimits says what fits into a poll; lengths are in Caps.TextUnit.
type PollLimits struct {
	Question, Option, Explain int
	Options                   int
}

// Pace is how fast the platform lets us send. Zero values mean no limit.
type Pace struct {
	AccountPerSecond float64       // messages of the whole account
	ChatEvery        time.Duration // least time between two messages to one group, all its topics together
	Jitter           time.Duration // up to so much more between two messages of the account, at random
	AccountPerDay    int           // messages of the whole account in any 24 hours
}

// Receipt is what the platform said of a message that it took.
type Receipt struct {
	Message MessageID
	Poll    PollID // of a part that was one
}

// State is how an account is doing.
type State struct {
	Condition Condition
	Reason    Reason // why, as far as it is one that is known
	Detail    string // more about it, for the administrator; never a token
	// Until is when it is over by itself, or may be tried again; zero when that is
	// not known.
	Until time.Time `json:",omitzero"`
	// Behind: the account is connected, but its platform may still hold things that were
	// said before. What closes in its chats waits for that, for a while. An adapter that
	// can tell says Online with Behind when it has connected, and Online without it after
	// everything was accepted, again at each time that this is so: at least once a minute.
	// One that cannot tell never sets it.
	Behind bool `json:",omitempty"`
}

// CaughtUp tells that nothing that was said before waits at the platform.
func (s State) CaughtUp() bool { return s.Condition == Online && !s.Behind }

// Reason is why an account does not work as it should; the catalogue says what to do about
// each (desk.reason.…).
type Reason string

const (
	TokenRefused Reason = "token_refused" // wrong, or withdrawn
	UsedTwice    Reason = "used_twice"    // another program receives for the same account
	Unreachable  Reason = "unreachable"   // the platform or the network is down
	NotDelivered Reason = "not_delivered" // the platform cannot reach our webhook
	TooBusy      Reason = "too_busy"      // the platform warns that the account says too much
	OtherAccount Reason = "other_account" // somebody has logged in with another account than before
	RiskUnknown  Reason = "accept_risk"   // it is not started: nobody has accepted the risk of this platform
)

// Reasons are all of them.
var Reasons = []Reason{TokenRefused, UsedTwice, Unreachable, NotDelivered, TooBusy, OtherAccount, RiskUnknown}

type Condition string

const (
	Connecting Condition = "connecting"
	Online     Condition = "online"
	NeedsHuman Condition = "needs_human" // a QR code to scan, a token to renew
	Banned     Condition = "banned"
	Down       Condition = "down"
)

// Adapter connects one account to its platform. It never queues, splits,
// retries, dedupes or awards: the engine and the sender do.
type Adapter interface {
	ID() AccountID
	// Platform is the kind of the account, e.g. "telegram".
	Platform() string
	// Run connects, receives and blocks until ctx ends or the connection is
	// lost. The supervisor calls it again after a pause; it is never called
	// twice at a time.
	Run(ctx context.Context, in Inbox) error
	// Caps is called often and must not do network calls.
	Caps(ChatID) Caps
	// Send sends one message with one try. Any error is a *SendError or is
	// taken for MaybeSent. It may be called for several chats at a time, but
	// never for the same chat.
	Send(ctx context.Context, to ChatID, p Part) (Receipt, error)
}

// Editor is an Adapter that can change a message that it has sent.
type Editor interface {
	Edit(ctx context.Context, in ChatID, id MessageID, p Part) error
}

// Attender is an Adapter that can get events also in a process that does not Run it,
// because another one does: a platform may call any of several processes.
type Attender interface {
	// Attend blocks until ctx ends or it cannot go on; it is never called while Run
	// runs in the same process. What in is told of states is not heeded.
	Attend(ctx context.Context, in Inbox) error
}

// Leaver is an Adapter that keeps something between two Runs which is of no worth once
// another process has run it.
type Leaver interface {
	// Leave is called when neither Run nor Send is under way, and another process goes on
	// with the account.
	Leave()
}

// Pinger is an Adapter that can ask its platform whether it answers, without showing
// anything to anybody.
type Pinger interface {
	Ping(ctx context.Context) error
}

// PollCloser is an Adapter that can end a poll which it has sent. A poll that
// has ended already is no error.
type PollCloser interface {
	ClosePoll(ctx context.Context, in ChatID, id MessageID) error
}

// Linker is an Adapter with addresses that open a private chat with the bot
// and hand it a word, as if the person had typed "/start WORD".
type Linker interface {
	// Link is "" as long as the address is not known. word has at most 64
	// letters, digits, - and _.
	Link(word string) string
}

// Acker is an Adapter that can answer a press with a short line that only the
// presser sees; an empty one says only that the press has arrived. Ack is called
// after the press is stored and must not wait for the platform; a line may get
// lost.
type Acker interface {
	Ack(press Event, line string)
}

// Directer is an Adapter that can open a private chat with a user who has not
// written to the bot first.
type Directer interface {
	Direct(ctx context.Context, to UserID) (ChatID, error)
}

// Inbox is where an adapter puts what it receives.
type Inbox interface {
	// Accept stores the events and their effects together with the cursor
	// (kept as it is when empty). Only after it returned nil may the adapter
	// tell its platform that the events arrived. After an error the adapter
	// delivers them again.
	Accept(ctx context.Context, cursor string, events ...Event) error
	// Cursor is the last one that was stored; empty at first.
	Cursor(ctx context.Context) (string, error)
	// State reports how the account is doing.
	State(State)
	// Groups are the group chats in which the bot is at work on the account.
	Groups(ctx context.Context) ([]Group, error)
	Shelf
}

// Group is a group chat that belongs to a unit.
type Group struct {
	ID      ChatID
	Title   string
	Removed bool // the bot was taken out of it, as far as is known
}

// Shelf keeps an adapter's own durable state (login sessions, message ids):
// small values by key, apart from every other account's.
type Shelf interface {
	// Get returns nil when there is no such key.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put stores all of them or none.
	Put(ctx context.Context, items ...Item) error
	// Delete takes away all of them or none. It is no error when there is none.
	Delete(ctx context.Context, keys ...string) error
	// List returns the last limit entries whose keys begin with prefix, in
	// the order of their keys (byte by byte).
	List(ctx context.Context, prefix string, limit int) ([]Item, error)
}

// Item is one entry of a Shelf.
type Item struct {
	Key   string
	Value []byte
}
