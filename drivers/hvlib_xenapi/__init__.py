"""The driver for XenServer and XCP-ng pools, through XenAPI."""
