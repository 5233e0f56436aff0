// Command vcsim is the vCenter for hvlib's tests: govmomi's simulator with our own inventory, a certificate that
// clients can verify, checked logins, and two pages with counts for tests (observe.go).
//
// It prints one line of JSON when it is ready, and ends when its standard input closes. So it ends with the process
// that started it, even if that is killed.
package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator" // adds the REST endpoint of a vCenter, for tags
	"github.com/vmware/govmomi/vim25/types"
)

// options are the values of the command line.
type options struct {
	vms, hosts     int
	stock          bool
	esx            bool
	clusters       int
	machines       int
	sessionIdle    time.Duration
	delay          time.Duration
	taskDelay      time.Duration
	user, password string
	certificates   string
	listen         string
}

func parseOptions() options {
	var o options
	flag.IntVar(&o.vms, "vms", 20, "virtual machines, beside one template")
	flag.IntVar(&o.hosts, "hosts", 4, "hosts of the one cluster")
	flag.BoolVar(&o.stock, "stock", false, "the simulator's own inventory, with -clusters and -machines, not -vms and -hosts")
	flag.BoolVar(&o.esx, "esx", false, "a single host, with -machines, instead of a vCenter")
	flag.IntVar(&o.clusters, "clusters", 1, "clusters of three hosts, beside one host, of the simulator's own inventory")
	flag.IntVar(&o.machines, "machines", 2, "virtual machines in each resource pool of the simulator's own inventory")
	flag.DurationVar(&o.sessionIdle, "session-idle", 0, "end sessions that were idle this long (0: never)")
	flag.DurationVar(&o.delay, "delay", 0, "how long each method takes")
	flag.DurationVar(&o.taskDelay, "task-delay", 0, "how long each task takes")
	flag.StringVar(&o.user, "user", "administrator@vsphere.local", "the only user")
	flag.StringVar(&o.password, "password", "", "the user's password")
	flag.StringVar(&o.certificates, "certificates", "", "folder that keeps the CA and the server's certificate")
	flag.StringVar(&o.listen, "listen", "127.0.0.1:0", "address to listen on")
	flag.Parse()
	return o
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("vcsim: ")
	if err := serve(parseOptions()); err != nil {
		log.Fatal(err)
	}
}

// serve runs the simulator until standard input closes.
func serve(o options) error {
	if o.password == "" || o.certificates == "" {
		return fmt.Errorf("-password and -certificates are required")
	}
	if o.vms < 0 || o.hosts < 1 {
		return fmt.Errorf("%d VMs on %d hosts: there must be a host", o.vms, o.hosts)
	}
	certificate, err := serverCertificate(o.certificates)
	if err != nil {
		return err
	}
	model, err := createModel(o, certificate)
	if err != nil {
		return err
	}
	defer model.Remove() // the files of its datastore

	service := model.Service
	service.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	service.Listen = &url.URL{Host: o.listen, User: url.UserPassword(o.user, o.password)}
	service.RegisterEndpoints = true
	observer := newObserver(service)
	server := service.NewServer() // never closed: closing would wait for the last long poll
	if !o.esx {
		if err := attachTags(server.URL, model.Map().All("VirtualMachine"), o.certificates); err != nil {
			return err
		}
	}
	setTimes(model, o)
	observer.watch()

	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"address": server.URL.Host}); err != nil {
		return err
	}
	waitForEnd()
	return nil
}

// createModel makes the server's objects: our own inventory, or the simulator's.
func createModel(o options, certificate tls.Certificate) (*simulator.Model, error) {
	if o.esx {
		model := simulator.ESX()
		model.Machine = o.machines
		return model, model.Create()
	}
	model := simulator.VPX()
	model.ServiceContent.About.InstanceUuid = identity(certificate)
	if o.stock {
		model.Cluster, model.Machine = o.clusters, o.machines
		return model, model.Create()
	}
	return model, createInventory(model, o.vms, o.hosts)
}

// setTimes sets the delays. It is called after the inventory is built, so that this is not delayed.
func setTimes(model *simulator.Model, o options) {
	model.DelayConfig.Delay = int(o.delay.Milliseconds())
	if o.taskDelay > 0 {
		simulator.TaskDelay.Delay = int(o.taskDelay.Milliseconds())
		// Without this a waiting task would hold its object's lock, and the object could not be read.
		simulator.TaskDelay.MethodDelay = map[string]int{"LockHandoff": 0}
	}
	if o.sessionIdle > 0 {
		model.Map().OptionManager().UpdateOptions(&types.UpdateOptions{ChangedValue: []types.BaseOptionValue{
			&types.OptionValue{Key: "config.vmacore.soap.sessionTimeout", Value: o.sessionIdle.String()},
		}})
	}
}

// waitForEnd returns when the process that started us has ended, or at a signal.
func waitForEnd() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, os.Interrupt, syscall.SIGTERM)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		ended <- syscall.SIGTERM
	}()
	<-ended
}
