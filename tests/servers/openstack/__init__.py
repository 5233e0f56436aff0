"""OpenStack: the real services, on one machine, without root or a message broker.

The runner needs the standard library only. What is in `services` runs in the services' own virtual environment.
"""
