package main

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

type ports struct {
	Echo  int `json:"echo"`
	Bulk  int `json:"bulk"`
	Flood int `json:"flood"`
	HTTP  int `json:"http"`
	TLS   int `json:"tls"`
}

func serveOrigin(host string) {
	print(ports{
		Echo:  listen(host, nil, echo),
		Bulk:  listen(host, nil, bulkOrigin),
		Flood: listen(host, nil, flood),
		HTTP:  listen(host, nil, answerHTTP),
		TLS:   listen(host, tlsConfig(), answerHTTP),
	})
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func listen(host string, secure *tls.Config, serve func(net.Conn)) int {
	return listenAt(host, 0, secure, serve)
}

func listenAt(host string, port int, secure *tls.Config, serve func(net.Conn)) int {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		fail(err.Error())
	}
	port = listener.Addr().(*net.TCPAddr).Port
	if secure != nil {
		listener = tls.NewListener(listener, secure)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				time.Sleep(10 * time.Millisecond)
				continue
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return port
}

func echo(conn net.Conn) {
	buffer := make([]byte, 512)
	for {
		read, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:read]); err != nil {
			return
		}
	}
}

// A header of nine bytes (1 = the client sends, and the length), then the pattern that way. What
// arrives is compared, and the origin says so with one byte: 1 right, 0 wrong.
func bulkOrigin(conn net.Conn) {
	header := make([]byte, 9)
	if _, err := io.ReadFull(conn, header); err != nil {
		return
	}
	length := int64(binary.BigEndian.Uint64(header[1:]))
	if header[0] == 0 {
		_ = sendPattern(conn, length)
		return
	}
	verdict := []byte{1}
	if receivePattern(conn, length) != nil {
		verdict[0] = 0
	}
	_, _ = conn.Write(verdict)
}

func sendPattern(conn net.Conn, length int64) error {
	for sent := int64(0); sent < length; {
		wrote, err := conn.Write(patternAt(sent, length-sent))
		if err != nil {
			return err
		}
		sent += int64(wrote)
	}
	return nil
}

func receivePattern(conn net.Conn, length int64) error {
	check := checker{}
	buffer := make([]byte, maxChunk)
	for check.seen < length {
		read, err := conn.Read(buffer)
		if _, wrong := check.Write(buffer[:read]); wrong != nil {
			return wrong
		}
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// The first byte asks for it; then without end.
func flood(conn net.Conn) {
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return
	}
	_ = sendPattern(conn, 1<<62)
}
