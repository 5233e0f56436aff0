"""The kinds of a lab: a module for each, with its adapter and its table."""
