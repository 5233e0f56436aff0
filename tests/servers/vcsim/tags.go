package main

import (
	"cmp"
	"context"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
)

// attachTags gives two of each three VMs a tag, as a client: only the REST endpoint of a vCenter can attach tags.
func attachTags(server *url.URL, vms []mo.Entity, certificates string) error {
	ctx := context.Background()
	transport := soap.NewClient(server, false)
	if err := transport.SetRootCAs(filepath.Join(certificates, caFile)); err != nil {
		return err
	}
	client := rest.NewClient(&vim25.Client{Client: transport})
	if err := client.Login(ctx, server.User); err != nil {
		return err
	}
	defer func() { _ = client.Logout(ctx) }()

	manager := tags.NewManager(client)
	category, err := manager.CreateCategory(ctx, &tags.Category{Name: "environment", Cardinality: "SINGLE"})
	if err != nil {
		return err
	}
	groups := inThrees(vms)
	for i, name := range []string{"production", "test"} {
		tag, err := manager.CreateTag(ctx, &tags.Tag{Name: name, CategoryID: category})
		if err != nil {
			return err
		}
		if err := manager.AttachTagToMultipleObjects(ctx, tag, groups[i]); err != nil {
			return err
		}
	}
	return nil
}

// inThrees deals the VMs into three groups, in the order of their morefs: the groups are the same at each start.
func inThrees(vms []mo.Entity) [3][]mo.Reference {
	slices.SortFunc(vms, func(a, b mo.Entity) int { return cmp.Compare(a.Reference().Value, b.Reference().Value) })
	var groups [3][]mo.Reference
	for i, vm := range vms {
		groups[i%3] = append(groups[i%3], vm)
	}
	return groups
}
