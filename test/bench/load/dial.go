package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

const dialTimeout = 20 * time.Second

// A connection to the target as the client of a proxy has it: after the proxy's consent.
func dial(o options) (*net.TCPConn, error) {
	scheme, address, isProxy := strings.Cut(o.proxy, "://")
	if !isProxy {
		address = o.target
	}
	raw, err := net.DialTimeout("tcp", address, dialTimeout)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", unwrapped(err))
	}
	conn := raw.(*net.TCPConn)
	if !isProxy {
		return conn, nil
	}
	_ = conn.SetDeadline(time.Now().Add(dialTimeout))
	if scheme == "http" {
		err = connectHTTP(conn, o.target)
	} else {
		err = connectSOCKS(conn, o.target)
	}
	if err != nil {
		_ = conn.Close()
		return nil, unwrapped(err)
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, nil
}

// Without addresses and ports: errors are counted by their text.
func unwrapped(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

func connectHTTP(conn net.Conn, target string) error {
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target); err != nil {
		return err
	}
	head := make([]byte, 0, 1024)
	for !strings.Contains(string(head), "\r\n\r\n") {
		if len(head) == cap(head) {
			return errors.New("CONNECT: the answer's head is too large")
		}
		read, err := conn.Read(head[len(head):cap(head)])
		if err != nil {
			return err
		}
		head = head[:len(head)+read]
	}
	line, _, _ := strings.Cut(string(head), "\r\n")
	if !strings.HasPrefix(line, "HTTP/1.1 200") && !strings.HasPrefix(line, "HTTP/1.0 200") {
		return errors.New("CONNECT: " + line)
	}
	// The client speaks first in every mode.
	if !strings.HasSuffix(string(head), "\r\n\r\n") {
		return errors.New("CONNECT: bytes after the answer's head")
	}
	return nil
}

// RFC 1928 as most clients do it: the greeting's answer is awaited before the request.
func connectSOCKS(conn net.Conn, target string) error {
	if _, err := conn.Write([]byte{5, 1, 0}); err != nil {
		return err
	}
	answer := make([]byte, 10, 32)
	if _, err := io.ReadFull(conn, answer[:2]); err != nil {
		return err
	}
	if answer[1] != 0 {
		return errors.New("SOCKS: no method")
	}
	host, portText, err := net.SplitHostPort(target)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return err
	}
	request := []byte{5, 1, 0}
	if ip := net.ParseIP(host).To4(); ip != nil {
		request = append(append(request, 1), ip...)
	} else {
		request = append(append(request, 3, byte(len(host))), host...)
	}
	if _, err := conn.Write(append(request, byte(port>>8), byte(port))); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if answer[1] != 0 {
		return fmt.Errorf("SOCKS: reply %d", answer[1])
	}
	rest := map[byte]int{1: 0, 4: 12}
	more, known := rest[answer[3]]
	if !known {
		return errors.New("SOCKS: reply with a name")
	}
	_, err = io.ReadFull(conn, make([]byte, more))
	return err
}

// A byte there and back: the tunnel is up in both ways.
func echoOne(conn net.Conn) error {
	_ = conn.SetDeadline(time.Now().Add(dialTimeout))
	if _, err := conn.Write([]byte{'x'}); err != nil {
		return unwrapped(err)
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return unwrapped(err)
	}
	if answer[0] != 'x' {
		return errors.New("the echo is another byte")
	}
	return conn.SetDeadline(time.Time{})
}
