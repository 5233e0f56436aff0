"""hvlib's driver for Grove, by a third party."""
