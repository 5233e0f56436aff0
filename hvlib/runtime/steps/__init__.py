"""Steps: actions that take several requests, which this process carries out."""
