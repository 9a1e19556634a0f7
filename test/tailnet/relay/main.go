// Carries Ethernet frames between two interfaces and holds each for a while: a long way on one
// machine, where the kernel has no netem.
//
//	relay [-delay 10ms] [-loss 0.01] [-plain a,b] NEAR FAR
//
// Prints `ready`, then answers each line on stdin (`delay 20ms`, `loss 0.5`) with `ok`; ends with stdin.
// -plain names interfaces besides NEAR and FAR that must not put work off to their hardware: an
// unfinished checksum or a frame of 64 KiB would never arrive. Needs CAP_NET_RAW and CAP_NET_ADMIN.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	delay := flag.Duration("delay", 0, "each way")
	loss := flag.Float64("loss", 0, "share of the frames that vanish, each way")
	plain := flag.String("plain", "", "more interfaces to take offloads from, with commas")
	flag.Parse()
	if flag.NArg() != 2 {
		fail(fmt.Errorf("usage: relay [-delay D] [-loss P] [-plain a,b] NEAR FAR"))
	}
	names := flag.Args()
	for _, name := range append(strings.FieldsFunc(*plain, func(r rune) bool { return r == ',' }), names...) {
		if err := withoutOffloads(name); err != nil {
			fail(err)
		}
	}
	var way conditions
	way.delay.Store(int64(*delay))
	way.setLoss(*loss)
	near, far := open(names[0]), open(names[1])
	go carry(near, far, &way)
	go carry(far, near, &way)
	fmt.Println("ready")
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		if err := way.command(commands.Text()); err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("ok")
		}
	}
}

func (c *conditions) command(line string) error {
	what, value, _ := strings.Cut(line, " ")
	switch what {
	case "delay":
		delay, err := time.ParseDuration(value)
		if err != nil {
			return err
		}
		c.delay.Store(int64(delay))
		return nil
	case "loss":
		loss, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return err
		}
		c.setLoss(loss)
		return nil
	}
	return fmt.Errorf("unknown command: %s", line)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "relay:", err)
	os.Exit(1)
}
