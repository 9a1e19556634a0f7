package main

import (
	"math"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	longestFrame = 65536
	// At 10 ms and 1,500 bytes: some 5 GB/s. More is dropped, as a router does.
	heldFrames    = 1 << 15
	receiveBuffer = 64 << 20
	// linux/if_packet.h
	solPacket            = 263
	packetIgnoreOutgoing = 23
)

// Both directions have the same, and they may change while frames are on the way.
type conditions struct {
	delay atomic.Int64
	loss  atomic.Uint64
}

func (c *conditions) setLoss(share float64) { c.loss.Store(math.Float64bits(share)) }

func (c *conditions) isLost() bool {
	share := math.Float64frombits(c.loss.Load())
	return share > 0 && rand.Float64() < share
}

type held struct {
	due   time.Time
	frame []byte
}

func bigEndian(value uint16) uint16 { return value<<8 | value>>8 }

// A raw socket that sees what arrives at the interface, and sends by it.
func open(name string) int {
	netInterface, err := net.InterfaceByName(name)
	if err != nil {
		fail(err)
	}
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, int(bigEndian(syscall.ETH_P_ALL)))
	if err != nil {
		fail(err)
	}
	// Or it would carry back what it has just sent.
	if err := syscall.SetsockoptInt(fd, solPacket, packetIgnoreOutgoing, 1); err != nil {
		fail(err)
	}
	if syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, receiveBuffer) != nil {
		_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBuffer)
	}
	address := &syscall.SockaddrLinklayer{Protocol: bigEndian(syscall.ETH_P_ALL), Ifindex: netInterface.Index}
	if err := syscall.Bind(fd, address); err != nil {
		fail(err)
	}
	return fd
}

// Frames of one direction, in order: one whose delay has become shorter waits for those before it.
func carry(from, to int, way *conditions) {
	queue := make(chan held, heldFrames)
	go func() {
		for next := range queue {
			if wait := time.Until(next.due); wait > 0 {
				time.Sleep(wait)
			}
			// A full queue or an interface that is down loses the frame, as a wire does.
			_, _ = syscall.Write(to, next.frame)
		}
	}()
	buffer := make([]byte, longestFrame)
	for {
		length, err := syscall.Read(from, buffer)
		if err == syscall.EINTR || err == syscall.ENETDOWN {
			continue
		}
		if err != nil {
			fail(err)
		}
		if way.isLost() {
			continue
		}
		frame := held{time.Now().Add(time.Duration(way.delay.Load())), append([]byte(nil), buffer[:length]...)}
		select {
		case queue <- frame:
		default:
		}
	}
}
