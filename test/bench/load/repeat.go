package main

import (
	"io"
	"sync"
	"time"
)

const mostErrors = 20

// Calls once() count times in all, so many at the same time, each timed. What it returns is closed
// after its clock has stopped. Where hardly anything works it gives up: each failure may be a timeout.
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
				if s.failed() > mostErrors {
					return
				}
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
