"""The simulated lab, built as a server would be: sessions, a change log, tasks that take time.

`lab` holds the sessions and counts the requests; `engine`, `agenda`, `power`, `hardware` and `lifecycle` carry out
operations over time; `store` and `objects` hold the inventory. A store has two forms: in memory (`memory_store`), and
in a SQLite file (`sqlite_file`, `file_store`, `file_agenda`, `file_sessions`, `file_lab`), which `lab_creation` makes.
"""
