"""The kinds that Grove has: an adapter and its table each."""
