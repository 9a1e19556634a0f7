package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

const hello = "hello"

// The least that is HTTP/1.1: no body is expected, the connection is kept unless told otherwise.
func answerHTTP(conn net.Conn) {
	reader := bufio.NewReaderSize(conn, 4096)
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
		strconv.Itoa(len(hello)) + "\r\n\r\n" + hello)
	for {
		isLast := false
		for {
			line, err := reader.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) <= 2 {
				break
			}
			isLast = isLast || bytes.EqualFold(bytes.TrimSpace(line), []byte("connection: close"))
		}
		if _, err := conn.Write(answer); err != nil || isLast {
			return
		}
	}
}

var errClosed = errors.New("closed before an answer")

// One GET over a connection; the answer is read whole and compared. False where the other side is
// about to close the connection.
func get(conn io.Writer, reader *bufio.Reader, url, host string) (isKept bool, err error) {
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\n\r\n", url, host); err != nil {
		return false, errClosed
	}
	if _, err := reader.Peek(1); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return false, errClosed
	}
	line, err := reader.ReadString('\n')
	if err != nil {
		return false, unwrapped(err)
	}
	length := -1
	isChunked := false
	isKept = strings.HasPrefix(line, "HTTP/1.1")
	for header := ""; ; {
		header, err = reader.ReadString('\n')
		if err != nil {
			return false, unwrapped(err)
		}
		if len(header) <= 2 {
			break
		}
		name, value, _ := strings.Cut(strings.TrimSpace(header), ":")
		switch {
		case strings.EqualFold(name, "content-length"):
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		case strings.EqualFold(name, "transfer-encoding"):
			isChunked = true
		case strings.EqualFold(name, "connection") && strings.EqualFold(strings.TrimSpace(value), "close"):
			isKept = false
		}
	}
	if len(line) < 12 || line[9:12] != "200" {
		return false, errors.New("status " + strings.TrimSpace(line))
	}
	if isChunked || length != len(hello) {
		return false, fmt.Errorf("a body of %d bytes", length)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(reader, body); err != nil {
		return false, unwrapped(err)
	}
	if string(body) != hello {
		return false, errors.New("another body")
	}
	return isKept, nil
}

// A certificate of the moment: clients of this program do not verify it.
func tlsConfig() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fail(err.Error())
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(48 * time.Hour),
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		fail(err.Error())
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{signed}, PrivateKey: key}}}
}
