// The load generator of the bench and the origin it talks to, in one program with no dependency.
//
//	load origin [-host H]              ports as one JSON line; serves until stdin ends
//	load setup|tls|bulk|forward FLAGS  one measurement, one JSON line
//	load hold FLAGS                    opens N tunnels and keeps them; commands on stdin
//	load proxy                         a CONNECT proxy that splices, to compare with
//	load socks -port N                 a SOCKS5 port in the place of tailscaled's
//
// Without -proxy it speaks to the origin directly: its own ceiling.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"syscall"
)

type options struct {
	proxy   string
	target  string
	streams int
	count   int
	bytes   int64
	up      bool
	noRead  bool
}

var modes = map[string]func(options) result{
	"setup":   setup,
	"tls":     shortTLS,
	"bulk":    bulk,
	"forward": forward,
}

func main() {
	if len(os.Args) < 2 {
		fail("usage: load origin|proxy|socks|setup|tls|bulk|forward|hold FLAGS")
	}
	raiseFileLimit()
	mode := os.Args[1]
	flags := flag.NewFlagSet(mode, flag.ExitOnError)
	host := flags.String("host", "127.0.0.1", "origin, proxy: the address to listen on")
	port := flags.Int("port", 0, "socks: the port to listen on")
	var o options
	flags.StringVar(&o.proxy, "proxy", "", "http://HOST:PORT or socks5://HOST:PORT; empty: no proxy")
	flags.StringVar(&o.target, "target", "", "HOST:PORT of the origin, as the proxy is to reach it")
	flags.IntVar(&o.streams, "streams", 1, "at the same time")
	flags.IntVar(&o.count, "count", 100, "tunnels, connections or requests in all")
	flags.Int64Var(&o.bytes, "bytes", 64<<20, "bulk: bytes of each stream")
	flags.BoolVar(&o.up, "up", false, "bulk: from the client to the origin")
	flags.BoolVar(&o.noRead, "no-read", false, "hold: the origin sends without end, the client reads nothing")
	if err := flags.Parse(os.Args[2:]); err != nil {
		fail(err.Error())
	}
	switch mode {
	case "origin":
		serveOrigin(*host)
	case "proxy":
		serveProxy(*host)
	case "socks":
		serveSOCKS(*host, *port)
	case "hold":
		hold(o)
	default:
		run, known := modes[mode]
		if !known {
			fail("no such mode: " + mode)
		}
		measured := run(o)
		measured.CPUSeconds = cpuSeconds()
		print(measured)
	}
}

func print(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		fail(err.Error())
	}
	fmt.Println(string(line))
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, "load: "+text)
	os.Exit(2)
}

func cpuSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		fail(err.Error())
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(used.Utime) + seconds(used.Stime)
}

// As far as the hard limit allows: 10,000 tunnels need as many descriptors at either end.
func raiseFileLimit() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < limit.Max {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
}
