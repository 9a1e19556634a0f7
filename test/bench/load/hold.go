package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Opens count tunnels, streams at a time, and prints a line when they stand. Then each line on stdin
// is answered by one: `check` echoes a byte on every tunnel. They close at the end of stdin.
//
// With -no-read the origin sends as much as fits on the way and the client reads none of it.
func hold(o options) {
	var mutex sync.Mutex
	held := make([]net.Conn, 0, o.count)
	measured := repeat(o, func() (io.Closer, error) {
		conn, err := dial(o)
		if err != nil {
			return nil, err
		}
		if o.noRead {
			_, err = conn.Write([]byte{'x'})
		} else {
			err = echoOne(conn)
		}
		if err != nil {
			return conn, unwrapped(err)
		}
		mutex.Lock()
		held = append(held, conn)
		mutex.Unlock()
		return nil, nil
	})
	print(measured)
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		print(checkAll(held, o))
	}
	for _, conn := range held {
		_ = conn.Close()
	}
}

func checkAll(held []net.Conn, o options) result {
	var s series
	start := time.Now()
	for _, conn := range held {
		began := time.Now()
		err := errors.New("nothing to check")
		if !o.noRead {
			err = echoOne(conn)
		}
		s.add(time.Since(began), err)
	}
	return s.result(time.Since(start))
}
