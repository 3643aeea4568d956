// Command branchbot is a group-chat bot for party branches: lessons, quizzes,
// check-ins and points. See README.md.
package main

import (
	"context"
	_ "embed"
	"os"
	"os/signal"
	"syscall"

	"branchbot/bot/cli"
)

//go:embed config.yaml
var sample []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, cli.Program{
		Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv, Sample: sample,
	})
	stop()
	os.Exit(code)
}
