// Gophercloud, measured: lists all servers of the region that the variables OS_* name, once, like the clients of
// openstack_clients.py, and prints the same line of figures.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/v2/pagination"
)

type figures struct {
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`
	Servers int     `json:"servers"`
	Before  float64 `json:"before"`
	Peak    float64 `json:"peak"`
}

func main() {
	ctx := context.Background()
	compute, err := connect(ctx)
	if err != nil {
		log.Fatal(err)
	}
	before, start, cpu := megabytes("VmRSS"), time.Now(), processorTime()
	rows, err := list(ctx, compute)
	if err != nil {
		log.Fatal(err)
	}
	seconds := time.Since(start).Seconds()
	result := figures{seconds, processorTime() - cpu, len(rows), before, megabytes("VmHWM")}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

func connect(ctx context.Context) (*gophercloud.ServiceClient, error) {
	options, err := openstack.AuthOptionsFromEnv()
	if err != nil {
		return nil, err
	}
	provider, err := openstack.AuthenticatedClient(ctx, options)
	if err != nil {
		return nil, err
	}
	endpoint := gophercloud.EndpointOpts{Region: os.Getenv("OS_REGION_NAME")}
	compute, err := openstack.NewComputeV2(provider, endpoint)
	if err == nil {
		compute.Microversion = os.Args[1]
	}
	return compute, err
}

func list(ctx context.Context, compute *gophercloud.ServiceClient) ([]servers.Server, error) {
	var rows []servers.Server
	pager := servers.List(compute, servers.ListOpts{})
	err := pager.EachPage(ctx, func(_ context.Context, page pagination.Page) (bool, error) {
		pageRows, err := servers.ExtractServers(page)
		rows = append(rows, pageRows...)
		return true, err
	})
	return rows, err
}

// processorTime returns the processor time of this process, in seconds.
func processorTime() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// megabytes returns a figure of this process's memory from /proc, in MB.
func megabytes(name string) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	line := regexp.MustCompile(fmt.Sprintf(`%s:\s+(\d+) kB`, name)).FindSubmatch(status)
	kilobytes, err := strconv.Atoi(string(line[1]))
	if err != nil {
		log.Fatal(err)
	}
	return float64(kilobytes) / 1024
}
