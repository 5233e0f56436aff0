package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// correct makes the simulator act like a vCenter in methods where it does not. It runs before the method.
func correct(ctx *simulator.Context, method *simulator.Method) {
	if ctx.Session == nil {
		return
	}
	if collector, ok := ctx.Session.Get(method.This).(*simulator.PropertyCollector); ok {
		if method.Name == "CreateFilter" || method.Name == "WaitForUpdatesEx" {
			ctx.Session.Registry.Put(&propertyCollector{PropertyCollector: collector, reported: map[reported]struct{}{}})
		}
		return
	}
	switch target := ctx.Map.Get(method.This).(type) {
	case *simulator.VirtualMachine:
		switch method.Name {
		case "MarkAsTemplate", "MarkAsVirtualMachine", "ResetVM_Task":
			// The simulator looks up a method's object in the session's registry first.
			ctx.Session.Registry.Put(&virtualMachine{target})
		}
	case *simulator.Task:
		if method.Name == "CancelTask" {
			target.Execute = cancelled
		}
	}
}

// propertyCollector refuses filters on properties that do not exist. It also reports every object that is deleted, and
// every task that has left the list of recent tasks. The simulator misses these if an object is created at the same
// time: it then fills its filters again, without looking for objects that have left.
type propertyCollector struct {
	*simulator.PropertyCollector
	reported map[reported]struct{}
}

// reported is an object that a filter has reported.
type reported struct{ filter, object types.ManagedObjectReference }

func (pc *propertyCollector) CreateFilter(ctx *simulator.Context, req *types.CreateFilter) soap.HasFault {
	read := pc.RetrievePropertiesEx(ctx, &types.RetrievePropertiesEx{SpecSet: []types.PropertyFilterSpec{req.Spec}})
	if body, ok := read.(*methods.RetrievePropertiesExBody); ok && body.Res != nil && body.Res.Returnval != nil {
		for _, object := range body.Res.Returnval.Objects {
			for _, missing := range object.MissingSet {
				if invalid, ok := missing.Fault.Fault.(*types.InvalidProperty); ok {
					return &methods.CreateFilterBody{Fault_: simulator.Fault("", invalid)}
				}
			}
		}
	}
	return pc.PropertyCollector.CreateFilter(ctx, req)
}

func (pc *propertyCollector) WaitForUpdatesEx(ctx *simulator.Context, req *types.WaitForUpdatesEx) soap.HasFault {
	res := pc.PropertyCollector.WaitForUpdatesEx(ctx, req)
	body, ok := res.(*methods.WaitForUpdatesExBody)
	if !ok || body.Res == nil || body.Res.Returnval == nil {
		return res
	}
	for _, update := range body.Res.Returnval.FilterSet {
		for _, object := range update.ObjectSet {
			if object.Kind == types.ObjectUpdateKindLeave {
				delete(pc.reported, reported{update.Filter, object.Obj})
			} else {
				pc.reported[reported{update.Filter, object.Obj}] = struct{}{}
			}
		}
	}
	for entry := range pc.reported {
		if exists(ctx, entry.object) && selects(ctx, entry.filter, entry.object) {
			continue
		}
		delete(pc.reported, entry)
		leave := types.ObjectUpdate{Kind: types.ObjectUpdateKindLeave, Obj: entry.object}
		body.Res.Returnval.FilterSet = append(body.Res.Returnval.FilterSet,
			types.PropertyFilterUpdate{Filter: entry.filter, ObjectSet: []types.ObjectUpdate{leave}})
	}
	return res
}

func exists(ctx *simulator.Context, object types.ManagedObjectReference) bool {
	return ctx.Map.Get(object) != nil || ctx.Session.Get(object) != nil
}

// selects reports whether a filter still selects an object. It checks only tasks: other objects leave a filter only
// when they are deleted.
func selects(ctx *simulator.Context, filter, object types.ManagedObjectReference) bool {
	created, ok := ctx.Session.Get(filter).(*simulator.PropertyFilter)
	if !ok || object.Type != "Task" {
		return true
	}
	manager, ok := ctx.Map.Get(created.Spec.ObjectSet[0].Obj).(*simulator.TaskManager)
	if !ok {
		return true
	}
	manager.Lock()
	defer manager.Unlock()
	return slices.Contains(manager.RecentTask, object)
}

// cancelled replaces the work of a cancelled task: the simulator would do the work and report success.
func cancelled(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
	return nil, &types.RequestCanceled{}
}

// virtualMachine reports to filters that a VM has become a template, or a template a VM. It resets only VMs that run:
// the simulator resets suspended ones too. It answers one call.
type virtualMachine struct{ *simulator.VirtualMachine }

func (vm *virtualMachine) MarkAsTemplate(ctx *simulator.Context, req *types.MarkAsTemplate) soap.HasFault {
	res := vm.VirtualMachine.MarkAsTemplate(req)
	vm.announce(ctx)
	return res
}

func (vm *virtualMachine) MarkAsVirtualMachine(ctx *simulator.Context, req *types.MarkAsVirtualMachine) soap.HasFault {
	res := vm.VirtualMachine.MarkAsVirtualMachine(req)
	vm.announce(ctx)
	return res
}

func (vm *virtualMachine) ResetVMTask(ctx *simulator.Context, req *types.ResetVM_Task) soap.HasFault {
	ctx.Session.Registry.Remove(ctx, vm.Self)
	if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
		return &methods.ResetVM_TaskBody{Fault_: simulator.Fault("", &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOn,
			ExistingState:  vm.Runtime.PowerState,
		})}
	}
	return vm.VirtualMachine.ResetVMTask(ctx, req)
}

func (vm *virtualMachine) announce(ctx *simulator.Context) {
	ctx.Session.Registry.Remove(ctx, vm.Self)
	changes := []types.PropertyChange{
		{Name: "config.template", Val: vm.Config.Template},
		{Name: "summary.config.template", Val: vm.Config.Template},
		{Name: "resourcePool"},
	}
	if vm.ResourcePool != nil {
		changes[2].Val = *vm.ResourcePool
	}
	ctx.Update(vm.VirtualMachine, changes)
}
