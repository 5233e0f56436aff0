"""The kinds of objects that a region has: an adapter and its table for each kind."""
