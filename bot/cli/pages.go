package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"branchbot/bot/app"

	"golang.org/x/term"

	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/bot/web"
	"branchbot/store"
)

// byStaff does something for the member with a staff number, beside a running
// bot, and prints what it says of it.
func (p *Program) byStaff(ctx context.Context, staff string, do func(*app.Settings, *store.Tx, *engine.Member) (string, error)) error {
	s, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var said string // printed once it is committed; a transaction may be run again
	err = db.Write(func(tx *store.Tx) error {
		m, err := roster.ByStaff(tx, staff)
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
	return p.byStaff(ctx, staff, func(s *app.Settings, tx *store.Tx, m *engine.Member) (string, error) {
		link, err := web.Link(tx, s.Base(), m.ID, 0, true)
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
	return p.byStaff(ctx, staff, func(_ *app.Settings, tx *store.Tx, m *engine.Member) (string, error) {
		said := fmt.Sprintf("%s can enter the console with his staff number and this password.\n", m.Name)
		return said, web.SetPassword(tx, m, first, 0)
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
