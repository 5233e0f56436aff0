"""The simulated lab, built as a server would be: sessions, a change log, tasks that take time.

`lab` is who is logged in and what was asked for; `engine`, `agenda`, `power`, `hardware` and `lifecycle` are what
happens over time; `store` and `objects` are what there is. A store has two forms: in memory (`memory_store`), and in a
SQLite file (`sqlite_file`, `file_store`, `file_agenda`, `file_sessions`, `file_lab`), which `lab_creation` makes.
"""
