// branchbot-sim runs simulations of the bot under faults, each decided by a seed.
//
//	branchbot-sim -seeds 20000            a night
//	branchbot-sim -seed 17                one again, as it was
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"time"

	"branchbot/bot/testkit/sim"
)

func main() {
	seeds := flag.Uint64("seeds", 200, "how many seeds to run")
	from := flag.Uint64("from", 0, "the first seed")
	one := flag.Int64("seed", -1, "run this seed alone")
	flag.Parse()
	if *one >= 0 {
		*from, *seeds = uint64(*one), 1
	}
	dir, err := os.MkdirTemp(memory(), "branchbot-sim")
	if err != nil {
		fmt.Fprintln(os.Stderr, "branchbot-sim:", err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) // it tells how far it has come
	defer stop()
	goroutines, files := sim.Leaks()
	failed := run(ctx, dir, *from, *seeds)
	if g, f := sim.Leaks(); g > goroutines || f > files {
		failed++
		fmt.Printf("I8: %d goroutines and %d files before, %d and %d after\n", goroutines, files, g, f)
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, "branchbot-sim:", err)
	}
	if failed > 0 {
		os.Exit(1)
	}
}

// memory is a folder in memory, where there is one: what is on the disk does not
// matter to a crash between two statements, and syncing it would take most of the
// time.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func run(ctx context.Context, dir string, from, seeds uint64) (failed int) {
	var mu sync.Mutex
	var all sim.Report
	began := time.Now()
	next := make(chan uint64)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := range next {
				r, err := sim.Run(seed, dir)
				mu.Lock()
				all.Add(r)
				if err != nil {
					failed++
					fmt.Printf("seed %d; again by: go run ./bot/testkit/sim/branchbot-sim -seed %d\n%v\n", seed, seed, err)
				}
				mu.Unlock()
			}
		})
	}
	begun := uint64(0)
	for ctx.Err() == nil && begun < seeds {
		select {
		case next <- from + begun:
			begun++
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	fmt.Printf("%d seeds, %d failed, %.0f s: %d crashes, %d statements refused, %d events, %d poison, %d occurrences, %d sends, %d of unknown fate\n",
		begun, failed, time.Since(began).Seconds(), all.Crashes, all.Refused, all.Events, all.Poison, all.Occurrences, all.Sends, all.Lost)
	return failed
}
