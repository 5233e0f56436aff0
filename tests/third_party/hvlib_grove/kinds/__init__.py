"""Grove's kinds: a module for each, with its adapter and its table."""
