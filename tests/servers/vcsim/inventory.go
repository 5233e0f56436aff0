package main

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	datastore    = "[LocalDS_0]"
	templateName = "template-1"
	twinName     = "twin"
)

// oddNames are the names of the last VMs of an inventory. Two VMs share a name (in different folders); the other names
// have characters that a driver must unescape or escape. vCenter stores the name "a/b" as "a%2fb".
var oddNames = []string{twinName, twinName, "a%2fb", `<&"'> ü`}

// builder fills an inventory. It calls the simulator's objects directly: a client would wait 40 ms for each VM, which
// is the pace at which the simulator reports the end of a task.
type builder struct {
	ctx     *simulator.Context
	folders [2]*simulator.Folder // the datacenter's folder, and one below it
	hosts   []types.ManagedObjectReference
	pool    types.ManagedObjectReference
	network types.BaseVirtualDeviceBackingInfo
}

// createInventory gives the model one datacenter with one cluster of hosts, and the VMs spread over them.
func createInventory(model *simulator.Model, vms, hosts int) error {
	model.Host, model.ClusterHost, model.Machine = 0, hosts, 0
	if err := model.Create(); err != nil {
		return err
	}
	b, err := newBuilder(model)
	if err != nil {
		return err
	}
	for i, name := range vmNames(vms) {
		if err := b.addVM(i, name); err != nil {
			return fmt.Errorf("creating VM %q: %w", name, err)
		}
	}
	if err := b.addTemplate(vms); err != nil {
		return err
	}
	b.forgetTasks(model.ServiceContent)
	return nil
}

func newBuilder(model *simulator.Model) (*builder, error) {
	ctx := model.Service.Context
	b := &builder{ctx: ctx}
	datacenter := ctx.Map.Any("Datacenter").(*simulator.Datacenter)
	top := ctx.Map.Get(datacenter.VmFolder).(*simulator.Folder)
	created := top.CreateFolder(ctx, &types.CreateFolder{This: top.Self, Name: "nested"})
	if fault := created.Fault(); fault != nil {
		return nil, fmt.Errorf("creating the nested folder: %s", fault.String)
	}
	nested := created.(*methods.CreateFolderBody).Res.Returnval
	b.folders = [2]*simulator.Folder{top, ctx.Map.Get(nested).(*simulator.Folder)}
	cluster := ctx.Map.Any("ClusterComputeResource").(*simulator.ClusterComputeResource)
	b.hosts, b.pool = cluster.Host, *cluster.ResourcePool
	return b, b.chooseNetwork(datacenter)
}

// chooseNetwork finds the distributed port group that the VMs' cards are plugged into.
func (b *builder) chooseNetwork(datacenter *simulator.Datacenter) error {
	for _, ref := range datacenter.Network {
		if group, ok := b.ctx.Map.Get(ref).(*simulator.DistributedVirtualPortgroup); ok && group.Name == "DC0_DVPG0" {
			dvs := b.ctx.Map.Get(*group.Config.DistributedVirtualSwitch).(*simulator.DistributedVirtualSwitch)
			b.network = &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
				Port: types.DistributedVirtualSwitchPortConnection{PortgroupKey: group.Key, SwitchUuid: dvs.Uuid},
			}
			return nil
		}
	}
	return fmt.Errorf("the model has no port group DC0_DVPG0")
}

// vmNames returns vm-0, vm-1 … and the odd names. A small inventory has no odd names.
func vmNames(count int) []string {
	names := make([]string, 0, count)
	plain := count
	if count >= 2*len(oddNames) {
		plain = count - len(oddNames)
	}
	for i := range plain {
		names = append(names, fmt.Sprintf("vm-%d", i))
	}
	return append(names, oddNames[:count-plain]...)
}

// addVM creates the VM number i: every fourth is off, the others run and their guests report addresses.
func (b *builder) addVM(i int, name string) error {
	vm, err := b.create(i, name)
	if err != nil || i%4 == 3 {
		return err
	}
	ctx := b.newContext()
	started := vm.PowerOnVMTask(ctx, &types.PowerOnVM_Task{This: vm.Self})
	if _, err := b.await(started.(*methods.PowerOnVM_TaskBody).Res.Returnval); err != nil {
		return err
	}
	setGuest(vm, i)
	return nil
}

func (b *builder) addTemplate(i int) error {
	vm, err := b.create(i, templateName)
	if err != nil {
		return err
	}
	if fault := vm.MarkAsTemplate(&types.MarkAsTemplate{This: vm.Self}).Fault(); fault != nil {
		return fmt.Errorf("marking the template: %s", fault.String)
	}
	return nil
}

