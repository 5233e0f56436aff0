"""hvlib_sim: a simulated lab, in the process or in a file; the reference for hvlib's driver contract.

``sim://`` is a lab of one's own with hosts, virtual machines, networks and storage; ``sim://NAME`` is shared by all in
the process that name it, ``sim:///PATH`` by all processes that open the file. Nothing is sent anywhere.
`hvlib_sim.driver` has the options, `hvlib_sim.lab` the control of a lab from within the process.

The lab is built as a server would be: sessions, a change log, tasks that take time (`lab`, `store`, `agenda`, `engine`,
and the operations in `power`, `hardware` and `lifecycle`). What it keeps has two forms: in memory (`memory_store`), and
in SQLite (`lab_file`, `file_store`, `file_agenda`, `file_sessions`, `file_lab`; `creation` makes one). The driver in
front of it reaches it only through calls that count as round trips (`session`, `feed`, and a file for each kind).
"""
