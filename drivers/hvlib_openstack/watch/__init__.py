"""The watch of a region: a feed, and a watcher for each kind."""
