"""The live subscription to a lab."""
