package bot

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"branchbot/bot/console"
	"branchbot/bot/engine"
	"branchbot/bot/member"
	"branchbot/store"
)

// firstLink is a link for the first secretary of the top unit, as long as nobody
// has ever been in the console; "" then, and while there is no secretary.
func (b *Bot) firstLink(base string) (link string, err error) {
	if len(b.personas()) > 0 { // the sample's room leads there
		return "", nil
	}
	err = b.db.Write(func(tx *store.Tx) error {
		entered, err := console.Entered(tx)
		if err != nil || entered {
			return err
		}
		found, err := b.features.directory.Secretaries(tx, b.settings.top())
		if errors.Is(err, store.ErrNoRows) || err == nil && len(found) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		link, err = console.Link(tx, strings.TrimSuffix(base, "/"), found[0].ID, 0, true)
		return err
	})
	return link, err
}

// byStaff does something for the member with a staff number, beside a running
// bot, and prints what it says of it.
func (p *Program) byStaff(ctx context.Context, staff string, do func(*Settings, *store.Tx, *engine.Member) (string, error)) error {
	s, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var said string // printed once it is committed; a transaction may be run again
	err = db.Write(func(tx *store.Tx) error {
		m, err := member.ByStaff(tx, staff)
		if err != nil {
			return err
		}
		if m == nil {
			return fmt.Errorf("nobody on the roster has the staff number %q", staff)
		}
		said, err = do(s, tx, m)
		return err
	})
	if err == nil {
		fmt.Fprint(p.Out, said)
	}
	return err
}

// consoleLink prints a link to the console for a member.
func (p *Program) consoleLink(ctx context.Context, staff string) error {
	return p.byStaff(ctx, staff, func(s *Settings, tx *store.Tx, m *engine.Member) (string, error) {
		link, err := console.Link(tx, s.base(), m.ID, 0, true)
		return fmt.Sprintf("%s: %s\nIt works once, within fifteen minutes.\n", m.Name, link), err
	})
}

// password sets the password of a member for the console.
func (p *Program) password(ctx context.Context, staff string) error {
	first, err := p.ask("New password: ")
	if err != nil {
		return err
	}
	again, err := p.ask("Once more:    ")
	if err != nil {
		return err
	}
	if first != again {
		return errors.New("the two are not the same; nothing is changed")
	}
	return p.byStaff(ctx, staff, func(_ *Settings, tx *store.Tx, m *engine.Member) (string, error) {
		said := fmt.Sprintf("%s can enter the console with his staff number and this password.\n", m.Name)
		return said, console.SetPassword(tx, m, first, 0)
	})
}

// ask reads a line from the terminal without showing it, or from a pipe.
func (p *Program) ask(prompt string) (string, error) {
	if file, ok := p.In.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(p.Err, prompt)
		line, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(p.Err)
		return string(line), err
	}
	in, ok := p.In.(*bufio.Reader)
	if !ok {
		in = bufio.NewReader(p.In)
		p.In = in // what it has read ahead belongs to the next line
	}
	line, err := in.ReadString('\n')
	if errors.Is(err, io.EOF) && line != "" {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}
