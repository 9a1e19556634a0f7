package main

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const bulkTimeout = 5 * time.Minute

// So many bytes by each stream, every one compared at its end. All tunnels stand before the clock runs.
func bulk(o options) result {
	var s series
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(o.streams)
	for range o.streams {
		done.Go(func() {
			conn, err := dial(o)
			ready.Done()
			<-begin
			began := time.Now()
			if err == nil {
				err = transfer(conn, o)
				_ = conn.Close()
			}
			s.add(time.Since(began), err)
		})
	}
	ready.Wait()
	start := time.Now()
	close(begin)
	done.Wait()
	measured := s.result(time.Since(start))
	measured.Bytes = int64(measured.Count) * o.bytes
	measured.MBPerS = float64(measured.Bytes) / 1e6 / measured.Seconds
	return measured
}

func transfer(conn net.Conn, o options) error {
	_ = conn.SetDeadline(time.Now().Add(bulkTimeout))
	header := make([]byte, 9)
	if o.up {
		header[0] = 1
	}
	binary.BigEndian.PutUint64(header[1:], uint64(o.bytes))
	if _, err := conn.Write(header); err != nil {
		return unwrapped(err)
	}
	if !o.up {
		return unwrapped(receivePattern(conn, o.bytes))
	}
	if err := sendPattern(conn, o.bytes); err != nil {
		return unwrapped(err)
	}
	verdict := make([]byte, 1)
	if _, err := io.ReadFull(conn, verdict); err != nil {
		return unwrapped(err)
	}
	if verdict[0] != 1 {
		return errors.New("the origin saw wrong bytes")
	}
	return nil
}
