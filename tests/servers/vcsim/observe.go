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

// observer counts calls and objects for tests. Tests can't use SOAP for this: views, collectors and filters belong to a
// session, and other sessions can't see them.
//
//	/hvlib/calls      {"Login": 1, …}: SOAP calls since the start, by the method's name
//	/hvlib/leftovers  {"sessions": 1, "views": 0, "collectors": 0, "filters": 0}: objects that exist now
type observer struct {
	service *simulator.Service

	mutex    sync.Mutex
	calls    map[string]int
	sessions map[string]*simulator.Session // every session that was ever used, by key
}

// newObserver adds the pages. Call it before the server is made.
func newObserver(service *simulator.Service) *observer {
	o := &observer{service: service, calls: map[string]int{}, sessions: map[string]*simulator.Session{}}
	service.ServeMux = http.NewServeMux()
	service.ServeMux.HandleFunc("/hvlib/calls", respond(o.countCalls))
	service.ServeMux.HandleFunc("/hvlib/leftovers", respond(o.countLeftovers))
	return o
}

// watch starts counting.
func (o *observer) watch() {
	o.service.Context.Map.Handler = o.handle
}

// handle counts a call. The simulator calls it before each method; nil lets the method run.
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
	// The list of sessions is a property that the simulator fills only when a session reads it.
	reader := &simulator.Session{Registry: simulator.NewRegistry(), Map: registry}
	alive := reader.Get(registry.SessionManager().Self).(*simulator.SessionManager).SessionList
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

// countCreated counts collectors without the default one, which every session has.
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
