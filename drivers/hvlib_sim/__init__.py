"""hvlib_sim: a simulated lab, in memory or in a file; the reference driver for hvlib's driver contract.

``sim://`` is a new private lab with hosts, virtual machines, networks and storage. All sessions of a process that
connect to ``sim://NAME`` share a lab; all processes that open ``sim:///PATH`` share the lab in the file. Nothing is
sent over a network. `hvlib_sim.driver` documents the options, `hvlib_sim.lab.lab` controls a lab from its own process.

The package `lab` holds the lab itself, in the place of the server that other drivers have. The driver reaches the lab
only through `client`, in calls that count as round trips.
"""
