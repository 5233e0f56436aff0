"""Steps: actions that take several requests, carried out by this process."""
