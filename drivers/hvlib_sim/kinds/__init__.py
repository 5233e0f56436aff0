"""The kinds of a lab: an adapter and its table each."""
