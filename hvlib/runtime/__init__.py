"""How calls are carried out: login, retry, listings, watches, tasks."""
