"""The command line ``hv``, built on hvlib's public API. Its commands come from tables and from entry points."""
