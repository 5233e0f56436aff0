"""The command line ``hv``: a front on hvlib's public API. Its commands are entry points of the group ``hvlib.cli``."""
