package main

import (
	"io"
	"sync"
	"time"
)

// Calls once() count times in all, so many at the same time, each timed. What it returns is closed
// after its clock has stopped.
func repeat(o options, once func() (io.Closer, error)) result {
	var s series
	work := make(chan struct{}, o.count)
	for range o.count {
		work <- struct{}{}
	}
	close(work)
	var done sync.WaitGroup
	start := time.Now()
	for range o.streams {
		done.Go(func() {
			for range work {
				began := time.Now()
				closer, err := once()
				s.add(time.Since(began), err)
				if closer != nil {
					_ = closer.Close()
				}
			}
		})
	}
	done.Wait()
	return s.result(time.Since(start))
}
