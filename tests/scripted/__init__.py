"""A driver whose every answer a test writes down, to see what core makes of it."""
