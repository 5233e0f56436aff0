package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// correct makes the simulator answer a method as a vCenter would, where it does not. It runs before the method.
func correct(ctx *simulator.Context, method *simulator.Method) {
	if ctx.Session == nil {
		return
	}
	if collector, ok := ctx.Session.Get(method.This).(*simulator.PropertyCollector); ok {
		if method.Name == "CreateFilter" || method.Name == "WaitForUpdatesEx" {
			ctx.Session.Registry.Put(&propertyCollector{PropertyCollector: collector, told: map[told]struct{}{}})
		}
		return
	}
	switch target := ctx.Map.Get(method.This).(type) {
	case *simulator.VirtualMachine:
		if method.Name == "MarkAsTemplate" || method.Name == "MarkAsVirtualMachine" {
			// The simulator looks for the object that answers in the session's own registry first.
			ctx.Session.Registry.Put(&virtualMachine{target})
		}
	case *simulator.Task:
		if method.Name == "CancelTask" {
			target.Execute = cancelled
		}
	}
}

// propertyCollector refuses filters on properties that there are not, and tells watchers of every object that is deleted,
// and of every task that is no recent one any more. The simulator forgets those that went in the same moment in which
// another one came: then it fills its filters anew, and does not look for what is not there any more.
type propertyCollector struct {
	*simulator.PropertyCollector
	told map[told]struct{}
}

// told is an object that a filter has told of.
type told struct{ filter, object types.ManagedObjectReference }

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
				delete(pc.told, told{update.Filter, object.Obj})
			} else {
				pc.told[told{update.Filter, object.Obj}] = struct{}{}
			}
		}
	}
	for each := range pc.told {
		if exists(ctx, each.object) && selects(ctx, each.filter, each.object) {
			continue
		}
		delete(pc.told, each)
		leave := types.ObjectUpdate{Kind: types.ObjectUpdateKindLeave, Obj: each.object}
		body.Res.Returnval.FilterSet = append(body.Res.Returnval.FilterSet,
			types.PropertyFilterUpdate{Filter: each.filter, ObjectSet: []types.ObjectUpdate{leave}})
	}
	return res
}

func exists(ctx *simulator.Context, object types.ManagedObjectReference) bool {
	return ctx.Map.Get(object) != nil || ctx.Session.Get(object) != nil
}

// selects tells whether an object is still one of a filter's. It looks at tasks alone: what else is selected goes when it
// is deleted.
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

// cancelled replaces the work of a cancelled task: the simulator would do it nevertheless, and report success.
func cancelled(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
	return nil, &types.RequestCanceled{}
}

// virtualMachine tells watchers when a VM becomes a template or a template a VM. It answers one method.
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
