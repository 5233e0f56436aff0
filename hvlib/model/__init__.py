"""What is passed around: errors, refs, records, actions, queries. It imports nothing else of hvlib."""
