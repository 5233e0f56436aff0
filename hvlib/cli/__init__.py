"""The command line ``hv``: a front on hvlib's public API. Its commands come from tables and from entry points."""
