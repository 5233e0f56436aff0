"""The data types of hvlib: errors, refs, records, actions, queries. This package imports nothing else of hvlib."""
