"""A driver whose answers a test writes down, to test core with them."""
