package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// correct makes the simulator answer a method as a vCenter would, where it does not. It runs before the method.
func correct(ctx *simulator.Context, method *simulator.Method) {
	if ctx.Session == nil {
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
