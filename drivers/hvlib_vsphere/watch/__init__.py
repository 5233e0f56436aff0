"""Watching: the feed of changes, and the part of it that belongs to one kind."""
