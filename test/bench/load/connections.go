package main

import (
	"bufio"
	"crypto/tls"
	"io"
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

// A tunnel, a whole TLS handshake, one request: what a provider without keep-alive does.
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
		return raw, get(conn, bufio.NewReader(conn), "/", o.target, "Connection: close\r\n")
	})
}

type kept struct {
	conn   io.WriteCloser
	reader *bufio.Reader
}

// Absolute-form requests over connections that are kept.
func forward(o options) result {
	pool := make(chan kept, o.streams)
	url, direct := "/", o
	if _, address, isProxy := strings.Cut(o.proxy, "://"); isProxy {
		url, direct = "http://"+o.target+"/", options{target: address}
	}
	return repeat(o, func() (io.Closer, error) {
		var one kept
		select {
		case one = <-pool:
		default:
			conn, err := dial(direct)
			if err != nil {
				return nil, err
			}
			one = kept{conn, bufio.NewReader(conn)}
		}
		if err := get(one.conn, one.reader, url, o.target, ""); err != nil {
			return one.conn, err
		}
		pool <- one
		return nil, nil
	})
}
