"""Kinds: an adapter and its table for each."""
