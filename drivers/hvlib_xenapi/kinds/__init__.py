"""Kinds: a module for each, with its table and its adapter."""
