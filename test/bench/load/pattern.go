package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
)

const (
	// No divisor of any buffer's size, so bytes lost or doubled show at once.
	period   = 1<<20 - 3
	maxChunk = 256 << 10
)

// Twice the period and a chunk, so that any chunk is one slice of it.
var pattern = makePattern()

func makePattern() []byte {
	random := rand.NewChaCha8([32]byte{1})
	once := make([]byte, period)
	_, _ = random.Read(once)
	return append(append(make([]byte, 0, period+maxChunk), once...), once[:maxChunk]...)
}

// The bytes of the stream from offset on, at most maxChunk of them.
func patternAt(offset, length int64) []byte {
	from := offset % period
	return pattern[from : from+min(length, maxChunk)]
}

var errWrongBytes = errors.New("wrong bytes")

// A writer that compares what it gets with the pattern: each byte, not a sample.
type checker struct{ seen int64 }

func (c *checker) Write(got []byte) (int, error) {
	if !bytes.Equal(got, patternAt(c.seen, int64(len(got)))) {
		return 0, errWrongBytes
	}
	c.seen += int64(len(got))
	return len(got), nil
}