// create makes the VM number i. Every fifth VM is in the nested folder. The twins are in different folders.
func (b *builder) create(i int, name string) (*simulator.VirtualMachine, error) {
	folder := b.folders[0]
	if i%5 == 4 {
		folder = b.folders[1]
	}
	if name == twinName && b.ctx.Map.FindByName(name, folder.ChildEntity) != nil {
		folder = b.folders[1]
	}
	created := folder.CreateVMTask(b.newContext(), &types.CreateVM_Task{
		This:   folder.Self,
		Config: b.config(i),
		Pool:   b.pool,
		Host:   &b.hosts[i%len(b.hosts)],
	})
	result, err := b.await(created.(*methods.CreateVM_TaskBody).Res.Returnval)
	if err != nil {
		return nil, err
	}
	vm := b.ctx.Map.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachine)
	vm.Name, vm.Config.Name, vm.Summary.Config.Name = name, name, name
	// The simulator does not list a network's VMs.
	for _, ref := range vm.Network {
		if group, ok := b.ctx.Map.Get(ref).(*simulator.DistributedVirtualPortgroup); ok {
			group.Vm = append(group.Vm, vm.Self)
		}
	}
	return vm, nil
}

// config describes the VM number i. Its uuids depend only on the number, so a restarted server has the same VMs. The
// VM's real name is set after its creation, which would escape the name once more.
func (b *builder) config(i int) types.VirtualMachineConfigSpec {
	var devices object.VirtualDeviceList
	scsi, _ := devices.CreateSCSIController("pvscsi")
	files := fmt.Sprintf("%s vm-%d", datastore, i)
	disk := devices.CreateDisk(scsi.(types.BaseVirtualController), types.ManagedObjectReference{}, files+"/disk1.vmdk")
	disk.CapacityInKB = 10 << 20
	card := esx.EthernetCard
	card.Backing = b.network
	devices = append(devices, scsi, disk, &card)
	changes, _ := devices.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	return types.VirtualMachineConfigSpec{
		Name:         fmt.Sprintf("vm-%d", i),
		Annotation:   fmt.Sprintf("machine number %d", i),
		GuestId:      string(types.VirtualMachineGuestOsIdentifierDebian12_64Guest),
		NumCPUs:      int32(1 + i%4),
		MemoryMB:     int64(512 << (i % 3)),
		Uuid:         deterministicUUID("bios", i),
		InstanceUuid: deterministicUUID("instance", i),
		Files:        &types.VirtualMachineFileInfo{VmPathName: files + "/vm.vmx"},
		DeviceChange: changes,
	}
}

func deterministicUUID(use string, i int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "hvlib vcsim %s %d", use, i)).String()
}

// setGuest sets the values that a running guest's tools report: a name, and an IPv4 and an IPv6 address of its card.
func setGuest(vm *simulator.VirtualMachine, i int) {
	addresses := []string{
		fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255),
		fmt.Sprintf("fd00::%x", i+1),
	}
	vm.Guest.HostName = fmt.Sprintf("guest-%d.example.org", i)
	vm.Guest.IpAddress = addresses[0]
	vm.Guest.Net = []types.GuestNicInfo{{Network: "DC0_DVPG0", IpAddress: addresses, Connected: true, DeviceConfigId: 4000}}
	vm.Guest.ToolsStatus = types.VirtualMachineToolsStatusToolsOk
	vm.Guest.ToolsRunningStatus = string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
	vm.Summary.Guest.HostName, vm.Summary.Guest.IpAddress = vm.Guest.HostName, vm.Guest.IpAddress
	vm.Summary.Guest.ToolsStatus, vm.Summary.Guest.ToolsRunningStatus = vm.Guest.ToolsStatus, vm.Guest.ToolsRunningStatus
}

// newContext returns the context for one call: calls with the same context share their locks.
func (b *builder) newContext() *simulator.Context {
	ctx := *b.ctx
	return &ctx
}

// await returns the result of a task.
func (b *builder) await(ref types.ManagedObjectReference) (types.AnyType, error) {
	task := b.ctx.Map.Get(ref).(*simulator.Task)
	for {
		var info types.TaskInfo
		b.ctx.Map.WithLock(b.newContext(), task, func() { info = task.Info })
		switch info.State {
		case types.TaskInfoStateSuccess:
			return info.Result, nil
		case types.TaskInfoStateError:
			return nil, fmt.Errorf("%s failed: %s", info.DescriptionId, info.Error.LocalizedMessage)
		}
		time.Sleep(50 * time.Microsecond)
	}
}

// forgetTasks removes the tasks that built the inventory, so that a new server has no tasks.
func (b *builder) forgetTasks(content types.ServiceContent) {
	for _, task := range b.ctx.Map.AllReference("Task") {
		b.ctx.Map.Remove(b.newContext(), task.Reference())
	}
	for _, entity := range b.ctx.Map.All("") {
		entity.Entity().RecentTask = nil
	}
	b.ctx.Map.Get(*content.TaskManager).(*simulator.TaskManager).RecentTask = nil
}
