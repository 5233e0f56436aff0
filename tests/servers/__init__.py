"""The servers that the tests talk to, and `run`, which starts one for a command.

They need only Python's standard library, so that they run before anything is installed. Two servers need more: vcsim
needs Go, and OpenStack installs what it needs. Tests use the same classes: ``from servers.vcsim import Vcsim``.
"""
