// A grpc-go server and client on the health service, which has a unary and a streaming method and needs no generated code of ours.
//
//	grpc serve [CERT KEY]            prints its port, flips its status for whoever watches, until stdin ends
//	grpc unary|stream TARGET [CA]    one Check, or three messages of a Watch, printed a line each
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

// watched tells the server, by a call of its own, that the client has the message before: no timing is involved.
type watched struct {
	*health.Server
}

func (s watched) Check(ctx context.Context, request *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	switch request.Service {
	case "pause":
		s.SetServingStatus("spacetail", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	case "resume":
		s.SetServingStatus("spacetail", grpc_health_v1.HealthCheckResponse_SERVING)
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
}

func serve(files []string) {
	var options []grpc.ServerOption
	if len(files) == 2 {
		options = append(options, grpc.Creds(must(credentials.NewServerTLSFromFile(files[0], files[1]))))
	}
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	service := health.NewServer()
	service.SetServingStatus("spacetail", grpc_health_v1.HealthCheckResponse_SERVING)
	server := grpc.NewServer(options...)
	grpc_health_v1.RegisterHealthServer(server, watched{service})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if err := server.Serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func dial(target string, ca []string) *grpc.ClientConn {
	secrets := insecure.NewCredentials()
	if len(ca) == 1 {
		secrets = must(credentials.NewClientTLSFromFile(ca[0], ""))
	}
	return must(grpc.NewClient(target, grpc.WithTransportCredentials(secrets)))
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: grpc serve [CERT KEY] | grpc unary|stream TARGET [CA]")
		os.Exit(2)
	}
	if os.Args[1] == "serve" {
		serve(os.Args[2:])
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	connection := dial(os.Args[2], os.Args[3:])
	defer connection.Close()
	client := grpc_health_v1.NewHealthClient(connection)
	check := func(service string) *grpc_health_v1.HealthCheckResponse {
		return must(client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service}))
	}
	if os.Args[1] == "unary" {
		fmt.Println("unary", check("").Status)
		return
	}
	check("resume")
	stream := must(client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: "spacetail"}))
	for _, next := range []string{"pause", "resume", ""} {
		fmt.Println("stream", must(stream.Recv()).Status)
		if next != "" {
			check(next)
		}
	}
}
