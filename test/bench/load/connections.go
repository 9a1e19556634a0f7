package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

// A tunnel from the client's connect to the first echoed byte.
func setup(o options) result {
	return repeat(o, func() (io.Closer, error) {
		conn, err := dial(o)
		if err != nil {
			return nil, err
		}
		return conn, echoOne(conn)
	})
}

// A tunnel, a whole TLS handshake, one request: what a provider without keep-alive does. The client
// closes first: a node whose netstack did keeps each port for a minute, and refuses who meets it again.
func shortTLS(o options) result {
	config := &tls.Config{InsecureSkipVerify: true}
	return repeat(o, func() (io.Closer, error) {
		raw, err := dial(o)
		if err != nil {
			return nil, err
		}
		_ = raw.SetDeadline(time.Now().Add(dialTimeout))
		conn := tls.Client(raw, config)
		if err := conn.Handshake(); err != nil {
			return raw, unwrapped(err)
		}
		_, err = get(conn, bufio.NewReader(conn), "/", o.target)
		return raw, err
	})
}

type kept struct {
	conn   net.Conn
	reader *bufio.Reader
}

// Absolute-form requests over connections that are kept, by those who keep them.
func forward(o options) result {
	pool := make(chan kept, o.streams)
	url, direct := "/", o
	if _, address, isProxy := strings.Cut(o.proxy, "://"); isProxy {
		url, direct = "http://"+o.target+"/", options{target: address}
	}
	open := func() (kept, error) {
		conn, err := dial(direct)
		if err != nil {
			return kept{}, err
		}
		return kept{conn, bufio.NewReader(conn)}, nil
	}
	ask := func(one kept) (io.Closer, error) {
		_ = one.conn.SetDeadline(time.Now().Add(dialTimeout))
		isKept, err := get(one.conn, one.reader, url, o.target)
		if err != nil || !isKept {
			return one.conn, err
		}
		pool <- one
		return nil, nil
	}
	return repeat(o, func() (io.Closer, error) {
		select {
		case one := <-pool:
			closer, err := ask(one)
			if !errors.Is(err, errClosed) {
				return closer, err
			}
			// It closed a connection that it had not said it would: as any client, once more by a new one.
			_ = closer.Close()
		default:
		}
		one, err := open()
		if err != nil {
			return nil, err
		}
		return ask(one)
	})
}
