// An S3 server that keeps its objects in memory and answers only to requests that are signed with the key of
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Prints its port, then each request with its answer.
//
//	s3 BUCKET [CERT KEY]
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
)

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// told prints one line for each request once it has been answered.
func told(handler http.Handler) http.Handler {
	var mutex sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		method, path := request.Method, request.URL.Path
		handler.ServeHTTP(answer, request)
		mutex.Lock()
		defer mutex.Unlock()
		fmt.Println(answer.status, method, path)
	})
}

func main() {
	log.SetFlags(0)
	bucket, files := os.Args[1], os.Args[2:]
	key, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	if key == "" || secret == "" {
		log.Fatal("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are to be set: without a key it answers everybody")
	}
	backend := s3mem.New()
	if err := backend.CreateBucket(context.Background(), bucket); err != nil {
		log.Fatal(err)
	}
	handler := told(gofakes3.New(backend, gofakes3.WithV4Auth(map[string]string{key: secret})).Server())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if len(files) == 2 {
		log.Fatal(http.ServeTLS(listener, handler, files[0], files[1]))
	}
	log.Fatal(http.Serve(listener, handler))
}
