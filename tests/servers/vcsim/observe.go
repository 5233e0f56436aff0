package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// observer tells tests what the server saw. SOAP can't: views, collectors and filters belong to a session, and no other
// session sees them.
//
//	/hvlib/calls      {"Login": 1, …}: SOAP methods received since the start, by name
//	/hvlib/leftovers  {"sessions": 1, "views": 0, "collectors": 0, "filters": 0}: what exists now
type observer struct {
	service *simulator.Service

	mutex    sync.Mutex
	calls    map[string]int
	sessions map[string]*simulator.Session // every session that was ever used, by key
}

// newObserver must come before the server is made, whose pages it adds to.
func newObserver(service *simulator.Service) *observer {
	o := &observer{service: service, calls: map[string]int{}, sessions: map[string]*simulator.Session{}}
	service.ServeMux = http.NewServeMux()
	service.ServeMux.HandleFunc("/hvlib/calls", respond(o.countCalls))
	service.ServeMux.HandleFunc("/hvlib/leftovers", respond(o.countLeftovers))
	return o
}

// watch begins to count.
func (o *observer) watch() {
	o.service.Context.Map.Handler = o.handle
}

// handle is called before each method. It refuses none.
func (o *observer) handle(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.calls[method.Name]++
	if ctx.Session != nil {
		o.sessions[ctx.Session.Key] = ctx.Session
	}
	correct(ctx, method)
	return nil, nil
}

func (o *observer) countCalls() map[string]int {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return maps.Clone(o.calls)
}

func (o *observer) countLeftovers() map[string]int {
	registry := o.service.Context.Map
	// The list of sessions is a property that the simulator fills for a session that asks.
	asking := &simulator.Session{Registry: simulator.NewRegistry(), Map: registry}
	alive := asking.Get(registry.SessionManager().Self).(*simulator.SessionManager).SessionList
	counts := map[string]int{"sessions": len(alive), "views": 0, "collectors": 0, "filters": 0}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for _, user := range alive {
		if session := o.sessions[user.Key]; session != nil {
			counts["views"] += len(session.AllReference("ContainerView")) + len(session.AllReference("ListView"))
			counts["collectors"] += countCreated(session.AllReference("PropertyCollector"))
			counts["filters"] += len(session.AllReference("PropertyFilter"))
		}
	}
	return counts
}

// countCreated leaves out the collector that every session has.
func countCreated(collectors []mo.Reference) int {
	count := 0
	for _, collector := range collectors {
		if collector.Reference().Value != "propertyCollector" {
			count++
		}
	}
	return count
}

func respond(count func() map[string]int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(count())
	}
}
