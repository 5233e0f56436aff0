"""Watching: the feed of events, its source, its cursors, and the changes of each kind."""
