"""Watching: the feed of events, and what it reads them into."""
