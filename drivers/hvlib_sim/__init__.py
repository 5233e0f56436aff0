"""hvlib_sim: a simulated lab, embedded in the process; the reference for hvlib's driver contract.

``sim://`` is a lab of one's own with hosts, virtual machines, networks and storage; ``sim://NAME`` is shared by all in
the process that name it. Nothing is sent anywhere. `hvlib_sim.driver` has the options, `hvlib_sim.lab` the control of a
lab from within the process.

The lab is built as a server would be: sessions, a change log, tasks that take time (`lab`, `store`, `engine`, and the
operations in `power`, `hardware` and `lifecycle`). The driver in front of it reaches it only through calls that count
as round trips (`session`, `feed`, and a file for each kind).
"""
