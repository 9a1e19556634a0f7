package main

import (
	"bufio"
	"io"
	"net"
	"strconv"
)

// A SOCKS5 port as tailscaled has one, in Go too, that dials with the kernel's network: what a
// request to a node costs us when the node costs nothing. IPv4 only, no names.
func serveSOCKS(host string, port int) {
	print(map[string]int{"port": listenAt(host, port, nil, socks)})
	select {}
}

func socks(conn net.Conn) {
	// The client may send the greeting and its request at once.
	reader := bufio.NewReaderSize(conn, 512)
	greeting := make([]byte, 2)
	if _, err := io.ReadFull(reader, greeting); err != nil || greeting[0] != 5 {
		return
	}
	if _, err := reader.Discard(int(greeting[1])); err != nil {
		return
	}
	if _, err := conn.Write([]byte{5, 0}); err != nil {
		return
	}
	request := make([]byte, 10)
	if _, err := io.ReadFull(reader, request); err != nil || request[1] != 1 || request[3] != 1 {
		return
	}
	port := int(request[8])<<8 | int(request[9])
	target := net.JoinHostPort(net.IP(request[4:8]).String(), strconv.Itoa(port))
	upstream, err := net.DialTimeout("tcp", target, dialTimeout)
	if err != nil {
		_, _ = conn.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	defer upstream.Close()
	if _, err := conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0}); err != nil {
		return
	}
	// What the buffer holds of the client's first bytes goes on.
	first, _ := reader.Peek(reader.Buffered())
	if _, err := upstream.Write(first); err != nil {
		return
	}
	join(conn, upstream)
}
