"""Kinds: a module for each, with its adapter and the table of its fields."""
