"""hvlib_sim: a simulated lab, in the process or in a file; the reference for hvlib's driver contract.

``sim://`` is a lab of one's own with hosts, virtual machines, networks and storage; ``sim://NAME`` is shared by all in
the process that name it, ``sim:///PATH`` by all processes that open the file. Nothing is sent anywhere.
`hvlib_sim.driver` has the options, `hvlib_sim.lab.lab` the control of a lab from within the process.

`lab` holds the lab itself, which stands where other drivers have a server. The driver in front of it reaches it through
`client` alone, in calls that count as round trips.
"""
