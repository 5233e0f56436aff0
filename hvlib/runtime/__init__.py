"""The execution of calls: login, retry, listings, watches, tasks."""
