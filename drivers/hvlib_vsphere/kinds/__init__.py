"""Kinds: an adapter each, and the table of its fields."""
