"""The servers that the tests talk to, and `run`, which starts one for a command.

They need nothing but Python's standard library (and Go, where a server is written in it; OpenStack installs itself), so
that they run before anything is installed. Tests use the same classes: ``from servers.vcsim import Vcsim``.
"""
