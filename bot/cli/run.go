package cli

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"branchbot/bot/app"

	"branchbot/adapters/terminal"
	"branchbot/bot/chat"
)

// run is the main job. On PostgreSQL several processes share it.
func (p *Program) run(ctx context.Context) error {
	s, library, err := p.load()
	if err != nil {
		return err
	}
	for _, note := range s.Notes {
		fmt.Fprintln(p.Err, "branchbot: note:", note)
	}
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return s.File.Hide(fmt.Errorf("listen on %s: %w; another program has the port, or change listen: in %s", s.Listen, err, s.File.Name))
	}
	defer listener.Close()
	db, err := p.openOwn(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	var b *app.Bot
	err = app.RetryUntilUp(ctx, db, func(err error) { p.logger().Warn("waiting for the database", "error", err) }, func() (err error) {
		b, err = app.Open(s, library, db, p.logger())
		return err
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go p.reloadOnHangup(ctx, b)
	return b.Serve(ctx, listener, p.Out, func() { p.greet(s, b, listener.Addr().String()) })
}

// greet tells where to look.
func (p *Program) greet(s *app.Settings, b *app.Bot, address string) {
	fmt.Fprintf(p.Out, "支部小助手已启动 / Branchbot is running\n")
	scheme := "http"
	if s.TLS.Cert != "" {
		scheme = "https"
	}
	if b.HasRoom() {
		fmt.Fprintf(p.Out, "请用浏览器打开 / open in a browser:  %s://%s/\n", scheme, address)
	}
	if link, err := b.FirstLink(cmp.Or(s.Address, scheme+"://"+address)); err != nil {
		p.logger().Error("make the first link to the console", "error", err)
	} else if link != "" {
		fmt.Fprintf(p.Out, "网页工作台（15 分钟内有效，只能用一次）/ the console, once, within 15 minutes:\n  %s\n", link)
	}
	if !b.IsSample() {
		fmt.Fprintf(p.Out, "首次进入请用加入码 / the first code:  branchbot invite STAFFNO\n")
	}
	fmt.Fprintf(p.Out, "按 Ctrl+C 停止 / Ctrl+C stops\n")
	if p.Ready != nil {
		p.Ready(address)
	}
}

// reloadOnHangup takes a changed configuration in at SIGHUP.
func (p *Program) reloadOnHangup(ctx context.Context, b *app.Bot) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		}
		f, err := p.readConfig()
		if err == nil {
			err = b.Reload(f)
		}
		if err == nil {
			err = b.Announce()
		}
		if err != nil {
			p.logger().Error("the changed configuration is not used, the one before stays", "error", err)
			continue
		}
		p.logger().Info("configuration taken in")
	}
}

// chat runs the bot with this terminal as its only account, on the database
// of the configuration.
func (p *Program) chat(ctx context.Context) error {
	s, library, err := p.load()
	if err != nil {
		return err
	}
	if len(s.Units) == 0 {
		return fmt.Errorf("%s: units: there is none to chat in", s.File.Name)
	}
	db, err := p.openOwn(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	unit := s.Units[0]
	o := terminal.Options{ID: "terminal", In: p.In, Out: p.Out, Room: terminal.Room{Chat: chat.ChatID(unit.ID), Title: unit.Name}, Language: s.Language}
	for _, m := range unit.Members {
		o.People = append(o.People, terminal.Person{User: chat.UserID(m.Staff), Name: m.Name})
	}
	b, err := app.Open(s, library, db, p.logger(), terminal.New(o))
	if err != nil {
		return err
	}
	return b.RunTerminal(ctx, o)
}
