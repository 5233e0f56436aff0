"""OpenStack: the real services, on one machine, without root or a message broker.

The modules here need only the standard library. The modules of `services` run in the services' own virtual environment.
"""
