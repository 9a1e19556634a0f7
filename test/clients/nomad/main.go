// A program on nomad/api, the client library of the Nomad provider: registers a job, waits until its allocation runs,
// and follows that allocation's log until the job has said three more lines. The address is NOMAD_ADDR's.
//
//	nomad-client JOB.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

// allocation blocks on the server (a blocking query) until the job has one that runs or has run.
func allocation(client *api.Client, job string) *api.AllocationListStub {
	options := &api.QueryOptions{WaitTime: 30 * time.Second}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		list, meta, err := client.Jobs().Allocations(job, true, options)
		must(list, err)
		for _, each := range list {
			if each.ClientStatus == "running" || each.ClientStatus == "complete" {
				return each
			}
		}
		options.WaitIndex = meta.LastIndex
	}
	fmt.Fprintln(os.Stderr, "no allocation runs")
	os.Exit(1)
	return nil
}

func main() {
	client := must(api.NewClient(api.DefaultConfig()))
	var job api.Job
	if err := json.Unmarshal(must(os.ReadFile(os.Args[1])), &job); err != nil {
		must(0, err)
	}
	registered, _, err := client.Jobs().Register(&job, nil)
	must(registered, err)
	fmt.Println("registered", *job.ID, registered.EvalID != "")
	stub := allocation(client, *job.ID)
	whole, _, err := client.Allocations().Info(stub.ID, nil)
	must(whole, err)
	cancel := make(chan struct{})
	frames, failures := client.AllocFS().Logs(whole, true, "talk", "stdout", "start", 0, cancel, nil)
	var said strings.Builder
	for {
		select {
		case err := <-failures:
			must(0, err)
		case frame, open := <-frames:
			if !open {
				must(0, fmt.Errorf("the log ended early: %q", said.String()))
			}
			said.Write(frame.Data)
			if strings.Count(said.String(), "still there\n") >= 3 {
				close(cancel)
				fmt.Print(said.String())
				_, _, err := client.Jobs().Deregister(*job.ID, true, nil)
				must(0, err)
				return
			}
		}
	}
}
