"""hvlib's driver for vSphere: vCenter and ESXi."""
