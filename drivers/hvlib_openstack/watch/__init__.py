"""The watch of a region: a feed, and what it does for each kind."""
