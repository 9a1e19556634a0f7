package main

import (
	"sort"
	"sync"
	"time"
)

// What a measurement prints. Times in milliseconds, of successes only.
type result struct {
	Count      int            `json:"count"`
	Errors     map[string]int `json:"errors"`
	Seconds    float64        `json:"seconds"`
	PerSecond  float64        `json:"perSecond"`
	P50Ms      float64        `json:"p50Ms"`
	P99Ms      float64        `json:"p99Ms"`
	MaxMs      float64        `json:"maxMs"`
	Bytes      int64          `json:"bytes"`
	MBPerS     float64        `json:"mbPerSecond"`
	CPUSeconds float64        `json:"cpuSeconds"`
}

type series struct {
	mutex  sync.Mutex
	times  []time.Duration
	errors map[string]int
}

func (s *series) add(took time.Duration, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err == nil {
		s.times = append(s.times, took)
		return
	}
	if s.errors == nil {
		s.errors = map[string]int{}
	}
	s.errors[err.Error()]++
}

func (s *series) failed() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	count := 0
	for _, times := range s.errors {
		count += times
	}
	return count
}

func (s *series) result(all time.Duration) result {
	sort.Slice(s.times, func(a, b int) bool { return s.times[a] < s.times[b] })
	at := func(share float64) float64 {
		if len(s.times) == 0 {
			return 0
		}
		return float64(s.times[int(share*float64(len(s.times)-1)+0.5)]) / 1e6
	}
	errors := s.errors
	if errors == nil {
		errors = map[string]int{}
	}
	return result{
		Count:     len(s.times),
		Errors:    errors,
		Seconds:   all.Seconds(),
		PerSecond: float64(len(s.times)) / all.Seconds(),
		P50Ms:     at(0.5),
		P99Ms:     at(0.99),
		MaxMs:     at(1),
	}
}
